"""Where the regions of consensus lie: of every group, and of every group without one of its members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.regions.extents import medoid, middle
from sync.regions.gathered import Regions
from sync.regions.overlap import Pairs, extent_iou, shaped

LARGE = 40
"""Members above which a group's place is taken as it is instead of without each of them: one moves it little."""


@dataclass(frozen=True, slots=True)
class Places:
    """Of G groups: `extent` (G, D), the weighted median of the members' (of polygons: of their bounds), and `example`
    (G,), the position of a member. `exact` (G,): the example is itself the place, as shapes have no median."""

    extent: FloatArray
    example: IntArray
    exact: NDArray[np.bool_]


def places(regions: Regions, group: IntArray, weight: FloatArray, pairs: Pairs) -> Places:
    """The place of each group, from its members' weights (R,) and all overlapping pairs."""
    groups = int(group.max(initial=-1)) + 1
    extent = middle(regions.extent, weight, group, groups, whole=regions.kind == "spans")
    special = _with_shapes(regions, group, groups)
    if special.any():
        inside = _inside(group, pairs)
        example = medoid(inside.iou, inside.left, inside.right, weight, group, groups)
    else:
        _, example = np.unique(group, return_index=True)
    return Places(extent, np.asarray(example), special)


def without_each(regions: Regions, group: IntArray, weight: FloatArray) -> tuple[IntArray, FloatArray]:
    """(positions of regions in groups of two or more, the extent of their group without them)."""
    groups = int(group.max(initial=-1)) + 1
    size = np.bincount(group, minlength=groups)
    order = np.argsort(group, kind="stable")
    first = np.cumsum(size) - size
    small = order[(size[group[order]] > 1) & (size[group[order]] <= LARGE)]
    counts = size[group[small]]
    row = np.repeat(np.arange(len(small)), counts)
    other = order[np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts) + first[group[small]][row]]
    keep = other != small[row]
    row, other = row[keep], other[keep]
    found = middle(regions.extent[other], weight[other], row, len(small), whole=regions.kind == "spans")
    large = order[size[group[order]] > LARGE]
    if not len(large):
        return small, found
    everybody = middle(regions.extent, weight, group, groups, whole=regions.kind == "spans")
    return np.concatenate((small, large)), np.concatenate((found, everybody[group[large]]))


def overlap_with_others(regions: Regions, group: IntArray, pairs: Pairs, which: IntArray,
                        extent: FloatArray) -> FloatArray:
    """IoU of each region in `which` with the `extent` of its group without it; where shapes have no median, with the
    nearest other member."""
    found = extent_iou(regions.extent[which], extent)
    special = _with_shapes(regions, group, int(group.max(initial=-1)) + 1)
    if not special.any():
        return found
    inside = _inside(group, pairs)
    best = np.zeros(len(regions))
    np.maximum.at(best, inside.left, inside.iou)
    np.maximum.at(best, inside.right, inside.iou)
    return np.where(special[group[which]], best[which], found)


def _inside(group: IntArray, pairs: Pairs) -> Pairs:
    return pairs.where(np.flatnonzero(group[pairs.left] == group[pairs.right]))


def _with_shapes(regions: Regions, group: IntArray, groups: int) -> NDArray[np.bool_]:
    """Which groups have a member whose extent is not its shape."""
    found = np.zeros(groups, bool)
    found[group[shaped(regions)]] = True
    return found
