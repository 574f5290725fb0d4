"""Statistics of change in a sequence: one break, or a trend. Many sequences of one length at a time."""

from __future__ import annotations

import math

import numpy as np

from sync.arrays import FloatArray, IntArray

MARGIN = 0.1
"""A break is looked for with at least this share of the answers (and at least 10 of 100) on either side."""


def break_statistic(rows: FloatArray) -> tuple[FloatArray, IntArray]:
    """Largest standardised CUSUM of each row (m, n) over all places, and the place: how many come before. Two (m,)."""
    n = rows.shape[1]
    margin = max(int(MARGIN * n), 1)
    centred = rows - rows.mean(1, keepdims=True)
    spread = np.sqrt((centred**2).mean(1))
    before = np.arange(margin, n - margin + 1)
    walk = np.abs(np.cumsum(centred, 1)[:, before - 1]) / np.sqrt(before * (n - before) / n)
    best = walk.argmax(1)
    value = walk[np.arange(len(rows)), best] / np.where(spread > 1e-12, spread, np.inf)
    return value, before[best]


def trend_statistic(rows: FloatArray) -> FloatArray:
    """Absolute correlation of each row (m, n) with its order, times the root of n - 1. (m,)"""
    n = rows.shape[1]
    order = np.arange(n) - (n - 1) / 2
    centred = rows - rows.mean(1, keepdims=True)
    size = np.sqrt((centred**2).sum(1) * (order**2).sum())
    return np.asarray(np.abs(centred @ order) / np.where(size > 1e-12, size, np.inf) * math.sqrt(n - 1))


def approximate_p(value: float, places: int) -> float:
    """P of a statistic this large without any change: normal for a trend (`places` 0), else Miller and Siegmund's."""
    if value <= 1.0:
        return 1.0
    density = math.exp(-value * value / 2) / math.sqrt(2 * math.pi)
    if not places:
        return math.erfc(value / math.sqrt(2))
    edge = max(MARGIN, 1 / places)
    return min(density * ((value - 1 / value) * math.log(((1 - edge) / edge) ** 2) + 4 / value), 1.0)
