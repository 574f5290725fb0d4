"""How often somebody skips, as such and given how often others skip the same tasks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.scorecard.correction import holm_where
from sync.scorecard.rates import at_least, expit, logit, wilson

WEIGHT = 2.0
"""People's worth of the project's mean in what is expected of a task: few people have met it."""

TWICE = 2.0
"""A flag needs twice the skips that others have on the same tasks: some difference between people is no fault."""


@dataclass(frozen=True, slots=True)
class Skips:
    """Of W annotators, each (W,): tasks `skipped` of those `met`; `rate` and interval; `expected` rate of others on
    the same tasks; `adjusted` rate, as if they had met the project's average task, with interval; `p`: corrected,
    that twice the expected rate is explained by chance."""

    skipped: IntArray
    met: IntArray
    rate: FloatArray
    low: FloatArray
    high: FloatArray
    expected: FloatArray
    adjusted: FloatArray
    adjusted_low: FloatArray
    adjusted_high: FloatArray
    p: FloatArray


def skips(task: IntArray, annotator: IntArray, skipped: FloatArray, *, tasks: int, annotators: int) -> Skips:
    """Skip rates from n meetings of an annotator with a task: `skipped` (n,) is 1 for a skip, 0 for an answer.

    Wilson intervals. The test is exact binomial against TWICE the expected rate, Holm's correction over the team: in
    a team in which nobody skips more than twice as often as others the chance of any flag is at most 5 %.
    """
    skipped = np.asarray(skipped, np.float64)
    mean = float(skipped.mean()) if len(skipped) else 0.0
    hits, size = np.bincount(task, skipped, tasks), np.bincount(task, minlength=tasks)
    usual = (hits[task] - skipped + WEIGHT * mean) / (size[task] - 1 + WEIGHT)
    own, met = np.bincount(annotator, skipped, annotators), np.bincount(annotator, minlength=annotators)
    n = np.maximum(met, 1)
    rate, expected = own / n, np.where(met > 0, np.bincount(annotator, usual, annotators) / n, mean)
    low, high = wilson(own, met)
    shift = logit(np.array(mean)) - logit(expected)
    adjusted, below, above = (_shifted(share, shift) for share in (rate, low, high))
    p = holm_where(at_least(own, met, np.minimum(TWICE * expected, 1.0)), met > 0)
    return Skips(own.astype(int), met, rate, low, high, expected, adjusted, below, above, p)


def _shifted(share: FloatArray, shift: FloatArray) -> FloatArray:
    """A share moved on the scale of log odds; 0 and 1 stay."""
    inside = (share > 0) & (share < 1)
    return np.where(inside, expit(logit(np.where(inside, share, 0.5), 1e-6) + shift), share)
