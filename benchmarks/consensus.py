"""Consensus: accuracy beside majority vote on recorded crowds, and speed beside crowd-kit.

Run `python -m benchmarks.consensus [--data FOLDER] [--answers N]`. The recorded sets are not part of the project
(several may not be redistributed): without the folder that table is skipped, and without crowd-kit the ratio.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from console import answers_csv
from sync.agreement import alpha
from sync.arrays import FloatArray, label_counts
from sync.consensus import fit
from sync.dawid_skene import dawid_skene
from sync.majority import majority
from sync.observations import Observations, observe
from sync.performance import performance

DATA = Path(__file__).parents[2] / "shared" / "data" / "crowd"
"""Where the recorded sets are beside the project: one folder each, with answers.csv and gold.csv."""


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with one folder a set")
    parser.add_argument("--answers", type=int, default=1_000_000, help="size of the synthetic crowd")
    options = parser.parse_args()
    if options.data.is_dir():
        accuracy_table(options.data)
    else:
        print(f"Accuracy skipped: no recorded answers at {options.data}.")
    speed_table(options.answers)


def accuracy_table(data: Path) -> None:
    """Accuracy of majority vote, plain Dawid-Skene and the consensus; calibration error of its probability."""
    print(f"\n{'set':12} {'tasks':>6} {'people':>6} {'answers':>7} {'labels':>6} | {'majority':>8} {'Dawid-Skene':>11} "
          f"{'consensus':>9} {'gain':>6} {'ECE %':>6} {'alpha':>6}")
    rows = []
    for folder in sorted(path for path in data.iterdir() if (path / "gold.csv").exists()):
        seen = answers_csv.read(folder / "answers.csv").observations
        gold = _gold(folder / "gold.csv", seen)
        arrays, sizes = (seen.task, seen.annotator, seen.label), _sizes(seen)
        found = fit(*arrays, **sizes)
        votes = majority(seen.task, seen.label, tasks=sizes["tasks"], labels=sizes["labels"])
        scores = [_accuracy(votes, gold), _accuracy(dawid_skene(*arrays, **sizes), gold),
                  _accuracy(found.posterior, gold)]
        row = [*scores, scores[2] - scores[0], _calibration_error(found.probability, gold),
               alpha(label_counts(seen.task, seen.label, sizes["tasks"], sizes["labels"])).value]
        rows.append(row)
        print(f"{folder.name:12} {sizes['tasks']:6} {sizes['annotators']:6} {len(seen.task):7} {sizes['labels']:6} | "
              "{:8.2f} {:11.2f} {:9.2f} {:+6.2f} {:6.1f} {:6.3f}".format(*row))
    print(f"{'mean':41} | " + "{:8.2f} {:11.2f} {:9.2f} {:+6.2f} {:6.1f} {:6.3f}".format(*np.mean(rows, axis=0)))
    print(f"{'worst gain over majority vote':41} | {'':30} {min(row[3] for row in rows):+6.2f}")


def speed_table(answers: int) -> None:
    """Seconds for a synthetic crowd: five answers a task, 5,000 people of very unequal diligence, five labels."""
    seen = synthetic(answers)
    arrays, sizes = (seen.task, seen.annotator, seen.label), _sizes(seen)
    print(f"\n{len(seen.task):,} answers, {sizes['tasks']:,} tasks, {sizes['annotators']:,} people, 5 labels: seconds")
    found = _timed("consensus to convergence", lambda: fit(*arrays, **sizes))
    print(f"{'  iterations':38} {found.iterations:8}")
    _timed("performance with intervals", lambda: performance(*arrays, found, annotators=sizes["annotators"]))
    votes = label_counts(seen.task, seen.label, sizes["tasks"], sizes["labels"])
    _timed("alpha, 1,000 replicates", lambda: alpha(votes))
    ours = perf_counter()
    _timed("plain Dawid-Skene, 10 iterations", lambda: dawid_skene(*arrays, **sizes, iterations=10, tolerance=0))
    ours = perf_counter() - ours
    try:
        from crowdkit.aggregation import DawidSkene  # type: ignore[import-not-found]
        from pandas import DataFrame
    except ImportError as missing:
        print(f"Ratio to crowd-kit skipped: {missing}.")
        return
    frame = DataFrame({"task": seen.task, "worker": seen.annotator, "label": seen.label})
    theirs = perf_counter()
    _timed("crowd-kit Dawid-Skene, 10 iterations", lambda: DawidSkene(n_iter=10, tol=-1e9).fit(frame))
    print(f"{'  times faster than crowd-kit':38} {(perf_counter() - theirs) / ours:8.1f}")


def synthetic(answers: int, people: int = 5_000, labels: int = 5) -> Observations:
    """A crowd whose members are right 40 to 95 % of the time; who answers follows Zipf's law."""
    rng = np.random.default_rng(0)
    tasks = max(answers // 5, 1)
    truth = rng.integers(0, labels, tasks)
    share = 1 / np.arange(1, people + 1)
    pairs = np.unique(np.stack([np.repeat(np.arange(tasks), 5), rng.choice(people, 5 * tasks, p=share / share.sum())]),
                      axis=1)
    right = rng.random(pairs.shape[1]) < rng.uniform(0.4, 0.95, people)[pairs[1]]
    label = np.where(right, truth[pairs[0]], rng.integers(0, labels, pairs.shape[1]))
    return observe(pairs[0].tolist(), pairs[1].tolist(), [f"l{one}" for one in label])


def _timed(what: str, run: Callable[[], Any]) -> Any:
    started = perf_counter()
    result = run()
    print(f"{what:38} {perf_counter() - started:8.2f}")
    return result


def _sizes(seen: Observations) -> dict[str, int]:
    return {"tasks": len(seen.tasks), "annotators": len(seen.annotators), "labels": len(seen.labels)}


def _gold(path: Path, seen: Observations) -> list[int | None]:
    with path.open(newline="") as file:
        gold = {row["task"]: row["label"] for row in csv.DictReader(file)}
    place = {label: at for at, label in enumerate(seen.labels)}
    return [place.get(gold[task], -1) if task in gold else None for task in seen.tasks]


def _accuracy(chances: FloatArray, gold: list[int | None]) -> float:
    """Percent right where gold is known; a tie counts in part."""
    best = np.isclose(chances, chances.max(1, keepdims=True), atol=1e-12)
    return 100 * float(np.mean([row[label] / row.sum() if label >= 0 else 0.0
                                for row, label in zip(best, gold, strict=True) if label is not None]))


def _calibration_error(probability: FloatArray, gold: list[int | None]) -> float:
    """Expected calibration error over ten equal bins, in percent."""
    pairs = [(row.max(), row.argmax() == label) for row, label in zip(probability, gold, strict=True)
             if label is not None]
    told, hit = (np.array(column, float) for column in zip(*pairs, strict=True))
    bins = np.minimum((told * 10).astype(int), 9)
    return 100 * float(sum(abs((told - hit)[bins == b].sum()) for b in range(10)) / len(told))


if __name__ == "__main__":
    main()
