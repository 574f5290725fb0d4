"""How good each annotator's regions are, judged by the others: nobody vouches for themself.

Of every group of regions it is asked how likely something of the annotator's label is there. The answer is mixed of
the model's posterior, in which their own vote weighs no more than what the model has learned of them, and of the
plain vote of the others (`PLAIN`). The others' vote alone would be too harsh, since they err, too: with two or three
annotators a task F1 comes out 11 to 22 points too low in simulations. The model alone is right there, but ranks a
real crowd worse, and puts it 4 points too high, as people err together. A region also has to overlap the others'
place of its group by half (IoU 0.5). Tasks in which nobody else looked say nothing. What everybody missed counts
against no one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.regions.belief import Belief
from sync.regions.votes import Votes

PLAIN = 0.2
"""Share of the others' plain vote. Of 0, .1, .2 and .3 this one has no bias on a real crowd (entities in tweets, five
people each); in simulations F1 comes out 3 to 7 points too low, and intervals cover the truth."""

_BLOCK = 2_000_000


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of each of C votes: whether it counts (`judged`: independent, and somebody else looked), how likely something
    is there (`there`), whether the annotator marked it, how likely that is `right`, and how likely it would be in
    another place (`misplaced`). `counts` (W, K + 1, K + 1) are expected numbers of votes (columns) on what is there
    (rows), the last being nothing; None where labels were decided by vote. `most_right`, `most_there`: the same by the
    model alone, for the upper end of intervals."""

    judged: NDArray[np.bool_]
    there: FloatArray
    marked: NDArray[np.bool_]
    right: FloatArray
    misplaced: FloatArray
    counts: FloatArray | None
    most_right: FloatArray
    most_there: FloatArray


def judgement(votes: Votes, belief: Belief, near: NDArray[np.bool_], annotators: int) -> Judgement:
    """`near` (R,) says whether a region is where the others have it, true if there are no others."""
    lookers = np.bincount(votes.group, votes.independent, votes.groups)
    judged = votes.independent & ((lookers[votes.group] > 1) | (votes.pinned[votes.group] >= 0))
    marked = votes.region >= 0
    whole = belief.posterior.shape[1] == votes.nothing + 1
    said = votes.label if whole else (votes.label == votes.nothing).astype(np.int64)
    there, right, counts = _credited(votes, belief, said, judged, annotators)
    if not whole:
        right = right * ((votes.label == belief.others_label) | ~marked)
    right = np.clip(right * marked, 0, 1)
    placed = np.ones(len(marked), bool)
    placed[marked] = near[votes.region[marked]]
    alone = belief.posterior[votes.group]
    most = alone[np.arange(len(said)), said] * (right > 0) * placed
    return Judgement(judged, np.clip(there, 0, 1), marked, right * placed, right * ~placed, counts if whole else None,
                     most, 1 - alone[:, -1])


def _credited(votes: Votes, belief: Belief, said: IntArray, judged: NDArray[np.bool_],
              annotators: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(chance that something is there, chance that it is what was said, expected counts) of each vote."""
    labels = belief.posterior.shape[1]
    size = len(said)
    others = np.zeros((votes.groups, labels))
    np.add.at(others, (votes.group[votes.independent], said[votes.independent]), 1.0)
    there, right = np.empty(size), np.empty(size)
    counts = np.zeros((annotators * labels, labels))
    known = votes.pinned[votes.group] >= 0
    for at in range(0, size, max(_BLOCK // labels, 1)):
        part = np.arange(at, min(at + max(_BLOCK // labels, 1), size))
        plain = others[votes.group[part]]
        plain[np.arange(len(part)), said[part]] -= votes.independent[part]
        plain /= np.maximum(plain.sum(1, keepdims=True), 1.0)
        chance = (1 - PLAIN) * belief.posterior[votes.group[part]] + PLAIN * plain
        sure = known[part]
        chance[sure] = belief.posterior[votes.group[part[sure]]]
        there[part], right[part] = 1 - chance[:, -1], chance[np.arange(len(part)), said[part]]
        use = judged[part]
        np.add.at(counts, votes.annotator[part[use]] * labels + said[part[use]], chance[use])
    return there, right, counts.reshape(annotators, labels, labels).transpose(0, 2, 1)


def f1(sums: FloatArray) -> FloatArray:
    """F1 from columns (right, marked, there): NaN where nothing was marked and nothing is there."""
    right, marked, there = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * right / (marked + there))


def per_task(votes: Votes, judged: Judgement, tasks: int) -> tuple[IntArray, FloatArray]:
    """(annotator, columns) of every answer that has something to judge, sorted by annotator.

    Columns: right, marked, there; and right, marked, there by the model alone.
    """
    at = np.flatnonzero(judged.judged)
    key = votes.annotator[at] * tasks + votes.task[votes.group[at]]
    keys, place = np.unique(key, return_inverse=True)
    sums = np.stack([np.bincount(place, column[at], len(keys)) for column in
                     (judged.right, judged.marked, judged.there, judged.most_right, judged.marked, judged.most_there)],
                    axis=1)
    return keys // max(tasks, 1), sums.astype(np.float64)
