"""Random equal overlap: every task gets one more answer, of anybody, before any task gets the next one."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from routing.replay.policy import Visible
from sync.arrays import IntArray


class Uniform:
    """The baseline, and how most projects work: it looks at no answer."""

    def next(self, seen: Visible, rng: np.random.Generator) -> IntArray:
        """One more answer to each task that has the fewest, of those that have any left; see `Policy`."""
        return one_each(seen, seen.open, rng)


def one_each(seen: Visible, among: NDArray[np.bool_], rng: np.random.Generator) -> IntArray:
    """Places of one answer of anybody to each task that has the fewest, in random order, only those `among` (N,).

    Where the cap leaves nobody for a task it waits until the others had theirs; where it leaves nobody at all, one
    answer is taken nevertheless.
    """
    load, answers = seen.load, np.bincount(seen.task[seen.revealed], minlength=seen.tasks)
    people: dict[int, list[int]] = defaultdict(list)
    for place in rng.permutation(np.flatnonzero(among)).tolist():
        people[int(seen.task[place])].append(place)
    fewest = min(answers[task] for task in people)
    wanted: list[int] = []
    for task in sorted(people, key=lambda one: answers[one]):      # stable: otherwise in random order
        if answers[task] > fewest and wanted:
            break
        found = next((place for place in people[task] if load.under(int(seen.annotator[place]))), None)
        if found is not None:
            wanted.append(found)
            load.take(int(seen.annotator[found]))
    return np.array(wanted or next(iter(people.values()))[:1], np.int64)
