"""Shares with their intervals, and tests of counts. Arrays in, arrays out; nothing here ever is NaN for n = 0.

* Wilson (1927): good coverage on average for any n, used wherever a share is shown.
* Clopper-Pearson (1934): exact, coverage never below the level, used for gold, on which rules decide.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray

Numbers = NDArray[Any]
"""Counts, whole or expected."""

LEVEL = 0.95
"""Level of all intervals of the scorecard."""


def normal_quantile(probability: float) -> float:
    """Value below which a standard normal variable falls with this probability."""
    return NormalDist().inv_cdf(probability)


def wilson(hits: Numbers, size: Numbers, level: float = LEVEL) -> tuple[FloatArray, FloatArray]:
    """Wilson's score interval of hits / size, which may be fractional; (0, 1) where size is 0."""
    z = normal_quantile(0.5 + level / 2)
    size = np.asarray(size, np.float64)
    n = np.maximum(size, 1e-9)
    share = np.clip(np.asarray(hits, np.float64) / n, 0, 1)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = np.where(size > 0, np.clip(centre - half, 0, share), 0.0)
    high = np.where(size > 0, np.clip(centre + half, share, 1), 1.0)
    return low, high


def clopper_pearson(hits: Numbers, size: Numbers, level: float = LEVEL) -> tuple[FloatArray, FloatArray]:
    """Exact interval of a share: it misses the truth with at most 1 - level, half of it on either side."""
    tail = (1 - level) / 2
    return lower_bound(hits, size, 1 - tail), 1 - lower_bound(np.subtract(size, hits), size, 1 - tail)


def lower_bound(hits: Numbers, size: Numbers, level: float = LEVEL) -> FloatArray:
    """Exact one-sided bound: with this level the share is at least so high. 0 without hits."""
    from scipy.special import betaincinv

    hits, size = np.asarray(hits, np.float64), np.asarray(size, np.float64)
    some = hits > 0
    bound = betaincinv(np.where(some, hits, 1.0), np.where(some, size - hits + 1, 1.0), 1 - level)
    return np.where(some, bound, 0.0)


def at_least(count: Numbers, size: Numbers, share: FloatArray | float) -> FloatArray:
    """P(a binomial count of `size` trials at `share` is as large as `count` or larger); 1 for a count of 0.

    Holds for trials of unequal chances too, with `share` their mean and `count` above it: such a sum varies less
    than the binomial one (Hoeffding 1956), so the test is then conservative.
    """
    from scipy.special import betainc

    count, size = np.ceil(np.asarray(count, np.float64) - 1e-9), np.asarray(size, np.float64)
    some = (count > 0) & (count <= size)
    tail = betainc(np.where(some, count, 1.0), np.where(some, size - count + 1, 1.0), np.clip(share, 0.0, 1.0))
    return np.where(some, tail, np.where(count > size, 0.0, 1.0))


def difference(first: FloatArray, first_low: FloatArray, first_high: FloatArray, second: FloatArray,
               second_low: FloatArray, second_high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Interval of first - second from the two's own intervals (Newcombe 1998, method 10)."""
    gap = first - second
    low = gap - np.sqrt((first - first_low) ** 2 + (second_high - second) ** 2)
    high = gap + np.sqrt((first_high - first) ** 2 + (second - second_low) ** 2)
    return np.maximum(low, -1.0), np.minimum(high, 1.0)


def logit(share: FloatArray, edge: float = 0.005) -> FloatArray:
    """Log odds, kept finite: shares count as at least `edge` away from 0 and 1."""
    share = np.clip(share, edge, 1 - edge)
    return np.asarray(np.log(share) - np.log1p(-share))


def expit(odds: FloatArray) -> FloatArray:
    """Share of these log odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
