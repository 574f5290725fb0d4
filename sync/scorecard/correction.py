"""Correction for testing many annotators (or pairs) at once: somebody always looks odd by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray

ALPHA = 0.05
"""A flag is raised when its corrected p is at most this: in a team without any culprit, the chance that anybody at all
is flagged by a test is at most 5 %."""


def holm(p: FloatArray, tests: int | None = None) -> FloatArray:
    """Holm's (1979) corrected p of each test: the chance of any false alarm among all of them is held.

    `tests` is how many were made, where `p` has only the smallest of them; the others count as larger.
    """
    p = np.asarray(p, np.float64)
    if not len(p):
        return p
    order = np.argsort(p, kind="stable")
    factor = max(tests or 0, len(p)) - np.arange(len(p))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factor), 1.0)
    return corrected


def holm_where(p: FloatArray, tested: NDArray[np.bool_]) -> FloatArray:
    """`holm` over the tests that were made; 1 for the rest."""
    corrected = np.ones(len(p))
    corrected[tested] = holm(p[tested])
    return corrected
