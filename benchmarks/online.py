"""One more annotation: how long its task's consensus takes, and how near a full run it comes.

Run `python -m benchmarks.online [--answers N] [--stream N]`. A crowd is fitted without its last answers; these then
come one by one, each updating its task at once. Goal: 1 ms an answer at any size; at least 98 % of the updated tasks
with the label that a full run over everything gives.
"""

from __future__ import annotations

import argparse
from time import process_time

import numpy as np

from benchmarks.crowd import Crowd, simulated
from benchmarks.measure import verdict
from sync import online
from sync.consensus import fit

GOAL_MILLISECONDS, GOAL_SAME = 1.0, 98.0


def main() -> None:
    """Print one table for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--stream", type=int, default=2_000, help="answers that come one by one, at most a tenth")
    options = parser.parse_args()
    for answers in options.answers:
        run(simulated(answers, min(1_000, answers // 50)), min(options.stream, answers // 10))


def run(crowd: Crowd, stream: int) -> bool:
    """Stream the last `stream` answers, in a random order of all; whether the goals are met."""
    order = np.random.default_rng(3).permutation(len(crowd.task))
    task, annotator, label = (column[order] for column in crowd.arrays)
    first = len(task) - stream
    before = fit(task[:first], annotator[:first], label[:first], **crowd.sizes)
    answers: dict[int, tuple[list[int], list[int]]] = {int(t): ([], []) for t in task[first:]}
    for at in np.flatnonzero(np.isin(task[:first], task[first:])):
        _add(answers, int(task[at]), int(annotator[at]), int(label[at]))
    known = online.known(before.prior, before.pooled, before.confusion, before.counts)
    took, told, updated = [], {}, {}
    for one, who, what in zip(task[first:].tolist(), annotator[first:].tolist(), label[first:].tolist(), strict=True):
        began = process_time()
        people, given = _add(answers, one, who, what)
        updated[one], told[one] = online.posterior(known, np.array(people), np.array(given))
        took.append(process_time() - began)
    after = fit(task, annotator, label, **crowd.sizes)
    same = 100 * float(np.mean([row.argmax() == after.posterior[t].argmax() for t, row in updated.items()]))
    apart = float(np.mean([np.abs(row - after.probability[t]).max() for t, row in told.items()]))
    print(f"\nOne answer after another: {stream:,} after {first:,} of {crowd.annotators:,} people")
    milliseconds = np.array(took) * 1e3
    met = [verdict("median update", float(np.median(milliseconds)), GOAL_MILLISECONDS, "ms")]
    print(f"  {'99 % of the updates within':42} {np.quantile(milliseconds, 0.99):8.2f} ms")
    met.append(verdict("tasks with the label of a full run", same, GOAL_SAME, "%", at_least=True))
    print(f"  {'mean difference of their probability':42} {apart:8.4f}")
    return all(met)


def _add(answers: dict[int, tuple[list[int], list[int]]], task: int, annotator: int, label: int,
         ) -> tuple[list[int], list[int]]:
    people, given = answers[task]
    people.append(annotator)
    given.append(label)
    return people, given


if __name__ == "__main__":
    main()
