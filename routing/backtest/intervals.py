"""Intervals from draws: for every figure of the new rules and its difference, holding all together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray

CONFIDENCE = 0.95
LITTLE = 3 / 8
"""Added to what is counted on both sides of a share before its angle is taken."""

DRAWS = 20_000
"""Draws of the largest deviation of several figures that move together."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the interval that it is expected in; None where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None


def together(draws: FloatArray, confidence: float = CONFIDENCE, shares: Mapping[int, int] | None = None,
             ) -> list[Interval]:
    """Intervals (F) from draws (M, F) that hold all at once with this confidence.

    The figures of one report are read together: each interval is as many standard deviations wide as the largest
    deviation of all of them needs, given how they move together (Hothorn, Bretz and Westfall 2008), with Student's t
    for M draws. A figure that some draws lack is told from those that have it. `shares` {figure: of how many} are
    reckoned with as angles, whose spread does not depend on the share (Anscombe 1948): near 0 or 1 the interval is
    longer on the side where there is room.
    """
    from scipy import stats

    size, count = draws.shape
    shares, told = shares or {}, draws
    draws = draws.copy()
    for f, of in shares.items():
        draws[:, f] = np.arcsin(np.sqrt((told[:, f] * of + LITTLE) / (of + 2 * LITTLE)))
    having = [draws[~np.isnan(draws[:, f]), f] for f in range(count)]
    moving = [f for f in range(count) if len(having[f]) == size and size > 2 and having[f].std() > 1e-12]
    width = float(stats.t.ppf((1 + confidence) / 2, max(size - 1, 1)))
    if len(moving) > 1:
        rng = np.random.default_rng(0)
        apart = np.corrcoef(draws[:, moving], rowvar=False)
        normal = rng.multivariate_normal(np.zeros(len(moving)), apart, DRAWS, method="eigh")
        scale = np.sqrt(rng.chisquare(max(size - 1, 1), (DRAWS, 1)) / max(size - 1, 1))
        width = float(np.quantile(np.abs(normal / scale).max(1), confidence))
    found = []
    for f, values in enumerate(having):
        if len(values) < max(3, size / 2):
            found.append(Interval(None, None, None))
            continue
        middle, spread = float(values.mean()), float(values.std(ddof=1)) * float(np.sqrt(1 + 1 / len(values)))
        value, ends = float(np.nanmean(told[:, f])), (middle - width * spread, middle + width * spread)
        if f in shares and spread > 0:
            angles = (float(np.clip(end, 0, np.pi / 2)) for end in ends)
            counts = (np.sin(angle) ** 2 * (shares[f] + 2 * LITTLE) - LITTLE for angle in angles)
            low, high = (float(np.clip(count / shares[f], 0, 1)) for count in counts)
        else:
            low, high = ends if f not in shares else (value, value)
        found.append(Interval(value, min(low, value), max(high, value)))
    return found
