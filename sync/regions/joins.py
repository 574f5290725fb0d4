"""Which intervals of two sets overlap, found by sorting, in blocks of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray

BLOCK = 1_000_000
"""Pairs handed out in one go, about."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """n closed intervals, each in a part of its own line."""

    start: FloatArray
    end: FloatArray
    part: IntArray


def joined(first: Intervals, second: Intervals) -> Iterator[tuple[IntArray, IntArray]]:
    """Every pair (of first, of second) that overlaps in the same part, once, as position arrays."""
    levels = np.unique(np.concatenate((first.start, first.end, second.start, second.end)))
    yield from _starting_in(first, second, levels, "left")
    for right, left in _starting_in(second, first, levels, "right"):
        yield left, right


def _starting_in(outer: Intervals, inner: Intervals, levels: FloatArray,
                 side: str) -> Iterator[tuple[IntArray, IntArray]]:
    """Pairs whose inner interval starts in the outer one; `side` right: not where both start together."""
    base = len(levels) + 1
    keys = inner.part * base + np.searchsorted(levels, inner.start)
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    low = np.searchsorted(keys, outer.part * base + np.searchsorted(levels, outer.start), side=side)  # type: ignore[call-overload]
    high = np.searchsorted(keys, outer.part * base + np.searchsorted(levels, outer.end), side="right")
    counts = np.maximum(high - low, 0)
    edges = np.concatenate(([0], np.cumsum(counts)))
    begin = 0
    while begin < len(counts):
        stop = max(int(np.searchsorted(edges, edges[begin] + BLOCK, side="right")) - 1, begin + 1)
        some = counts[begin:stop]
        left = np.repeat(np.arange(begin, stop), some)
        within = np.arange(len(left)) - np.repeat(edges[begin:stop] - edges[begin], some)
        yield left, order[within + np.repeat(low[begin:stop], some)]
        begin = stop
