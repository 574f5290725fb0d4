"""Very many labels: existence by the model, the label by the weighted vote of those who marked something.

A vote weighs as much as its annotator is likely to notice what is there. Half a vote is kept back for labels that
nobody gave, so that one vote alone is not certain.
"""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.regions.votes import Votes

KEPT_BACK = 0.5
"""Votes' worth of doubt about the label of a group."""


def named(votes: Votes, weight: FloatArray) -> tuple[IntArray, FloatArray]:
    """The label of each group by weighted vote (C,) and its share of all weight: (G,) each. Known labels hold."""
    label, share = _winner(votes, weight, np.zeros(0, np.int64))
    known = votes.pinned >= 0
    return np.where(known & (votes.pinned < votes.nothing), votes.pinned, label), np.where(known, 1.0, share)


def named_by_others(votes: Votes, weight: FloatArray, label: IntArray) -> IntArray:
    """The label by everybody else's votes, for every vote (C,); their own where nobody else marked anything.

    Only without a vote for the winner can it change.
    """
    found = label[votes.group]
    open_ = (votes.label == found) & (votes.pinned[votes.group] < 0)
    for part in _rounds(votes, np.flatnonzero(open_)):
        others, share = _winner(votes, weight, part)
        marked = share[votes.group[part]] > 0
        found[part[marked]] = others[votes.group[part[marked]]]
    return found


def _winner(votes: Votes, weight: FloatArray, without: IntArray) -> tuple[IntArray, FloatArray]:
    """Label with most weight in each group and its share; a tie goes to the label listed first. (G,)

    `without` has votes that do not count.
    """
    counted = votes.label < votes.nothing
    counted[without] = False
    at = np.flatnonzero(counted)
    cells, place = np.unique(votes.group[at] * (votes.nothing + 1) + votes.label[at], return_inverse=True)
    total = np.bincount(place, weight[at], len(cells))
    group, label = np.divmod(cells, votes.nothing + 1)
    order = np.lexsort((label, -total.round(12), group))
    marked, first = np.unique(group[order], return_index=True)
    found, share = np.zeros(votes.groups, np.int64), np.zeros(votes.groups)
    found[marked] = label[order[first]]
    share[marked] = total[order[first]] / (np.bincount(group, total, votes.groups)[marked] + KEPT_BACK)
    return found, share


def _rounds(votes: Votes, which: IntArray) -> list[IntArray]:
    """These votes in rounds with at most one a group."""
    order = which[np.argsort(votes.group[which], kind="stable")]
    group = votes.group[order]
    first = np.flatnonzero(np.r_[True, np.diff(group) != 0]) if len(group) else np.zeros(0, np.int64)
    turn = np.arange(len(group)) - np.repeat(first, np.diff(np.r_[first, len(group)]))
    return [order[turn == n] for n in range(int(turn.max(initial=-1)) + 1)]
