"""Shares with the ends of their intervals, at any confidence: counted ones exactly, estimated ones by their width."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True, slots=True)
class Rate:
    """A share: `hits` of `size`. The ends of its interval are exact, for `hits` are counted, not estimated."""

    hits: float
    size: float

    @property
    def value(self) -> float | None:
        """None of nothing."""
        return self.hits / self.size if self.size > 0 else None

    def lower(self, level: float) -> float | None:
        """With this confidence the true share is at least so high (Clopper and Pearson 1934, one-sided)."""
        from sync.scorecard.rates import lower_bound

        return float(lower_bound(np.asarray(self.hits), np.asarray(self.size), level)) if self.size > 0 else None

    def upper(self, level: float) -> float | None:
        """With this confidence the true share is at most so high."""
        below = Rate(self.size - self.hits, self.size).lower(level)
        return None if below is None else 1 - below


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share that was estimated, with its two-sided 95 % interval."""

    value: float
    low: float
    high: float

    def lower(self, level: float) -> float:
        """One-sided, by the width of the interval on log odds."""
        return self._end(self.low, level)

    def upper(self, level: float) -> float:
        """The same at the other side."""
        return self._end(self.high, level)

    def _end(self, end: float, level: float) -> float:
        here, there = _logit(self.value), _logit(end)
        moved = here + (there - here) * NormalDist().inv_cdf(level) / NormalDist().inv_cdf(0.975)
        return 1 / (1 + exp(-moved))


def _logit(share: float) -> float:
    inside = min(max(share, 1e-9), 1 - 1e-9)
    return log(inside) - log(1 - inside)
