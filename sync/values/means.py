"""Means of scores in groups, with intervals that hold for few answers too: shrunk, and never outside [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.performance import PRIOR_ANSWERS, beta_interval
from sync.told import rounded

_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)
"""Student's t, two-sided 95 %, for 1 to 30 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Means:
    """Of each group: mean, its 95 % interval, and how many scores it rests on. All (groups,)."""

    value: FloatArray
    low: FloatArray
    high: FloatArray
    count: IntArray


def shares(group: IntArray, score: FloatArray, groups: int, *, chances: bool = False) -> Means:
    """Mean of scores in [0, 1] (N,) of each group, drawn to the mean of all by two scores' worth; NaN is left out.

    `chances`: scores are chances of right or wrong, and say no more than so many of these would.
    The interval is a beta's with the mean's variance, which is estimated from the group and, by two scores' worth, from
    all. A group without scores gets the mean of all (.5 without any) and almost the whole of [0, 1].
    """
    known = ~np.isnan(score)
    group, score = np.asarray(group)[known], np.clip(score[known], 0, 1)
    count = np.bincount(group, minlength=groups)
    overall = float(score.mean()) if len(score) else 0.5
    value = (np.bincount(group, score, groups) + PRIOR_ANSWERS * overall) / (count + PRIOR_ANSWERS)
    around = np.bincount(group, (score - value[group]) ** 2, groups)
    within = float(around.sum() / count.sum()) if len(score) else 0.25
    variance = (around + PRIOR_ANSWERS * within) / (count + PRIOR_ANSWERS)
    worth = count * np.minimum(value * (1 - value) / np.maximum(variance, 1e-12), 1.0 if chances else 4.0)
    worth = np.where(value * (1 - value) > 1e-12, worth, count)
    low, high = beta_interval(value * worth, (1 - value) * worth)
    return Means(value, np.minimum(low, value), np.maximum(high, value), count)


def between(least: Means, most: Means) -> Means:
    """Of two estimates of the same thing: their middle, and an interval that spans those of both."""
    return Means((least.value + most.value) / 2, np.minimum(least.low, most.low), np.maximum(least.high, most.high),
                 least.count)


def offsets(group: IntArray, value: FloatArray, groups: int) -> tuple[Means, FloatArray]:
    """Mean of any numbers (N,) of each group with Student's interval, and their standard deviation (groups,).

    NaN is left out. With fewer than two numbers the interval and the deviation are NaN (unknown).
    """
    known = ~np.isnan(value)
    group, value = np.asarray(group)[known], value[known]
    count = np.bincount(group, minlength=groups)
    mean = np.where(count > 0, np.bincount(group, value, groups) / np.maximum(count, 1), np.nan)
    squares = np.bincount(group, (value - mean[group]) ** 2, groups)
    spread = np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)
    table = np.array([np.nan, *_T95, 1.96])
    half = table[np.clip(count - 1, 0, len(table) - 1)] * spread / np.sqrt(np.maximum(count, 1))
    return Means(mean, mean - half, mean + half, count), spread


def told(value: float | None) -> float | None:
    """A number as the reports of values have it, with six digits; None where it is unknown."""
    return rounded(value, 6)
