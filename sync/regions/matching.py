"""The best one-to-one matching of overlapping regions, for every pair of annotators at once.

Most regions overlap one other or none: those pairs are taken as they are. The rest falls into small clusters, and
each is an assignment problem, solved exactly (Hungarian method). A cluster with more than `EXACT` cells, that is
two people with three hundred mutually overlapping regions each, is matched greedily, best pair first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.regions.gathered import Regions
from sync.regions.overlap import Pairs

THRESHOLD = 0.5
"""Least IoU of a match, as in most of the literature."""

EXACT = 100_000
"""Cells of an assignment problem up to which it is solved exactly."""


def matches(regions: Regions, pairs: Pairs, *, threshold: float = THRESHOLD, labelled: bool = True) -> Pairs:
    """The pairs that are matches between two annotators: as many as possible, then of the greatest total IoU.

    Every region has at most one match with each other annotator. `labelled`: labels must be equal; otherwise equal
    labels are only preferred among those that overlap enough.
    """
    same = regions.label[pairs.left] == regions.label[pairs.right]
    enough = pairs.iou >= threshold
    pairs, same = (pairs.where(np.flatnonzero(enough & same)), same[enough & same]) if labelled else (
        pairs.where(np.flatnonzero(enough)), same[enough])
    people = int(regions.annotator.max(initial=0)) + 1
    left = pairs.left * people + regions.annotator[pairs.right]
    right = pairs.right * people + regions.annotator[pairs.left]
    # Which of two annotators comes first in the sorted order differs from pair to pair: the smaller one is the left.
    swap = regions.annotator[pairs.left] > regions.annotator[pairs.right]
    left, right = np.where(swap, right, left), np.where(swap, left, right)
    return pairs.where(assigned(left, right, pairs.iou + (0.0 if labelled else 1.0) * same, most=True))


def assigned(left: IntArray, right: IntArray, gain: FloatArray, *, most: bool = False) -> IntArray:
    """Positions of the pairs of the best one-to-one assignment, sorted.

    `left` and `right` (P,) are ids of two kinds, `gain` (P,) > 0 what a pair is worth. `most`: as many pairs as
    possible come first, their gain second.
    """
    if not len(left):
        return np.zeros(0, np.int64)
    rows, cols = np.unique(left, return_inverse=True)[1], np.unique(right, return_inverse=True)[1]
    alone = (np.bincount(rows)[rows] == 1) & (np.bincount(cols)[cols] == 1)
    rest = np.flatnonzero(~alone)
    if not len(rest):
        return np.flatnonzero(alone)
    cluster = _clusters(rows, cols, rest)
    order = rest[np.lexsort((cols[rest], rows[rest], -gain[rest], cluster))]
    cluster = np.sort(cluster)
    simple = _stars(rows[order], cols[order], cluster)
    best = order[simple & np.r_[True, np.diff(cluster) != 0]]
    order, cluster = order[~simple], cluster[~simple]
    parts = np.split(order, np.flatnonzero(np.diff(cluster)) + 1) if len(order) else []
    solved = [_solve(rows[part], cols[part], gain[part], part, most) for part in parts]
    return np.sort(np.concatenate((np.flatnonzero(alone), best, *solved)))


def _clusters(rows: IntArray, cols: IntArray, rest: IntArray) -> IntArray:
    """What of the pairs `rest` must be decided together: the number of its cluster for each."""
    from scipy import sparse

    size = int(rows.max()) + 1
    nodes = size + int(cols.max()) + 1
    graph = sparse.coo_array((np.ones(len(rest)), (rows[rest], size + cols[rest])), shape=(nodes, nodes))
    _, part = sparse.csgraph.connected_components(graph, directed=False)
    return np.asarray(part[rows[rest]], np.int64)


def _stars(rows: IntArray, cols: IntArray, cluster: IntArray) -> NDArray[np.bool_]:
    """Which pairs are in a cluster around one region: it has one match, the best."""
    single = [_distinct(ids, cluster) == 1 for ids in (rows, cols)]
    return np.asarray((single[0] | single[1])[cluster])


def _distinct(ids: IntArray, cluster: IntArray) -> IntArray:
    pairs = np.unique(cluster * (int(ids.max()) + 1) + ids)
    return np.bincount(pairs // (int(ids.max()) + 1))


def _solve(rows: IntArray, cols: IntArray, gain: FloatArray, part: IntArray, most: bool) -> IntArray:
    from scipy.optimize import linear_sum_assignment

    row_ids, r = np.unique(rows, return_inverse=True)
    col_ids, c = np.unique(cols, return_inverse=True)
    worth = gain + (2.0 * min(len(row_ids), len(col_ids)) if most else 0.0)
    if len(row_ids) * len(col_ids) > EXACT:
        return part[_greedy(r, c, worth)]
    table, where = np.zeros((len(row_ids), len(col_ids))), np.full((len(row_ids), len(col_ids)), -1)
    table[r, c], where[r, c] = worth, np.arange(len(part))
    chosen = where[linear_sum_assignment(table, maximize=True)]
    return np.asarray(part[chosen[chosen >= 0]])


def _greedy(rows: IntArray, cols: IntArray, gain: FloatArray) -> IntArray:
    taken_rows, taken_cols, chosen = set(), set(), []
    order = np.lexsort((cols, rows, -gain))
    for at, row, col in zip(order.tolist(), rows[order].tolist(), cols[order].tolist(), strict=True):
        if row not in taken_rows and col not in taken_cols:
            taken_rows.add(row)
            taken_cols.add(col)
            chosen.append(at)
    return np.array(chosen, np.int64)
