"""Groups regions of different annotators that mean the same thing: the candidates for a consensus region.

Two regions are the more alike the more they overlap, and half as much when their labels differ: a thing whose label
is disputed must be found by its place. Like ones are joined, best pair first (so the result does not depend on the
order of answers), into groups that hold every annotator at most once and in which the mean likeness across what is
joined reaches `LINK` (average linkage: no chain of half overlaps grows along a text).
"""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.regions.gathered import Regions
from sync.regions.overlap import Pairs

LINK = 0.3
"""Mean likeness from which two groups are one."""

DISPUTED = 0.5
"""Likeness of regions with different labels, as a share of their IoU."""


def groups(regions: Regions, pairs: Pairs) -> IntArray:
    """The group (R,) of every region, numbered densely in the order of their first regions."""
    from scipy import sparse

    likeness = pairs.iou * np.where(regions.label[pairs.left] == regions.label[pairs.right], 1.0, DISPUTED)
    linked = likeness >= LINK
    size = len(regions)
    graph = sparse.coo_array((np.ones(linked.sum()), (pairs.left[linked], pairs.right[linked])), shape=(size, size))
    _, cluster = sparse.csgraph.connected_components(graph, directed=False)
    found = np.asarray(cluster, np.int64).copy()
    loose = ~_clear(regions, pairs.where(np.flatnonzero(linked)), cluster)
    inside = np.flatnonzero((cluster[pairs.left] == cluster[pairs.right]) & loose[cluster[pairs.left]])
    found *= size + 1  # room for the groups that a cluster splits into
    order = inside[np.argsort(cluster[pairs.left[inside]], kind="stable")]
    for part in np.split(order, np.flatnonzero(np.diff(cluster[pairs.left[order]])) + 1):
        if len(part):
            _split(regions, pairs.left[part], pairs.right[part], likeness[part], found)
    return _dense(found)


def _clear(regions: Regions, linked: Pairs, cluster: IntArray) -> IntArray:
    """Which clusters are groups as they are: all members alike, each by somebody else."""
    clusters = int(cluster.max(initial=-1)) + 1
    members = np.bincount(cluster, minlength=clusters)
    edges = np.bincount(cluster[linked.left], minlength=clusters)
    by_people = np.unique(np.stack([cluster, regions.annotator]), axis=1)[0]
    people = np.bincount(by_people, minlength=clusters)
    return np.asarray((edges == members * (members - 1) // 2) & (people == members))


def _split(regions: Regions, left: IntArray, right: IntArray, likeness: FloatArray, found: IntArray) -> None:
    """Write the groups of one cluster into `found`, given all its overlapping pairs."""
    members = np.union1d(left, right).tolist()
    group = {one: [one] for one in members}
    people = {one: {int(regions.annotator[one])} for one in members}
    alike = dict(zip(zip(left.tolist(), right.tolist(), strict=True), likeness.tolist(), strict=True))
    for at in np.lexsort((right, left, -likeness.round(12))).tolist():
        if likeness[at] < LINK:
            break
        one, other = group[int(left[at])], group[int(right[at])]
        if one is other or people[one[0]] & people[other[0]]:
            continue
        total = sum(alike.get((min(a, b), max(a, b)), 0.0) for a in one for b in other)
        if total >= LINK * len(one) * len(other):
            people[one[0]] |= people[other[0]]
            one += other
            for member in other:
                group[member] = one
    for one in members:
        found[one] += 1 + min(group[one]) - members[0]


def _dense(ids: IntArray) -> IntArray:
    """Ids renumbered 0, 1, ... in the order in which they first appear."""
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first, kind="stable"), kind="stable")[inverse])
