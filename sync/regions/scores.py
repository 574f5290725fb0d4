"""How good each annotator's regions are, against the consensus of the others: nobody vouches for themself.

An annotator's region is right when, by everybody else's votes, something is there, of that label, and the place that
the others give it overlaps theirs by half or more (IoU 0.5). Tasks in which nobody else looked say nothing. What
everybody missed counts against no one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.regions.belief import Belief
from sync.regions.votes import Votes


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of each of C votes: whether it counts (`judged`: independent, and somebody else looked), whether the others
    say that something is there (`there`), whether the annotator marked it (`marked`), and whether that is right
    in place and label (`right`)."""

    judged: NDArray[np.bool_]
    there: NDArray[np.bool_]
    marked: NDArray[np.bool_]
    right: NDArray[np.bool_]


def judgement(votes: Votes, belief: Belief, overlap: FloatArray, threshold: float) -> Judgement:
    """`overlap` (R,) is each region's IoU with the others' place of its group, 0 where there are no others."""
    lookers = np.bincount(votes.group, votes.independent, votes.groups)
    judged = votes.independent & ((lookers[votes.group] > 1) | (votes.pinned[votes.group] >= 0))
    there = belief.others >= 0.5 - 1e-9
    marked = votes.region >= 0
    near = np.zeros(len(marked), bool)
    near[marked] = overlap[votes.region[marked]] >= threshold
    return Judgement(judged, there, marked, judged & there & near & (votes.label == belief.others_label))


def f1(sums: FloatArray) -> FloatArray:
    """F1 from columns (right, marked, there): NaN where nothing was marked and nothing is there."""
    right, marked, there = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * right / (marked + there))


def per_task(votes: Votes, judged: Judgement, tasks: int) -> tuple[IntArray, IntArray, FloatArray]:
    """(annotator, task, (right, marked, there)) of every answer that has something to judge."""
    at = np.flatnonzero(judged.judged & (judged.marked | judged.there))
    key = votes.annotator[at] * tasks + votes.task[votes.group[at]]
    keys, place = np.unique(key, return_inverse=True)
    sums = np.stack([np.bincount(place, column[at], len(keys)) for column in
                     (judged.right, judged.marked, judged.there)], axis=1)
    annotator, task = np.divmod(keys, max(tasks, 1))
    return annotator, task, sums.astype(np.float64)
