"""Gate and watch: how often a good version is refused or taken back, how soon a bad one is seen.

Run `python -m benchmarks.judging [--runs N] [--quick]`. Two versions with so many errors each are drawn so often, half
of the errors the same, and put to the gate's comparison with all labels protected, or to the watch, which looks after
every single blind audit.
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import verdict
from ml_backend.judging import segments
from ml_backend.judging.alarm import Counts, looks
from ml_backend.judging.comparison import compare
from ml_backend.judging.sides import Sides
from ml_backend.policy.policy import Rollback

AUDITS = 1_000
"""Blind audits in the life of a version."""
Marks = NDArray[np.bool_]


def errors(rng: np.random.Generator, new: float, old: float, count: int) -> tuple[Marks, Marks]:
    """Which of the tasks each of two versions has wrong; half of the smaller share is wrong in both."""
    shared = min(new, old) / 2
    common = rng.random(count) < shared
    own = [rng.random(count) < (share - shared) / (1 - shared) for share in (new, old)]
    return common | own[0], common | own[1]


def refused(rng: np.random.Generator, labels: int, tasks: int, new: float, old: float) -> tuple[bool, bool]:
    """What the gate says of a challenger: by the comparison; by that or by a protected label."""
    truth, wrong = rng.integers(0, labels, tasks), errors(rng, new, old, tasks)
    said = [_said(rng, truth, one, labels) for one in wrong]
    sides = Sides("topic", tuple(map(str, range(labels))), (), truth, said[0], said[1], "held out")
    overall = not compare("topic", "the champion", said[0], said[1], truth).no_worse
    return overall, overall or bool(segments.labels(sides, {"*": 0.0})[0])


def rings(rng: np.random.Generator, new: float, old: float, audits: int, before: int = 0) -> int | None:
    """Audit after which a version is taken back; None: never. `before`: audits of the version before, where it said
    nothing of the tasks since; else it predicted all of them."""
    mine, theirs = errors(rng, new, old, audits)
    past = int((rng.random(before) < old).sum())
    zero = np.zeros(audits, np.int64)
    columns = ([zero, zero, zero, zero, np.arange(1, audits + 1), mine.cumsum()] if before else
               [np.arange(1, audits + 1), (mine & ~theirs).cumsum(), (theirs & ~mine).cumsum(), mine.cumsum(), zero,
                zero])
    for both, lost, won, wrong, alone, alone_wrong in np.stack(columns, axis=1).tolist():
        counts = Counts("topic", both, lost, won, wrong, alone, alone_wrong, before, past)
        if any(look.rings for look in looks([counts], Rollback())):
            return int(both or alone)
    return None


def _said(rng: np.random.Generator, truth: NDArray[np.int64], wrong: Marks, labels: int) -> NDArray[np.float64]:
    label = np.where(wrong, (truth + rng.integers(1, labels, len(truth))) % labels, truth)
    score = rng.beta(8, 2, len(truth)) * (1 - 1 / labels) + 1 / labels
    found = np.repeat(((1 - score) / (labels - 1))[:, None], labels, axis=1)
    found[np.arange(len(truth)), label] = score
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="60 runs")
    given = parser.parse_args()
    given.runs = 60 if given.quick else given.runs
    began, rng, worst = process_time(), np.random.default_rng(0), 0.0
    print("gate: share of challengers refused (overall / all labels protected, too), the champion errs in 20 %")
    print(f"  {'held-out tasks, labels':24} {'as good':>16} {'5 points worse':>16} {'10 points':>16} {'20 points':>16}")
    for tasks, labels in ((30, 3), (100, 3), (300, 5), (1_000, 50)):
        told = []
        for worse in (0.0, 0.05, 0.10, 0.20):
            shares = np.mean([refused(rng, labels, tasks, 0.2 + worse, 0.2) for _ in range(given.runs)], axis=0)
            worst = max(worst, float(shares[1])) if not worse else worst
            told.append(f"{100 * shares[0]:.0f} / {100 * shares[1]:.0f} %")
        print(f"  {f'{tasks}, {labels}':24} " + " ".join(f"{one:>16}" for one in told))
    verdict("as good and refused, worst", 100 * worst, 20.0, "%")
    print(f"\nwatch, looked at after each of {AUDITS} audits: taken back, and after how many audits (median)")
    false = 0.0
    for name, before in (("both predicted them", 0), ("only the new one, 200 audits before", 200)):
        for old, new in ((0.1, 0.1), (0.1, 0.15), (0.1, 0.2), (0.1, 0.3), (0.05, 0.4)):
            found = [rings(rng, new, old, AUDITS, before) for _ in range(given.runs // 2)]
            share = float(np.mean([one is not None for one in found]))
            false = max(false, share) if old == new else false
            after = f"{np.median([one or AUDITS for one in found]):.0f}" if share > 0.5 else "-"
            print(f"  {name:38} {old:.0%} to {new:.0%} wrong: {100 * share:5.1f} %, {after}")
    verdict("no worse and taken back, worst", 100 * false, 5.0, "%")
    print(f"  {process_time() - began:.0f} s of processor time")


if __name__ == "__main__":
    main()
