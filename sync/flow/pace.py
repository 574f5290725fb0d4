"""How many answers come a day, and how surely that goes on: a local level model with a weekly pattern; pure.

A day's answers over what its weekday usually brings are a level plus noise, and the level wanders as a random walk
(Harvey 1989, local level model). How much it wanders against the noise cannot be told from a few weeks, so it is
averaged over a grid, each value weighted by how likely it makes the past: a steady team gets a narrow forecast, one
that grows or fades a wide one. The weekly pattern is the one of three (none, weekends apart, each day apart) that
Akaike's corrected criterion prefers (Hurvich and Tsai 1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.flow.clock import DAY

WANDER = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Variance of a day's step of the level, as a share of the noise's: the grid. Half of the prior is on the first."""
QUIET = 0.03
"""Weekdays that bring less than this share of a usual day tell nothing about the level."""
LEAST = 0.05
"""A level never falls below this part of the past mean."""
PATTERNS = ((0,) * 7, (0, 0, 0, 0, 0, 1, 1), tuple(range(7)))


@dataclass(frozen=True, slots=True)
class Pace:
    """What the past says. `mean` answers a day; `weekday` (7,) factors, Monday first; for each value of WANDER its
    weight, and the level after the last day with its variance in units of the noise's, `noise` (standard deviation),
    all (G,); `freedom` of the noise; `shape` (D,) the past's noise, standardised."""

    mean: float
    weekday: FloatArray
    weight: FloatArray
    level: FloatArray
    variance: FloatArray
    noise: FloatArray
    freedom: float
    shape: FloatArray


def learn(counts: Sequence[float], first: float) -> Pace:
    """Pace of the past days; `first` is the beginning of the first one. There must be answers in it."""
    past = np.asarray(counts, np.float64)
    day = weekdays(first, len(past))
    factor, parameters = _pattern(past, day)
    mean = float(past.mean())
    tells = factor[day] > QUIET
    ratio = past[tells] / (mean * factor[day[tells]])
    extra = 1 / np.minimum(factor[day[tells]], 1.0)         # quiet weekdays are noisier
    found = [_filter(ratio, extra, wander) for wander in WANDER]
    likelihood = np.array([one[0] for one in found])
    prior = np.array([0.5, *[0.5 / (len(WANDER) - 1)] * (len(WANDER) - 1)])
    weight = prior * np.exp(likelihood - likelihood.max())
    freedom = max(len(ratio) - parameters, 2.0)
    noise = np.array([np.sqrt(one[3] * max(len(ratio) - 1, 1) / freedom) for one in found])
    shape = found[int(weight.argmax())][4]
    return Pace(mean, factor, weight / weight.sum(), np.array([one[1] for one in found]),
                np.array([one[2] for one in found]), noise, freedom, shape)


def ahead(pace: Pace, today: float, simulations: int, horizon: int, generator: np.random.Generator) -> FloatArray:
    """Answers of each day from `today` on, in each simulation. (S, horizon)"""
    which = generator.choice(len(pace.weight), simulations, p=pace.weight)
    scale = pace.noise[which] * np.sqrt(pace.freedom / generator.chisquare(pace.freedom, simulations))
    start = pace.level[which] + scale * np.sqrt(pace.variance[which]) * generator.standard_normal(simulations)
    step = scale * np.sqrt(np.array(WANDER)[which])
    walk = np.cumsum(generator.standard_normal((simulations, horizon)) * step[:, None], axis=1)
    factor = pace.weekday[weekdays(today, horizon)]
    noise = scale[:, None] * generator.choice(pace.shape, (simulations, horizon))
    noise /= np.sqrt(np.clip(factor, QUIET, 1.0))
    level = np.maximum(start[:, None] + walk, LEAST)
    return np.asarray(pace.mean * factor * np.maximum(level + noise, 0.0), np.float64)


def weekdays(first: float, size: int) -> IntArray:
    """Weekdays, Monday 0, of `size` days; the first begins at `first`."""
    return (round(first / DAY) + 3 + np.arange(size)) % 7       # 1970-01-01 was a Thursday


def _pattern(past: FloatArray, day: IntArray) -> tuple[FloatArray, int]:
    """((7,) factors with mean 1 over the past, number of them that were fitted)."""
    best: tuple[float, FloatArray, int] | None = None
    for pattern in PATTERNS:
        group = np.array(pattern)[day]
        size = np.bincount(group, minlength=7)
        used = int((size > 0).sum())
        spare = len(past) - used - 2
        if spare <= 0 or (best is not None and used == 1):
            continue
        level = np.bincount(group, past, minlength=7) / np.maximum(size, 1)
        level = np.where(size > 0, level, past.mean())[list(pattern)]
        rest = float(((past - level[day]) ** 2).sum()) + past.mean()   # never less than chance alone
        score = len(past) * np.log(rest / len(past)) + 2 * (used + 1) * len(past) / spare
        if best is None or score < best[0] - 1e-9:
            best = score, level / past.mean(), used
    assert best is not None, "a week at least"
    return best[1], best[2]


def _filter(ratio: FloatArray, extra: FloatArray, wander: float) -> tuple[float, float, float, float, FloatArray]:
    """Kalman filter with a diffuse start: (log likelihood, last level, its variance over the noise's, variance of the
    noise, standardised innovations)."""
    level, variance = float(ratio[0]), float(extra[0])
    squares, logs, shape = 0.0, 0.0, []
    for value, more in zip(ratio[1:].tolist(), extra[1:].tolist(), strict=True):
        variance += wander
        total = variance + more
        error = value - level
        level += variance / total * error
        variance *= more / total
        squares, logs = squares + error * error / total, logs + np.log(total)
        shape.append(error / np.sqrt(total))
    size = max(len(shape), 1)
    noise = max(squares / size, 1e-6)
    innovations = np.array(shape or [0.0]) - (np.mean(shape) if shape else 0.0)
    return (-0.5 * (size * np.log(noise) + logs), level, variance, noise,
            innovations / max(float(innovations.std()), 1e-9))
