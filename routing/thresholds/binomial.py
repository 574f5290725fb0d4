"""The same evidence for data that are looked at once: exact, and stronger than what holds at every look; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from routing.thresholds.betting import Floats


def below(wrong: ArrayLike, seen: ArrayLike, error: ArrayLike) -> Floats:
    """Minus the log of the chance of at most `wrong` errors in `seen` tasks if the rate were `error` (Clopper and
    Pearson 1934). Like the wealth of a bet it exceeds log(1/a) with a chance of at most a, but at one look only."""
    from scipy.special import betaincc

    k, n, rate = (np.asarray(given, np.float64) for given in (wrong, seen, error))
    with np.errstate(divide="ignore"):      # far beyond what floats can tell from impossible
        chance = np.where(k < n, betaincc(k + 1, np.maximum(n - k, 1), rate), 1.0)
        found: Floats = -np.log(chance)
    return found


def interval(wrong: int, seen: int, confidence: float) -> tuple[float, float]:
    """Clopper-Pearson interval of the error rate; (0, 1) where nothing was seen."""
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(wrong, seen - wrong + 1, tail)) if wrong else 0.0
    high = float(betaincinv(wrong + 1, seen - wrong, 1 - tail)) if wrong < seen else 1.0
    return low, high
