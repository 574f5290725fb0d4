"""Evidence that a rate is above a bound, valid however often one looks; pure.

A bet on every mark at odds that are fair if the rate is the bound; its wealth is an average over all rates above the
bound, so it depends on the counts alone. If the rate is not above it, the wealth exceeds 1/a at *any* time with a
chance of at most a (Ville 1939; mixtures of such bets: Robbins 1970; as e-processes: Ramdas et al. 2023).
"""

from __future__ import annotations

from math import exp, inf, log, log1p

MOST = 50.0
"""Logarithm at which evidence is no longer told apart."""


def above(marked: int, seen: int, rate: float) -> float:
    """Log of the wealth after `marked` of `seen`, betting that the rate is above `rate` (0 < rate < 1)."""
    from scipy.special import betaincc, betaln

    tail = float(betaincc(1 + marked, 1 + seen - marked, rate))
    if tail <= 0:
        return -inf
    return (float(betaln(1 + marked, 1 + seen - marked)) + log(tail) - log1p(-rate)
            - marked * log(rate) - (seen - marked) * log1p(-rate))


def times(evidence: float) -> float:
    """How many times the stake was won, of a logarithm; a finite number."""
    return exp(min(max(evidence, -MOST), MOST))


def highest(marked: int, seen: int, confidence: float) -> float:
    """Upper bound of a rate, one look (Clopper and Pearson 1934); 1 where nothing was seen."""
    from scipy.special import betaincinv

    return 1.0 if marked >= seen else float(betaincinv(marked + 1, seen - marked, confidence))
