"""Very many labels: existence by the model, the label by the weighted vote of those who marked something.

A vote weighs as much as its annotator is likely to notice what is there. Half a vote is kept back for labels that
nobody gave, so that one vote alone is not certain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.regions.votes import Votes

KEPT_BACK = 0.5
"""Votes' worth of doubt about the label of a group."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Weights of labels in G groups: the first and second label of each with their weights, 0 and -1 where there is
    none; the `total` of all; and `own` (C,), the weight of every vote's label in its group, that vote included."""

    first: IntArray
    second: IntArray
    most: FloatArray
    next_most: FloatArray
    total: FloatArray
    own: FloatArray


def tally(votes: Votes, weight: FloatArray) -> Tally:
    """Count the votes (C,) by label, "nothing" left out; equal weights go to the label listed first."""
    at = np.flatnonzero(votes.label < votes.nothing)
    cells, place = np.unique(votes.group[at] * (votes.nothing + 1) + votes.label[at], return_inverse=True)
    worth = np.bincount(place, weight[at], len(cells)).round(12)
    group, label = np.divmod(cells, votes.nothing + 1)
    order = np.lexsort((label, -worth, group))
    marked, begin = np.unique(group[order], return_index=True)
    own = np.zeros(len(votes.group))
    own[at] = worth[place]
    names, weights = np.full((2, votes.groups), -1), np.zeros((2, votes.groups))
    for rank in (0, 1):
        there = begin + rank < np.append(begin[1:], len(order))
        chosen = order[begin[there] + rank]
        names[rank, marked[there]], weights[rank, marked[there]] = label[chosen], worth[chosen]
    total = np.bincount(group, worth, votes.groups).astype(np.float64)
    return Tally(names[0], names[1], weights[0], weights[1], total, own)


def named(votes: Votes, weight: FloatArray) -> tuple[IntArray, FloatArray]:
    """The label of each group by weighted vote (C,) and its share of all weight: (G,) each. Known labels hold."""
    found = tally(votes, weight)
    known = votes.pinned >= 0
    label = np.where(known & (votes.pinned < votes.nothing), votes.pinned, np.maximum(found.first, 0))
    return label, np.where(known, 1.0, found.most / (found.total + KEPT_BACK))


def named_by_others(votes: Votes, weight: FloatArray, label: IntArray) -> IntArray:
    """The label of its group by everybody else's votes, for every vote (C,): their own where nobody else marked
    anything or others are as much for it as for another. Known labels (in `label`) hold."""
    found = tally(votes, weight)
    group = votes.group
    leads = found.first[group] == votes.label
    rival = np.where(leads, found.second[group], found.first[group])
    against = np.where(leads, found.next_most[group], found.most[group])
    keep = (votes.label < votes.nothing) & (found.own - weight >= against - 1e-9)
    by_others = np.where(keep | (rival < 0), np.minimum(votes.label, votes.nothing - 1), rival)
    return np.where(votes.pinned[group] >= 0, label[group], by_others)
