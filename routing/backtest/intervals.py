"""Intervals from draws for all figures of a report, holding all together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray

CONFIDENCE = 0.95
LITTLE = 3 / 8
"""Added to what is counted on both sides of a share before its angle is taken."""

TRIALS = 4_000
"""Times that all draws and what happens after them are imagined anew, to see how far off the farthest figure is."""

AT_ONCE = 4_000_000
"""Numbers held in memory while imagining."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the interval that it is expected in; None where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None


def together(draws: FloatArray, confidence: float = CONFIDENCE, *, shares: Mapping[int, float] | None = None,
             changes: Mapping[int, float] | None = None) -> list[Interval]:
    """Intervals (F) from draws (M, F) of what happens next; they hold all at once with this confidence.

    The figures of one report are read together: each interval is as many standard deviations wide as the farthest of
    them needs, given how they move together (Hothorn, Bretz and Westfall 2008) and that M draws tell means and
    deviations no better than M draws can. A figure that fewer than half of the draws know is not told.

    `shares` {figure: of how many} are reckoned with as angles, whose spread does not depend on the share (Anscombe
    1948): near 0 or 1 the interval is longer on the side where there is room. Seen on so many and predicted for as
    many, a share is never surer than the difference of two such samples. `changes` {figure: of how many} are
    differences of two shares: what differed in none of n differs in 1/2 ± 1 of the next n (Jeffreys' prior).
    """
    shares, changes = shares or {}, changes or {}
    size, count = draws.shape
    told = [f for f in range(count) if (~np.isnan(draws[:, f])).sum() >= max(3, size / 2)]
    found = [Interval(None, None, None)] * count
    if not told:
        return found
    moved = np.stack([_angle(draws[:, f], shares[f]) if f in shares else draws[:, f] for f in told], axis=1)
    middle, spread = np.nanmean(moved, axis=0), np.nanstd(moved, axis=0, ddof=1)
    width = farthest(np.where(np.isnan(moved), middle, moved), confidence)
    for at, f in enumerate(told):
        value = float(np.nanmean(draws[:, f]))
        if f in shares:
            reach = width * max(float(spread[at]), float(np.sqrt(1 / (2 * shares[f]))))
            low, high = (_share(float(middle[at]) + side * reach, shares[f]) for side in (-1, 1))
        else:
            reach = width * float(np.hypot(spread[at], 1 / changes[f] if f in changes else 0.0))
            low, high = float(middle[at]) - reach, float(middle[at]) + reach
        found[f] = Interval(value, min(low, value), max(high, value))
    return found


def farthest(draws: FloatArray, confidence: float) -> float:
    """Estimated standard deviations from the mean of draws (M, F) within which all figures of one more draw lie with
    this confidence. Found by imagining M + 1 such draws many times, normal and with the correlations of these."""
    size, count = draws.shape
    scale = draws.std(axis=0)
    apart = (draws - draws.mean(axis=0)) / np.where(scale > 1e-12, scale, np.inf)
    correlation = apart.T @ apart / size
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    rng = np.random.default_rng(0)
    most: list[FloatArray] = []
    part = int(np.clip(AT_ONCE // ((size + 1) * count), 1, TRIALS))
    for start in range(0, TRIALS, part):
        imagined = rng.standard_normal((min(part, TRIALS - start), size + 1, count)) @ root.T
        past = imagined[:, :size]
        most.append(np.abs((imagined[:, size] - past.mean(axis=1)) / past.std(axis=1, ddof=1)).max(axis=1))
    return float(np.quantile(np.concatenate(most), confidence))


def _angle(share: FloatArray, of: float) -> FloatArray:
    return np.asarray(np.arcsin(np.sqrt((share * of + LITTLE) / (of + 2 * LITTLE))))


def _share(angle: float, of: float) -> float:
    counted = np.sin(np.clip(angle, 0, np.pi / 2)) ** 2 * (of + 2 * LITTLE) - LITTLE
    return float(np.clip(counted / of, 0, 1))
