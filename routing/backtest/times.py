"""How long answers take and what they cost, where that was recorded."""

from __future__ import annotations

import numpy as np

from routing.backtest.history import History
from sync.arrays import FloatArray, IntArray


def drawn(history: History, at: IntArray, rng: np.random.Generator) -> FloatArray:
    """(len(at), W) seconds of everybody for these tasks (places): as recorded, else drawn from that person's times.

    The times are resampled first, so that few of them are not taken for the whole truth. Of whom no time is known
    everybody's times are taken; NaN where none is known at all.
    """
    people = len(history.work.people)
    known = ~np.isnan(history.seconds)
    everybody = history.seconds[known]
    found = np.full((len(at), people), np.nan)
    for w in range(people):
        own = history.seconds[known & (history.person == w)]
        pool = own if len(own) else everybody
        if len(pool):
            found[:, w] = rng.choice(rng.choice(pool, len(pool)), len(at))
    recorded = np.full((len(history.work.keys), people), np.nan)
    recorded[history.task[known], history.person[known]] = history.seconds[known]
    mine = recorded[at]
    return np.where(np.isnan(mine), found, mine)


def rates(history: History) -> FloatArray:
    """(W,) money an hour; NaN: unknown."""
    rate = history.work.rate
    return np.full(len(history.work.people), np.nan) if rate is None else rate
