"""The next task for one free annotator among many open tasks: processor time of each decision.

Run `python -m benchmarks.next_task [--tasks N] [--labels K]`. Each decision is followed by what it changes: the task's
belief is updated. Goal: 5 ms with 100,000 open.
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np

from benchmarks.measure import verdict
from routing.choosing.online import OpenTasks

GOAL_MILLISECONDS = 5.0


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--labels", type=int, nargs="+", default=[3, 5])
    parser.add_argument("--decisions", type=int, default=300)
    options = parser.parse_args()
    for labels in options.labels:
        run(options.tasks, labels, options.decisions)


def run(size: int, labels: int, decisions: int) -> bool:
    """One number of labels; whether the goal is met."""
    random = np.random.default_rng(0)
    tasks = OpenTasks(labels)
    for key, belief in enumerate(random.dirichlet(np.full(labels, 0.5), size)):
        tasks.put(key, belief, float(random.random() / 10))
    people = random.dirichlet(np.ones(labels), (50, labels)) * 0.4 + np.eye(labels) * 0.6
    took = []
    for turn in range(decisions):
        began = process_time()
        found = tasks.next(people[turn % 50], never=range(turn))
        assert found is not None
        tasks.put(found[0], random.dirichlet(np.full(labels, 0.2)))
        took.append(1e3 * (process_time() - began))
    print(f"\n{size:,} open tasks, {labels} labels, {decisions} decisions")
    print(f"  {'median':42} {float(np.median(took)):8.2f} ms")
    return verdict("95 % of the decisions within", float(np.quantile(took, 0.95)), GOAL_MILLISECONDS, "ms")


if __name__ == "__main__":
    main()
