"""Where a consensus region lies: the weighted median of its members' boundaries, or their medoid.

A median is moved by no single slip. Start and end (left, top, right, bottom) are taken each by itself; since every
member's end is not before its start, neither is the median's. Polygons and rotated boxes have no such coordinates:
there the member that overlaps best with the others stands for all (medoid, highest weighted mean IoU).
"""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray, IntArray


def median(value: FloatArray, weight: FloatArray, group: IntArray, groups: int) -> tuple[FloatArray, FloatArray]:
    """Lower and upper weighted median of `value` (M,) in each group; they differ where the weights split in halves.

    Weights are positive; every group has a member.
    """
    order = np.lexsort((value, group))
    value, weight, at = value[order], weight[order], group[order]
    total = np.bincount(at, weight, groups)
    reached = np.cumsum(weight)
    before = np.concatenate(([0.0], np.cumsum(total)[:-1]))
    share = (reached - before[at]) / total[at]
    lower = _first(share >= 0.5 - 1e-9, at, groups)
    upper = _first(share > 0.5 + 1e-9, at, groups)
    return value[lower], value[upper]


def middle(extent: FloatArray, weight: FloatArray, group: IntArray, groups: int, *, whole: bool) -> FloatArray:
    """Weighted median extent of each group: (groups, D).

    Where the weights split in halves, coordinates go to the mean of both; `whole` ones (characters) to what somebody
    marked, and of two starts and ends to the wider.
    """
    columns = []
    half = extent.shape[1] // 2
    for at, value in enumerate(extent.T):
        lower, upper = median(value, weight, group, groups)
        columns.append((lower if at < half else upper) if whole else (lower + upper) / 2)
    return np.stack(columns, axis=1) if groups else np.zeros((0, extent.shape[1]))


def medoid(iou: FloatArray, left: IntArray, right: IntArray, weight: FloatArray, group: IntArray,
           groups: int) -> IntArray:
    """The member (position among M) of each group with the highest weighted sum of IoU to the other members.

    `left`, `right` are pairs of members of one group with their `iou`. Ties go to the heavier
    member, then to the first.
    """
    size = len(group)
    likeness = np.bincount(left, iou * weight[right], size) + np.bincount(right, iou * weight[left], size)
    order = np.lexsort((np.arange(size), -weight, -likeness.round(9), group))
    return np.asarray(order[np.searchsorted(group[order], np.arange(groups))])


def _first(true: FloatArray, group: IntArray, groups: int) -> IntArray:
    """First position of each group (sorted) at which `true` holds."""
    at = np.flatnonzero(true)
    return np.asarray(at[np.searchsorted(group[at], np.arange(groups))])
