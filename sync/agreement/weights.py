"""How much of an agreement two different answers are, from 1 (equal) to 0 (as far apart as can be)."""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray

MANY_CATEGORIES = 100
"""Weights are a table of categories by categories: above so many different answers there is none."""


def linear(position: FloatArray) -> FloatArray:
    """1 - |x - y| / range, for at least two ascending positions (K,): (K, K)."""
    return np.asarray(1 - _apart(position))


def quadratic(position: FloatArray) -> FloatArray:
    """1 - (x - y)^2 / range^2, for at least two ascending positions (K,): (K, K)."""
    return np.asarray(1 - _apart(position)**2)


def _apart(position: FloatArray) -> FloatArray:
    return np.asarray(np.abs(position[:, None] - position) / (position[-1] - position[0]))
