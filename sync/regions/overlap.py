"""How far regions overlap: intersection over union (IoU), and which pairs overlap at all.

Pairs are found by sorting, so that regions far apart cost nothing, and in blocks, so that memory is bounded however
many regions one task has. Regions without extent (an instant, an empty box) overlap only with their equals: IoU 1
when both are the same, else 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.regions import shapes
from sync.regions.gathered import Regions

BLOCK = 1_000_000
"""Pairs looked at in one go."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """P pairs of regions (positions, `left` < `right`) of different annotators in the same task and unit."""

    left: IntArray
    right: IntArray
    iou: FloatArray

    def where(self, keep: IntArray) -> Pairs:
        """These pairs only (mask or positions)."""
        return Pairs(self.left[keep], self.right[keep], self.iou[keep])


def overlapping(regions: Regions, least: float = 1e-9) -> Pairs:
    """All pairs of different annotators whose IoU is `least` or more."""
    if not len(regions):
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    after = _reach(regions)
    edges = np.concatenate(([0], np.cumsum(after)))
    found = []
    start = 0
    while start < len(regions):
        stop = max(int(np.searchsorted(edges, edges[start] + BLOCK, side="right")) - 1, start + 1)
        counts = after[start:stop]
        left = np.repeat(np.arange(start, stop), counts)
        right = left + 1 + np.arange(len(left)) - np.repeat(edges[start:stop] - edges[start], counts)
        found.append(_compared(regions, left, right, least))
        start = stop
    return Pairs(np.concatenate([p.left for p in found]), np.concatenate([p.right for p in found]),
                 np.concatenate([p.iou for p in found]))


def iou(regions: Regions, left: IntArray, right: IntArray) -> FloatArray:
    """IoU of each pair of regions, wherever they lie."""
    a, b = regions.extent[left], regions.extent[right]
    found = extent_iou(a, b)
    special = shaped(regions)
    turned = np.flatnonzero(special[left] | special[right])
    if len(turned):
        found[turned] = _shape_iou(regions, left[turned], right[turned])
    return found


def extent_iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """IoU of intervals (n, 2) or upright boxes (n, 4), row by row."""
    half = a.shape[1] // 2
    common = np.prod(np.maximum(np.minimum(a[:, half:], b[:, half:]) - np.maximum(a[:, :half], b[:, :half]), 0), axis=1)
    union = sizes(a) + sizes(b) - common
    equal = (a == b).all(1)
    return np.where(union > 0, common / np.where(union > 0, union, 1), equal.astype(np.float64))


def sizes(extent: FloatArray) -> FloatArray:
    """Length or area of each."""
    half = extent.shape[1] // 2
    return np.asarray(np.prod(extent[:, half:] - extent[:, :half], axis=1))


def _reach(regions: Regions) -> IntArray:
    """How many regions after each (in the sorted order) start before it ends, in the same block: (R,)."""
    half = regions.extent.shape[1] // 2
    starts, ends = regions.extent[:, 0], regions.extent[:, half]
    levels = np.unique(np.concatenate((starts, ends)))
    base = regions.block * (len(levels) + 1)
    last = np.searchsorted(base + np.searchsorted(levels, starts), base + np.searchsorted(levels, ends), side="right")
    return np.asarray(last - np.arange(len(starts)) - 1)


def _compared(regions: Regions, left: IntArray, right: IntArray, least: float) -> Pairs:
    other = np.flatnonzero(regions.annotator[left] != regions.annotator[right])
    left, right = left[other], right[other]
    near = np.flatnonzero(_touching(regions.extent[left], regions.extent[right]))
    left, right = left[near], right[near]
    found = iou(regions, left, right)
    keep = np.flatnonzero(found >= least)
    return Pairs(left[keep], right[keep], found[keep])


def _touching(a: FloatArray, b: FloatArray) -> NDArray[np.bool_]:
    half = a.shape[1] // 2
    return np.asarray((np.maximum(a[:, :half], b[:, :half]) <= np.minimum(a[:, half:], b[:, half:])).all(1))


def shaped(regions: Regions) -> NDArray[np.bool_]:
    """Which regions are polygons or rotated boxes: their extent is not their shape. (R,)"""
    return np.fromiter((one is not None for one in regions.shape), bool, len(regions))


def _shape_iou(regions: Regions, left: IntArray, right: IntArray) -> FloatArray:
    a, b = geometries(regions, left), geometries(regions, right)
    area_a, area_b = shapes.areas(a), shapes.areas(b)
    found = np.zeros(len(a))
    flat = np.flatnonzero((area_a <= 0) & (area_b <= 0))
    found[flat] = shapes.same(a[flat], b[flat])
    solid = np.flatnonzero((area_a > 0) & (area_b > 0))
    common = shapes.shared(a[solid], b[solid])
    found[solid] = np.clip(common / np.maximum(area_a[solid] + area_b[solid] - common, 1e-300), 0, 1)
    return found


def geometries(regions: Regions, which: IntArray) -> NDArray[np.object_]:
    """Shapely geometries of these regions, upright boxes too."""
    found = regions.shape[which].copy()
    plain = np.array([at for at, one in enumerate(found) if one is None], np.int64)
    if len(plain):
        found[plain] = shapes.boxed(regions.extent[which][plain])
    return found
