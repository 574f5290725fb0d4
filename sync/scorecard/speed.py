"""How fast somebody works, as such and beside others on the same tasks, and who answers too fast to have worked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.scorecard.correction import holm_where
from sync.scorecard.lead_times import LeadTimes
from sync.scorecard.medians import median_interval
from sync.scorecard.rates import at_least

ROUNDS = 4
"""Rounds in which everybody's ratio is corrected for the pace of those they are compared to."""

CARELESS_SHARE = 0.02
"""Impossible times that a careful annotator may have (double clicks, known tasks): a flag needs evidence of more."""

FEWEST_IMPOSSIBLE = 3


@dataclass(frozen=True, slots=True)
class Speed:
    """Of W annotators, each (W,): `seconds` the median active time per answer with its interval, `timed` how many
    times it rests on; `ratio` to what others need for the same tasks (1.2: a fifth slower), with interval, from
    `compared` answers; counts of `impossible`, `idle` and `overlapping` times; `p`: corrected, that so many
    impossible times are an accident."""

    seconds: FloatArray
    low: FloatArray
    high: FloatArray
    timed: IntArray
    ratio: FloatArray
    ratio_low: FloatArray
    ratio_high: FloatArray
    compared: IntArray
    impossible: IntArray
    idle: IntArray
    overlapping: IntArray
    p: FloatArray


def speed(task: IntArray, annotator: IntArray, times: LeadTimes, *, tasks: int, annotators: int) -> Speed:
    """Speed of each annotator from n answers; NaN where nothing is known.

    The flag's test is exact binomial against CARELESS_SHARE (or the crowd's median share, if that is higher), Holm's
    correction over the team: in a team of careful people the chance that anybody is flagged is at most 5 %.
    """
    honest = np.where(times.impossible, np.nan, times.seconds)
    median, low, high, timed = median_interval(annotator, honest, annotators)
    ratio = _ratio(task, annotator, honest, times.typical, tasks, annotators)
    middle, below, above, compared = median_interval(annotator, ratio, annotators)
    fast = np.bincount(annotator, weights=times.impossible, minlength=annotators).astype(int)
    all_timed = timed + fast
    shares = fast[all_timed > 0] / all_timed[all_timed > 0]
    usual = max(CARELESS_SHARE, float(np.median(shares)) if len(shares) > 2 else 0.0)
    p = holm_where(at_least(fast, all_timed, usual), all_timed > 0)
    return Speed(median, low, high, timed, np.exp(middle), np.exp(below), np.exp(above), compared, fast,
                 _count(annotator, times.idle, annotators), _count(annotator, times.overlapping, annotators),
                 np.where(fast >= FEWEST_IMPOSSIBLE, p, 1.0))


def _ratio(task: IntArray, annotator: IntArray, seconds: FloatArray, typical: FloatArray, tasks: int,
           annotators: int) -> FloatArray:
    """Log of each time beside the others' on its task, corrected for how fast those others are. (n,)"""
    known = np.flatnonzero(~np.isnan(seconds) & ~np.isnan(typical))
    found = np.full(len(seconds), np.nan)
    task, annotator = task[known], annotator[known]
    beside = np.log(seconds[known]) - np.log(typical[known])
    number = np.bincount(annotator, minlength=annotators)
    company = np.maximum(np.bincount(task, minlength=tasks)[task] - 1, 1)
    pace: FloatArray = np.zeros(annotators)
    corrected = beside
    for _ in range(ROUNDS):
        others = (np.bincount(task, weights=pace[annotator], minlength=tasks)[task] - pace[annotator]) / company
        corrected = beside + others
        pace = np.bincount(annotator, weights=corrected, minlength=annotators) / np.maximum(number, 1)
        pace -= pace[annotator].mean() if len(annotator) else 0.0
    found[known] = corrected
    return found


def _count(annotator: IntArray, which: NDArray[np.bool_], annotators: int) -> IntArray:
    return np.asarray(np.bincount(annotator, weights=which, minlength=annotators), int)
