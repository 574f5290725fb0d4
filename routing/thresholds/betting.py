"""Evidence that an error rate is below, or above, a target, valid however often one looks; pure.

Bets on errors, one a task, at odds that are fair if the error rate is exactly the target: whoever bets that errors are
rarer wins only if they are. The wealth after n tasks with k errors is an average over all rates on one side of the
target, so it depends on k and n alone. It exceeds 1/a at *any* time with a chance of at most a (Ville), also where the
true rate lies further on the other side. Such bets were mixed by Robbins (1970); see Waudby-Smith and Ramdas (2024).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

A, B = 0.5, 1.0
"""Rates are bet on with density r^(A-1) (1-r)^(B-1): a good machine's errors are far below its target."""

HALVINGS = 40
"""Steps of the search for an end of an interval."""


def below(wrong: ArrayLike, seen: ArrayLike, error: ArrayLike) -> Floats:
    """Log of the wealth of betting that the error rate is below `error` (0 < error < 1), after `wrong` of `seen`."""
    from scipy.special import betainc

    return _wealth(wrong, seen, error, betainc)


def above(wrong: ArrayLike, seen: ArrayLike, error: ArrayLike) -> Floats:
    """Log of the wealth of betting that the error rate is above `error`."""
    from scipy.special import betaincc

    return _wealth(wrong, seen, error, betaincc)


def interval(wrong: int, seen: int, confidence: float) -> tuple[float, float]:
    """Ends of an interval that holds the error rate with this confidence, however often one looks.

    Each end is where half of what may go wrong would be spent. (0, 1) where nothing was seen.
    """
    if seen < 1:
        return 0.0, 1.0
    enough = np.log(2 / (1 - confidence))
    share = wrong / seen
    low = _edge(lambda rate: bool(above(wrong, seen, rate) >= enough), 0.0, share) if wrong else 0.0
    high = _edge(lambda rate: bool(below(wrong, seen, rate) < enough), share, 1.0) if wrong < seen else 1.0
    return low, high


def _wealth(wrong: ArrayLike, seen: ArrayLike, error: ArrayLike, side: np.ufunc) -> Floats:
    from scipy.special import betaln

    k, n, rate = (np.asarray(given, np.float64) for given in (wrong, seen, error))
    with np.errstate(divide="ignore"):      # a side so unlikely that nothing is left of the wealth
        won = betaln(A + k, B + n - k) + np.log(side(A + k, B + n - k, rate))
        stake = betaln(A, B) + np.log(side(A, B, rate))
    found: Floats = np.asarray(won - stake - k * np.log(rate) - (n - k) * np.log1p(-rate), np.float64)
    return found


def _edge(holds: object, low: float, high: float) -> float:
    """Where `holds` turns from true (towards `low`) to false, by halving."""
    assert callable(holds)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2
