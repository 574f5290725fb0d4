"""Intervals of shares, sound for small counts."""

from __future__ import annotations

import math

Z = 1.959964
"""Standard normal quantile of a 95 % interval."""


def wilson(right: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927). `count` is at least 1."""
    share, spread = right / count, Z * Z / count
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    return (0.0 if right == 0 else middle - half), (1.0 if right == count else middle + half)


def f1(hits: int, concerned: int) -> tuple[float, float, float]:
    """F1 with its 95 % interval: `hits` of the `concerned` tasks, which have the label or were given it.

    hits / concerned is a share of tasks, so it has a Wilson interval; F1 grows with it: 2 s / (1 + s).
    """
    low, high = wilson(hits, concerned)
    return _f1(hits / concerned), _f1(low), _f1(high)


def _f1(share: float) -> float:
    return 2 * share / (1 + share)
