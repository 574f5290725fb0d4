"""The answers that agreement is measured on: each annotator's own, one for each task, on one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.agreement.table import Table, tabulate
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations

LARGEST = 1e100
"""No number may be larger: squares of differences must stay finite."""

_DENSE_PAIRS = 50_000_000
"""Up to so many pairs of task and annotator duplicates are looked for by counting, above by sorting."""


@dataclass(frozen=True, slots=True)
class Units:
    """N answers as indices of `tasks`, `annotators` and scale; `position` (K,) ascends, `names` (K,) are its labels.

    `names` is empty for numbers. `at`, `seen` and `guideline` are as in `Observations`.
    """

    task: IntArray
    annotator: IntArray
    label: IntArray
    tasks: int
    annotators: tuple[Any, ...]
    position: FloatArray
    names: tuple[str, ...]
    at: FloatArray
    seen: IntArray
    guideline: IntArray

    def table(self, keep: NDArray[np.bool_] | None = None) -> Table:
        """Counts per task and label, of some of the answers (N,) or all."""
        if keep is None:
            return tabulate(self.task, self.label, self.tasks, self.position)
        return tabulate(self.task[keep], self.label[keep], self.tasks, self.position)


def units(seen: Observations, numbers: FloatArray | None = None) -> Units:
    """Independent answers, without reviews (who edits an answer has seen it). `numbers` (N,) replace labels.

    Answers that were declared the ground truth stay, for all kinds: whoever gave them answered like everybody, and
    where a dispute is settled by a star, leaving the starred answer out would make the dispute one of agreement.
    NaN among the numbers is no answer. If an annotator answered a task twice the later row holds. Raises ValueError if
    there is not one number for each answer, or one is infinite or beyond `LARGEST`.
    """
    keep = ~np.asarray(seen.review, bool)
    if numbers is not None:
        numbers = np.asarray(numbers, np.float64)
        if numbers.shape != keep.shape:
            raise ValueError(f"there are {len(keep)} answers, but numbers of shape {numbers.shape}")
        if (np.abs(numbers) > LARGEST).any():
            raise ValueError(f"numbers must be finite and at most {LARGEST:g} in size; NaN means no answer")
        keep &= ~np.isnan(numbers)
    rows = _latest(seen, np.flatnonzero(keep))
    if numbers is None:
        label: IntArray = np.asarray(seen.label)[rows]
        position: FloatArray = np.arange(len(seen.labels), dtype=np.float64)
        names = seen.labels
    else:
        position, label = np.unique(numbers[rows], return_inverse=True)
        names = ()
    return Units(seen.task[rows], seen.annotator[rows], label, len(seen.tasks), seen.annotators, position, names,
                 seen.at[rows], seen.seen[rows], seen.guideline[rows])


def _latest(seen: Observations, rows: IntArray) -> IntArray:
    """The last of `rows` for each pair of task and annotator, in their order."""
    pairs = len(seen.tasks) * len(seen.annotators)
    key = np.asarray(seen.task, np.int64)[rows] * max(len(seen.annotators), 1) + seen.annotator[rows]
    if pairs <= max(_DENSE_PAIRS, len(rows)) and (not pairs or np.bincount(key, minlength=pairs).max() <= 1):
        return rows
    _, last = np.unique(key[::-1], return_index=True)
    return np.asarray(np.sort(rows[len(rows) - 1 - last]))
