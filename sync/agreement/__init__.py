"""Krippendorff's alpha for nominal labels, with missing answers and a bootstrap interval.

alpha = 1 - observed / expected disagreement: 1 is perfect, 0 is what chance gives. Everything it needs of a
task is its label counts and one number, so tasks can be resampled by multiplying two small matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray

MANY_PATTERNS = 5_000
"""Above so many distinct rows of counts the resampled sums are drawn from their normal limit."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Alpha with its 95 % interval, over tasks with two answers or more; None with the reason why."""

    value: float | None
    low: float | None
    high: float | None
    tasks: int
    answers: int
    reason: str | None = None


def alpha(votes: FloatArray, *, replicates: int = 1000, level: float = 0.95, seed: int = 0) -> Agreement:
    """Agreement of all annotators from answers per task and label (T, K).

    Tasks with fewer than two answers are left out: they cannot show agreement. The interval resamples tasks.
    """
    paired = votes[votes.sum(1) >= 2]
    tasks, answers = len(paired), int(paired.sum())
    if not tasks:
        return Agreement(None, None, None, 0, 0, "no task has two answers or more")
    if np.count_nonzero(paired.sum(0)) < 2:
        return Agreement(None, None, None, tasks, answers, "all answers are the same label: alpha is not defined")
    size = paired.sum(1)
    agreeing = (paired * (paired - 1)).sum(1) / (size - 1)
    statistics = np.column_stack((paired, agreeing))
    value = float(_alpha(statistics.sum(0)[None])[0])
    if tasks < 2:
        return Agreement(value, None, None, tasks, answers, "one task has two answers: no interval")
    resampled = _alpha(_resampled(statistics, replicates, np.random.default_rng(seed)))
    resampled = resampled[~np.isnan(resampled)]
    if len(resampled) < replicates / 2:
        return Agreement(value, None, None, tasks, answers, "too few tasks with a second label: no interval")
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Agreement(value, float(low), float(high), tasks, answers)


def _alpha(sums: FloatArray) -> FloatArray:
    """Alpha of each row of (K label totals, sum of agreeing pairs per answer); NaN where only one label is left."""
    totals, agreeing = sums[:, :-1], sums[:, -1]
    answers = totals.sum(1)
    expected = answers**2 - (totals**2).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 1e-9, 1 - (answers - 1) * (answers - agreeing) / expected, np.nan)


def _resampled(statistics: FloatArray, replicates: int, rng: np.random.Generator) -> FloatArray:
    """Column sums of `replicates` resamplings of the rows: (replicates, columns)."""
    rows, counts = np.unique(statistics, axis=0, return_counts=True)
    tasks = len(statistics)
    if len(rows) <= MANY_PATTERNS:  # equal tasks are drawn together: exact, and small however many tasks
        return np.asarray(rng.multinomial(tasks, counts / tasks, size=replicates) @ rows)
    spread = np.cov(statistics, rowvar=False) * tasks
    return rng.multivariate_normal(statistics.sum(0), spread, size=replicates, method="eigh")
