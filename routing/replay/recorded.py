"""Recorded answers as arrays: who could be asked about what, and what they would have said."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from sync.arrays import IntArray
from sync.observations import Observations


@dataclass(frozen=True, slots=True)
class Recorded:
    """N answers, one for each pair of task and annotator, as indices into the names of T, W and K.

    A place is the position of an answer in these arrays: policies and reveals speak of places.
    """

    task: IntArray
    annotator: IntArray
    label: IntArray
    tasks: tuple[Hashable, ...]
    annotators: tuple[Hashable, ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        """Answers recorded."""
        return len(self.task)

    @property
    def sizes(self) -> dict[str, int]:
        """Keyword arguments of what works on the arrays."""
        return {"tasks": len(self.tasks), "annotators": len(self.annotators), "labels": len(self.labels)}

    def observed(self, places: IntArray) -> Observations:
        """Only the answers at these places, as consensus and everything after it see answers; names stay as here."""
        size = len(places)
        unknown = np.full(size, -1)
        return Observations(
            self.task[places], self.annotator[places], self.label[places], np.full(size, np.nan),
            np.zeros(size, bool), np.full(len(self.tasks), -1), self.tasks, self.annotators, self.labels,
            review=np.zeros(size, bool), at=np.full(size, np.nan), seen=unknown, guideline=unknown)


def of_observations(seen: Observations) -> Recorded:
    """The answers that people gave when they were asked.

    Left out are answers declared to be the ground truth, which a policy must not see, and reviews, which nobody can
    be asked for before there is something to review. Tasks and people without any other answer go with them. Answers
    stand in the order of task and person, whatever their order in the file was, and so does every draw.
    """
    keep = np.flatnonzero(~seen.truth & ~seen.review)
    task, tasks = _in_use(seen.task[keep], seen.tasks)
    annotator, annotators = _in_use(seen.annotator[keep], seen.annotators)
    order = np.lexsort((annotator, task))
    return Recorded(task[order], annotator[order], seen.label[keep][order], tasks, annotators, seen.labels)


def _in_use(index: IntArray, names: tuple[Hashable, ...]) -> tuple[IntArray, tuple[Hashable, ...]]:
    """Indices into only those names that are used, in the names' own order."""
    used, place = np.unique(index, return_inverse=True)
    by_name = sorted(range(len(used)), key=lambda at: str(names[used[at]]))
    rank = np.empty(len(used), np.int64)
    rank[by_name] = np.arange(len(used))
    return rank[place], tuple(names[used[at]] for at in by_name)
