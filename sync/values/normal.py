"""Consensus of numbers: every annotator has a bias and a spread of their own, and gross errors weigh little.

x = true value of the task + bias of the annotator + t-distributed error (4 degrees of freedom, so that a slip of the
pen moves nothing: Lange, Little & Taylor 1989). Biases are drawn to 0 and variances to the crowd's, by how much is
known of an annotator; how far biases differ is learned (empirical Bayes). Each answer is compared with the value that
the others give, so nobody's error hides in a consensus that they made themselves. Tasks' values are not drawn to a
common mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray

FREEDOM = 4.0
"""Degrees of freedom of the errors."""

PRIOR_ERRORS = 8.0
"""Answers' worth of the crowd's variance in each annotator's."""

PRIOR_SPREAD = 3.0
"""Answers' worth of the model's own spread when the disagreement within one task is judged."""

INFORMATION = FREEDOM / (FREEDOM + 3)
"""How much of a weight is information about the value: so much wider are intervals than weights alone would have."""

AS_NORMAL = 1.15
"""A normal error's standard deviation by the scale that the t distribution has for it."""

LEAST = 1e-9
"""Least standard deviation, as a share of the spread of all answers: nobody is infinitely precise."""


@dataclass(frozen=True, slots=True)
class Normal:
    """Per task `value` and `sd` (T,; NaN without an answer); per annotator `bias`, `spread`, `bias_sd` (W,); per answer
    what the others say: `others`, `others_sd` (N,; NaN where nobody does). `typical` is the crowd's error, `biases` the
    standard deviation of biases. `worth` (T,) is in average answers."""

    value: FloatArray
    sd: FloatArray
    bias: FloatArray
    spread: FloatArray
    bias_sd: FloatArray
    others: FloatArray
    others_sd: FloatArray
    typical: float
    biases: float
    worth: FloatArray
    iterations: int


@dataclass(frozen=True, slots=True)
class People:
    """Annotators as an earlier run knew them: bias, spread (W,), and the crowd's typical error and spread of biases."""

    bias: FloatArray
    spread: FloatArray
    typical: float
    biases: float


def fit(task: IntArray, annotator: IntArray, number: FloatArray, *, tasks: int, annotators: int,
        truth: FloatArray | None = None, people: People | None = None, review: NDArray[np.bool_] | None = None,
        iterations: int = 200, tolerance: float = 1e-5) -> Normal:
    """Fit N answers (index arrays and numbers). `truth` (T,) has known values, NaN elsewhere; with `people` only the
    tasks are judged. A `review` (N,) says nothing about who gave it. Pure: the order of answers changes nothing
    beyond rounding."""
    from sync.performance import median_by

    known = np.full(tasks, np.nan) if truth is None else truth
    value: FloatArray = np.where(np.isnan(known), median_by(task, number, tasks), known)
    centre = float(np.median(number)) if len(number) else 0.0
    number, value, known = number - centre, np.asarray(value - centre), np.asarray(known - centre)
    unit = _unit(number, value[task])
    variance: FloatArray = np.full(annotators, (unit / 2) ** 2)
    bias: FloatArray = np.zeros(annotators)
    doubt, biases = bias, unit
    if people is not None:
        bias, variance, biases = people.bias, np.maximum(people.spread, LEAST * unit) ** 2, people.biases
    count = np.bincount(annotator, minlength=annotators)
    done, moved = 0, np.inf
    while done < iterations and (moved > tolerance or done < 5):
        weight = _weights(number - value[task] - bias[annotator], variance[annotator]) / variance[annotator]
        total: FloatArray = np.asarray(np.bincount(task, weight, tasks), np.float64)
        before, value = value, _values(task, weight, number - bias[annotator], total, known)
        others, doubts = _others(task, weight, number - bias[annotator], total, value, known)
        if people is None:
            apart = number - others if review is None else np.where(review, np.nan, number - others)
            bias, doubt, variance, biases = _people(annotator, apart, doubts, bias, variance, biases, count,
                                                    LEAST * unit)
        done, moved = done + 1, float(np.nanmax(np.abs(value - before), initial=0.0)) / unit
    typical = people.typical if people is not None else float(np.sqrt(
        (variance * count).sum() / count.sum())) if count.sum() else unit
    sd, worth = _certainty(task, number - value[task] - bias[annotator], variance[annotator], doubt[annotator],
                           tasks, typical)
    known_here = ~np.isnan(known)
    return Normal(value + centre, np.where(known_here, 0.0, sd), bias, np.sqrt(variance), np.sqrt(doubt),
                  others + centre, np.sqrt(doubts), typical, float(biases), worth, done)


def _unit(number: FloatArray, value: FloatArray) -> float:
    """A size to measure by: the typical distance to the median, or of all numbers, or 1."""
    apart = np.abs(number - value)
    mean = float(apart.mean()) if len(apart) else 0.0
    return mean or float(np.abs(number).mean() if len(number) else 0.0) or 1.0


def _weights(error: FloatArray, variance: FloatArray) -> FloatArray:
    return np.asarray((FREEDOM + 1) / (FREEDOM + error**2 / variance))


def _values(task: IntArray, weight: FloatArray, number: FloatArray, total: FloatArray,
            known: FloatArray) -> FloatArray:
    """Weighted means; what is known stays, tasks without an answer are unknown."""
    mean = np.bincount(task, weight * number, len(total)) / np.where(total > 0, total, np.nan)
    return np.where(np.isnan(known), mean, known)


def _others(task: IntArray, weight: FloatArray, number: FloatArray, total: FloatArray, value: FloatArray,
            known: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The value that all other answers give to each answer's task, and its variance; NaN where there is none."""
    alone = np.bincount(task, minlength=len(total))[task] < 2
    rest = np.where(alone, np.nan, np.maximum(total[task] - weight, 1e-12 * total[task]))
    mean = (total[task] * value[task] - weight * number) / rest
    pinned = ~np.isnan(known[task])
    return np.where(pinned, known[task], mean), np.where(pinned, 0.0, 1 / rest)


def _people(annotator: IntArray, apart: FloatArray, doubts: FloatArray, bias: FloatArray, variance: FloatArray,
            biases: float, count: IntArray, least: float) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Biases with their variance, error variances, and how far biases differ, from distances to the others' values."""
    judged = ~np.isnan(apart)
    if not judged.any():  # nobody can be judged: what was taken for granted at first stays
        return bias, np.full(len(bias), biases**2), variance, biases
    who, apart, doubts = annotator[judged], apart[judged], doubts[judged]
    size = len(bias)
    both = variance[who] + doubts
    weight = _weights(apart - bias[who], both) / both
    evidence = np.bincount(who, weight, size)
    bias = np.bincount(who, weight * apart, size) / (evidence + biases**-2)
    doubt = 1 / (INFORMATION * evidence + biases**-2)
    some = np.bincount(who, minlength=size)
    bias = bias - (bias * some).sum() / max(some.sum(), 1)  # a bias of all cannot be told from the truth
    error = apart - bias[who]
    share = _weights(error, both) * error**2 * variance[who] / both
    squares = np.bincount(who, share, size)
    pooled = max(float(squares.sum()) / max(len(who), 1), least**2)
    variance = np.maximum((squares + PRIOR_ERRORS * pooled) / (some + PRIOR_ERRORS), least**2)
    active = some > 0
    spread = float(np.sqrt(np.mean((bias**2 + doubt)[active]))) if active.any() else biases
    return bias, doubt, variance, max(spread, 0.05 * float(np.sqrt(pooled)), least)


def _certainty(task: IntArray, error: FloatArray, variance: FloatArray, doubt: FloatArray, tasks: int,
               typical: float) -> tuple[FloatArray, FloatArray]:
    """Standard deviation of each task's value, wider where its answers lie further apart than the annotators' spreads
    make likely; and how many average answers it is worth."""
    precision = INFORMATION * _weights(error, variance) / (variance + doubt)
    total = np.bincount(task, precision, tasks)
    count = np.bincount(task, minlength=tasks)
    apart = np.bincount(task, precision * error**2, tasks)
    wider = np.maximum(1.0, (apart + PRIOR_SPREAD) / (np.maximum(count - 1, 0) + PRIOR_SPREAD))
    sd = np.sqrt(wider / np.where(total > 0, total, np.nan))
    return sd, np.where(total > 0, total * typical**2 / INFORMATION, 0.0)
