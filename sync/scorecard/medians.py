"""Medians of groups, all groups at once: with an interval, and of everybody else in the group."""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.scorecard.order import grouped
from sync.scorecard.rates import LEVEL

FEWEST_FOR_INTERVAL = 6
"""The 95 % interval of a median needs six values: of five, all lie on one side of it once in sixteen times."""


def quantile_by(group: IntArray, value: FloatArray, groups: int, share: float) -> tuple[FloatArray, IntArray]:
    """The `share` quantile (nearest value) of each group and its size, NaN values left out. Two (groups,)."""
    ordered, first, size = _sorted(group, value, groups)
    found = np.full(groups, np.nan)
    some = size > 0
    rank = np.rint(share * np.maximum(size - 1, 0)).astype(int)
    found[some] = ordered[(first + rank)[some]]
    return found, size


def median_interval(group: IntArray, value: FloatArray, groups: int,
                    level: float = LEVEL) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Median, low, high and size of each group. Four (groups,); NaN where there is none.

    The bounds are values of the group whose ranks follow from the binomial distribution, so they hold for any
    shape of the values, ties included.
    """
    from scipy.special import bdtrik

    ordered, first, size = _sorted(group, value, groups)
    median, low, high = (np.full(groups, np.nan) for _ in range(3))
    some = size > 0
    below, above = first + np.maximum(size - 1, 0) // 2, first + size // 2
    median[some] = (ordered[below[some]] + ordered[above[some]]) / 2
    enough = size >= FEWEST_FOR_INTERVAL
    rank = np.floor(bdtrik((1 - level) / 2, size[enough].astype(np.float64), 0.5)).astype(int)
    low[enough] = ordered[first[enough] + rank]
    high[enough] = ordered[first[enough] + size[enough] - 1 - rank]
    return median, low, high, size


def others_median(group: IntArray, value: FloatArray, groups: int, fewest: int = 2) -> FloatArray:
    """Of each value, the median of all other values in its group; NaN with fewer than `fewest` others. (n,)

    A value that is NaN gets the median of all others as well.
    """
    group, value = np.asarray(group), np.asarray(value, np.float64)
    order = grouped(group, value)   # NaN last within its group
    known = ~np.isnan(value)
    size = np.bincount(group[known], minlength=groups)
    everyone = np.bincount(group, minlength=groups)
    first = np.concatenate(([0], np.cumsum(everyone)[:-1])).astype(int)
    place = np.empty(len(value), int)
    place[order] = np.arange(len(value))
    place -= first[group]
    others = size[group] - known
    found = np.full(len(value), np.nan)
    some = np.flatnonzero(others >= max(fewest, 1))
    ordered = value[order]
    start, own, left = first[group[some]], np.where(known[some], place[some], len(value)), others[some]
    below, above = (left - 1) // 2, left // 2
    found[some] = (ordered[start + below + (below >= own)] + ordered[start + above + (above >= own)]) / 2
    return found


def _sorted(group: IntArray, value: FloatArray, groups: int) -> tuple[FloatArray, IntArray, IntArray]:
    """Known values by group and size, where each group starts, how many it has."""
    known = ~np.isnan(value)
    group, value = np.asarray(group)[known], np.asarray(value)[known]
    size = np.bincount(group, minlength=groups)
    return value[grouped(group, value)], np.concatenate(([0], np.cumsum(size)[:-1])).astype(int), size
