"""Accuracy on ground truth: answers to tasks whose label somebody else has declared.

What counts: own answers (no edits of others') to a task with a ground truth that is not this answer itself, and on
which no suggestion is known to have been on screen. Whether the task was already gold when the answer was given is
not known here, and does not matter, as long as the truth was not chosen because of that answer. That is why tasks which
somebody was asked to decide do not count: they are the disputed ones, chosen because of the answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.observations import Observations
from sync.scorecard.judged import counted
from sync.scorecard.rates import clopper_pearson, lower_bound


@dataclass(frozen=True, slots=True)
class Gold:
    """Of W annotators, each (W,): gold tasks `answered`, how many `right`, share and exact interval; NaN: none."""

    answered: IntArray
    right: IntArray
    accuracy: FloatArray
    low: FloatArray
    high: FloatArray

    def at_least(self, level: float = 0.95) -> FloatArray:
        """Accuracy on gold is at least so high, at this level (exact, one-sided): what rules decide on. (W,)"""
        return lower_bound(self.right, self.answered, level)


def gold(seen: Observations) -> Gold:
    """Accuracy of each annotator on ground truth, with the exact interval of Clopper and Pearson."""
    row = counted(seen)
    declared = (seen.pinned >= 0) & np.array([task not in seen.decided for task in seen.tasks], bool)
    row = row[declared[seen.task[row]] & (seen.seen[row] != 1)]
    annotator, people = seen.annotator[row], len(seen.annotators)
    answered = np.bincount(annotator, minlength=people)
    right = np.bincount(annotator, seen.label[row] == seen.pinned[seen.task[row]], people).astype(int)
    low, high = clopper_pearson(right, answered)
    share = np.where(answered > 0, right / np.maximum(answered, 1), np.nan)
    return Gold(answered, right, share, low, np.where(answered > 0, high, 1.0))
