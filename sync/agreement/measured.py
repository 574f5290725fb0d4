"""A measured coefficient: its value, its interval, what it rests on, and why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sync.agreement.bootstrap import interval
from sync.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient with its 95 % interval, over tasks with two answers or more; None with the reason why."""

    value: float | None
    low: float | None
    high: float | None
    tasks: int
    answers: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A coefficient before its interval: its value, and how it depends on tasks.

    `statistics` (P, S) are what tasks `rows` (P,) contribute; `of` maps sums (R, S) to values (R,). `tasks` have two
    answers or more, `answers` is how many answers count. Without a value, `reason` says why.
    """

    value: float | None
    tasks: int
    answers: int
    rows: IntArray
    statistics: FloatArray
    of: Callable[[FloatArray], FloatArray]
    reason: str | None = None


def missing(reason: str, tasks: int = 0, answers: int = 0) -> Figure:
    """A coefficient that the data cannot carry."""
    return Figure(None, tasks, answers, np.empty(0, np.int64), np.empty((0, 1)), lambda sums: sums[:, 0], reason)


def measured(figure: Figure, *, replicates: int = 1000, level: float = 0.95, seed: int = 0,
             counts: IntArray | None = None) -> Agreement:
    """The coefficient with its bootstrap interval over tasks; `counts` (P,) if a row stands for several tasks."""
    if figure.value is None:
        return Agreement(None, None, None, figure.tasks, figure.answers, figure.reason)
    if figure.tasks < 2:
        return Agreement(figure.value, None, None, figure.tasks, figure.answers,
                         "one task has two answers: no interval")
    low, high = interval(figure.statistics, figure.of, replicates=replicates, level=level, seed=seed, counts=counts)
    reason = None if low is not None else "too few tasks with a second label: no interval"
    return Agreement(figure.value, low, high, figure.tasks, figure.answers, reason)


def difference(first: Figure, second: Figure, *, replicates: int = 1000, level: float = 0.95,
               seed: int = 0) -> Agreement:
    """`second` minus `first`. Tasks are resampled once for both: those with answers in both count as the same task."""
    tasks, answers = first.tasks + second.tasks, first.answers + second.answers
    if first.value is None or second.value is None:
        return Agreement(None, None, None, tasks, answers, "one of the two cannot be measured")
    rows, place = np.unique(np.concatenate((first.rows, second.rows)), return_inverse=True)
    width = first.statistics.shape[1]
    statistics = np.zeros((len(rows), width + second.statistics.shape[1]))
    statistics[place[:len(first.rows)], :width] = first.statistics
    statistics[place[len(first.rows):], width:] = second.statistics
    low, high = interval(statistics, lambda sums: second.of(sums[:, width:]) - first.of(sums[:, :width]),
                         replicates=replicates, level=level, seed=seed)
    reason = None if low is not None else "too few tasks: no interval"
    return Agreement(second.value - first.value, low, high, tasks, answers, reason)
