"""Consensus on recorded crowds: accuracy beside majority vote and crowd-kit, calibration, agreement.

Run `python -m benchmarks.consensus [--data FOLDER] [--slow]`. Methods never see the gold. The recorded sets are not
part of the project: without the folder the tables are skipped, and without crowd-kit its columns. `--slow` runs
GLAD and MACE too. Goals: never 1.5 points under majority vote, calibration error under 5 %.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.measure import verdict
from benchmarks.peers import Peers, peers
from benchmarks.recorded import DATA, Recorded, accuracy, calibration_error, convabuse, with_gold
from sync.agreement import alpha
from sync.arrays import FloatArray, label_counts
from sync.consensus import fit
from sync.dawid_skene import dawid_skene
from sync.majority import majority

OURS = ("majority", "D-S", "consensus")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recorded sets")
    parser.add_argument("--slow", action="store_true", help="also GLAD and MACE, which take minutes")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"Accuracy skipped: no recorded answers at {options.data}.")
        return
    accuracy_table(options.data, peers(slow=options.slow))
    without_gold(options.data)


def accuracy_table(data: Path, others: Peers) -> None:
    """A row for each set with gold, a mean, and the goals."""
    heads = [*OURS, *(f"ck {name[:9]}" for name in others.methods), "gain", "ECE %", "alpha"]
    print(f"\n{'set':13} {'tasks':>6} {'people':>6} {'answers':>7} {'labels':>6} | "
          + " ".join(f"{head:>12}" for head in heads))
    rows, remarks = [], []
    for one in with_gold(data):
        row = _row(one, others)
        remarks += [one.remark] if one.remark else []
        sizes = one.sizes
        print(f"{one.name:13} {sizes['tasks']:6} {sizes['annotators']:6} {len(one.seen.task):7} {sizes['labels']:6} | "
              + " ".join(_cell(value) for value in row))
        if not one.remark:
            rows.append([np.nan if value is None else value for value in row])
    if rows:
        table = np.array(rows)
        print(f"{'mean of the independent sets':42} | " + " ".join(_cell(_mean(column)) for column in table.T))
        gain, error = table[:, -3], table[:, -2]
        verdict("worst gain over majority vote, points", float(gain.min()), -1.5, at_least=True)
        rivals = [at for at, head in enumerate(heads) if at != len(OURS) - 1 and at < len(heads) - 3]
        best = max(_mean(table[:, at]) or 0.0 for at in rivals)
        verdict("mean, over the best mean of any other", float(table[:, 2].mean() - best), 0.0, at_least=True)
        verdict("mean calibration error, %", float(error.mean()), 5.0)
    for line in [*remarks, *(f"{name} {reason}" for name, reason in others.reasons.items())]:
        print(f"  {line}")


def without_gold(data: Path) -> None:
    """How often a consensus of the others says what the one left out says, where there is no gold."""
    seen = convabuse(data)
    if seen is None:
        print("Agreement without gold skipped: convabuse_crowd is not there.")
        return
    sizes = {"tasks": len(seen.tasks), "annotators": len(seen.annotators), "labels": len(seen.labels)}
    found = alpha(label_counts(seen.task, seen.label, sizes["tasks"], sizes["labels"]))
    print(f"\nconvabuse (no gold): {sizes['tasks']:,} turns, {sizes['annotators']} experts, {len(seen.task):,} "
          f"answers; nominal alpha {found.value:.3f} [{found.low:.3f}, {found.high:.3f}]")
    hits: dict[str, list[float]] = {"majority": [], "consensus": []}
    for one in range(sizes["annotators"]):
        others = seen.annotator != one
        task, annotator, label = seen.task[others], seen.annotator[others], seen.label[others]
        asked = ~others & (np.bincount(task, minlength=sizes["tasks"]) > 0)[seen.task]
        said = {"majority": majority(task, label, tasks=sizes["tasks"], labels=sizes["labels"]),
                "consensus": fit(task, annotator, label, **sizes).posterior}
        for name, chances in said.items():
            own = np.full(sizes["tasks"], -2)
            own[seen.task[asked]] = seen.label[asked]
            hits[name].append(accuracy(chances, own))
    for name, shares in hits.items():
        print(f"  {f'{name} of the others = the one left out':46} {np.mean(shares):6.2f} % (mean of experts)")


def _row(one: Recorded, others: Peers) -> list[float | None]:
    sizes = one.sizes
    found = fit(*one.arrays, **sizes)
    votes = majority(one.seen.task, one.seen.label, tasks=sizes["tasks"], labels=sizes["labels"])
    chances: list[FloatArray | None] = [votes, dawid_skene(*one.arrays, **sizes), found.posterior]
    chances += [others.run(name, *one.arrays, sizes["tasks"], sizes["labels"]) for name in others.methods]
    scores = [None if each is None else accuracy(each, one.gold) for each in chances]
    gain = (scores[2] or 0.0) - (scores[0] or 0.0)
    agreed = alpha(label_counts(one.seen.task, one.seen.label, sizes["tasks"], sizes["labels"]))
    return [*scores, gain, calibration_error(found.probability, one.gold), agreed.value]


def _cell(value: float | None) -> str:
    return f"{'-':>12}" if value is None or np.isnan(value) else f"{value:12.2f}"


def _mean(column: FloatArray) -> float | None:
    known = column[~np.isnan(column)]
    return float(known.mean()) if len(known) == len(column) else None


if __name__ == "__main__":
    main()
