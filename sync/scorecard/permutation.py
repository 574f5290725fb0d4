"""The p of a statistic by permuting a sequence, for as long as it takes to decide."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sync.arrays import FloatArray

ENOUGH = 20
"""Permutations that reach the observed value after which more would change nothing (Besag and Clifford 1991)."""

MOST = 5_000
"""Permutations of one sequence at most; a smaller p than 1 in so many is extrapolated."""

CLEAR = 1_000
"""Permutations after which a value far beyond all of them needs no more."""

SAFETY = 10.0
"""What an extrapolated p is multiplied by: the tail is only known to look like the approximate one."""

_FLOATS = 400_000
"""Numbers permuted at a time."""


def permuted_p(sequence: FloatArray, statistic: Callable[[FloatArray], FloatArray], observed: float, tests: int,
               rng: np.random.Generator, tail: Callable[[float], float], alpha: float = 0.05) -> float:
    """P that a random order of `sequence` (n,) has a statistic of at least `observed`.

    `statistic` takes (m, n) orders and gives (m,). `tests` is over how many the result will be corrected: it goes on
    until a p that survives this could be told, within MOST. When no order comes near, the p is that of `tail`, the
    approximate p of a value, stretched to fit the most extreme orders (as Knijnenburg et al. 2009 do by another tail).
    """
    needed = min(MOST, max(999, int(10 * tests / alpha)))
    step = max(_FLOATS // max(len(sequence), 1), 1)
    values: FloatArray = np.empty(0)
    while len(values) < needed:
        batch = min(200 if not len(values) else step, needed - len(values))
        rows = rng.permuted(np.broadcast_to(sequence, (batch, len(sequence))), axis=1)
        values = np.concatenate([values, statistic(rows)])
        late = np.flatnonzero(np.cumsum(values >= observed - 1e-9) >= ENOUGH)
        if len(late):   # sequential: p is over the draws up to the last that was needed
            return ENOUGH / (int(late[0]) + 1)
        if len(values) >= CLEAR and values.max() < observed:
            far = SAFETY * tail(observed / _stretch(values, tail))
            if far * tests < alpha / 50:   # nothing that more permutations say could save it
                return far
    reached = int((values >= observed - 1e-9).sum())
    p = (reached + 1) / (len(values) + 1)
    return p if reached else min(p, SAFETY * tail(observed / _stretch(values, tail)))


def _stretch(values: FloatArray, tail: Callable[[float], float], extreme: int = 10) -> float:
    """By how much the statistic is larger than its approximation says, at the `extreme`th largest value."""
    value, share = float(np.sort(values)[-extreme]), extreme / len(values)
    low, high = 0.5, 4.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(value / middle) < share else (low, middle)
    return max(high, 1.0)
