"""Krippendorff's alpha beside the package `krippendorff`: 100,000 tasks x 50 annotators, all answered.

Run `python -m benchmarks.agreement [--tasks N] [--people N]`. Goal: with an interval of 1,000 replicates, from five
million answers, in 2 s; the package gives the value alone.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.measure import least, verdict
from sync.agreement import alpha
from sync.arrays import label_counts

GOAL_SECONDS = 2.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=50)
    options = parser.parse_args()
    run(options.tasks, options.people)


def run(tasks: int, people: int, labels: int = 5) -> bool:
    """One comparison; whether the goal is met."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, labels, tasks)
    answers = np.where(rng.random((people, tasks)) < 0.7, truth, rng.integers(0, labels, (people, tasks)))
    task, label = np.tile(np.arange(tasks), people), answers.ravel()
    print(f"\nAlpha of {tasks:,} tasks x {people} annotators, {labels} labels: {len(task):,} answers")
    seconds, found = least(lambda: alpha(label_counts(task, label, tasks, labels)))
    met = verdict("with 1,000 replicates, processor time", seconds, GOAL_SECONDS, "s")
    bare, _ = least(lambda: alpha(label_counts(task, label, tasks, labels), replicates=2))
    print(f"  {'almost without an interval':42} {bare:8.2f} s")
    try:
        import krippendorff
    except ImportError as missing:
        print(f"  The package skipped: {missing}.")
        return met
    table = answers.astype(np.float64)
    peer, value = least(lambda: krippendorff.alpha(reliability_data=table, level_of_measurement="nominal"), 2)
    print(f"  {'krippendorff, the value alone':42} {peer:8.2f} s")
    print(f"  {'difference of the values':42} {abs(value - (found.value or 0)):.1e}")
    return met


if __name__ == "__main__":
    main()
