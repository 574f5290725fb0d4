"""When what is open will be done, with an interval, from how many answers came a day; pure, by simulation.

The work that is left is uncertain (tasks turn out to need more answers than planned), and so is the pace
(`sync.flow.pace`): each simulation draws what is left, a pace, and how it goes on day by day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sync.arrays import FloatArray
from sync.flow.clock import DAY, HOUR, day_of, iso, start_of
from sync.flow.pace import Pace, ahead, learn
from sync.flow.remaining import Remaining

FEWEST_DAYS = 7
"""Complete days of history that a forecast needs, ..."""
FEWEST_ACTIVE, FEWEST_ANSWERS = 4, 30
"""... of which so many with answers, and so many answers in all."""
QUIET_DAYS = 14
"""After so many days without an answer there is no pace to go by."""
SIMULATIONS, HORIZON, SEED = 2_000, 200, 20
"""Simulations, and days that each goes on; what is not done by then goes on as in these days."""


def forecast(counts: Sequence[float], left: Remaining, now: float, hours: Sequence[float] = (), *,
             simulations: int = SIMULATIONS, seed: int = SEED) -> dict[str, Any]:
    """When `left` will be answered, if people go on as in `counts` (answers of complete days up to yesterday).

    `hours` (24,) tells how a day's answers spread over its UTC hours; empty: evenly. Moments are ISO 8601 in UTC;
    `median`, `low`, `high` (95 %), `low80`, `high80` are None with a `reason` where the past cannot carry them.
    """
    told: dict[str, Any] = {"median": None, "low": None, "high": None, "low80": None, "high80": None,
                            "answers_left": round(left.mean, 1), "tasks_left": left.tasks, "per_day": None}
    if not left.tasks:
        return told | {"reason": "nothing is open"}
    why = too_little(counts)
    if why:
        return told | {"reason": why}
    pace = learn(counts, start_of(day_of(now)) - len(counts) * DAY)
    took = simulate(pace, left, now, hours, simulations, np.random.default_rng(seed))
    low, low80, median, high80, high = (iso(now + DAY * x) for x in np.quantile(took, (0.025, 0.1, 0.5, 0.9, 0.975)))
    return told | {"median": median, "low": low, "high": high, "low80": low80, "high80": high80,
                   "per_day": round(pace.mean, 2), "reason": None}


def too_little(counts: Sequence[float]) -> str | None:
    """Why these days cannot carry a forecast; None when they can."""
    past = np.asarray(counts, np.float64)
    if len(past) and not past[-QUIET_DAYS:].any():
        return f"no answers for {min(len(past), QUIET_DAYS)} days"
    if len(past) < FEWEST_DAYS or (past > 0).sum() < FEWEST_ACTIVE or past.sum() < FEWEST_ANSWERS:
        return (f"too little history: {FEWEST_DAYS} complete days are needed, {FEWEST_ACTIVE} of them with answers, "
                f"and {FEWEST_ANSWERS} answers")
    return None


def simulate(pace: Pace, left: Remaining, now: float, hours: Sequence[float], simulations: int,
             generator: np.random.Generator) -> FloatArray:
    """Days from `now` until `left` is answered, of each simulation. (S,)"""
    need = np.maximum(generator.normal(left.mean, math.sqrt(left.variance), simulations), max(left.least, 1.0))
    today = start_of(day_of(now))
    made = ahead(pace, today, simulations, HORIZON, generator)
    profile = _profile(hours)
    share = np.ones(HORIZON)
    share[0] = 1 - _done_by((now - today) / HOUR, profile)
    made = made * share
    total = np.cumsum(made, axis=1)
    last = (total < need[:, None]).sum(1)                   # complete days before the one it ends on
    late = last >= HORIZON
    at = np.minimum(last, HORIZON - 1)
    row = np.arange(simulations)
    before = np.where(at > 0, total[row, np.maximum(at - 1, 0)], 0.0)
    part = np.clip((need - before) / np.maximum(made[row, at], 1e-9), 0, 1)
    inside = _moment_of(part, np.where(at == 0, 1 - share[0], 0.0), profile) + at
    beyond = HORIZON * need / np.maximum(total[:, -1], 1e-9)
    return np.asarray(np.where(late, beyond, inside) - (now - today) / DAY, np.float64)


def _profile(hours: Sequence[float]) -> FloatArray:
    """(25,) share of a day's answers that is there at each full hour."""
    spread = np.asarray(hours if len(hours) == 24 and sum(hours) > 0 else np.ones(24), np.float64) + 1e-9
    return np.concatenate(([0.0], np.cumsum(spread) / spread.sum()))


def _done_by(hour: float, profile: FloatArray) -> float:
    return float(np.interp(hour, np.arange(25), profile))


def _moment_of(part: FloatArray, before: FloatArray, profile: FloatArray) -> FloatArray:
    """Part of the day at which `part` of what it still brings is there, when `before` of it is past."""
    return np.asarray(np.interp(before + part * (1 - before), profile, np.arange(25)) / 24, np.float64)
