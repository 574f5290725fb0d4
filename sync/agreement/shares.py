"""What Fleiss' kappa and Gwet's coefficients have in common: pairs that agree, and how common each label is.

Both are (agreed - chance) / (1 - chance) and differ in what they call chance. With unequal numbers of answers, pairs
come from tasks with two answers or more and shares of labels from all tasks, each task weighing the same: the
generalisation of Gwet (2014, ch. 3), equal to Fleiss' where all tasks have as many answers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sync.agreement.folded import folded
from sync.agreement.measured import Figure, missing
from sync.agreement.table import Table
from sync.arrays import FloatArray

Chance = Callable[[FloatArray, int], FloatArray]
"""Chance agreement (R,) from how often two answers picked at random agree (R,), and the number of labels."""

_BLOCK = 4_000_000
"""So many numbers of the weighted counts are held at once."""


def figure(table: Table, chance: Chance, weights: FloatArray | None = None, *, at_random: bool = True) -> Figure:
    """The coefficient with this chance agreement; `weights` (K, K) give partial agreement, none means equal or not.

    With `at_random` the weights also hold for answers picked at random.
    """
    if not (table.size >= 2).any():
        return missing("no task has two answers or more")
    pairs = table.size >= 2
    answers = int(table.size[pairs].sum())
    answered = table.size > 0
    if table.labels < 2:
        return missing("all answers are the same label: agreement by chance is not defined", int(pairs.sum()), answers)
    share = table.count / table.size[table.task]
    agreeing = table.agreeing() if weights is None else _agreeing(table, weights) - table.size
    columns, by_chance, exact = _random(table, share, weights if at_random else None)
    each = np.divide(agreeing, table.size * (table.size - 1), where=pairs, out=np.zeros(table.tasks))
    statistics = np.column_stack((columns, each, pairs, answered))

    def coefficient(agreed: FloatArray, random: FloatArray) -> FloatArray:
        expected = chance(random, table.labels)
        return np.where(expected < 1 - 1e-12, (agreed - expected) / (1 - expected), np.nan)

    def of(sums: FloatArray) -> FloatArray:
        return coefficient(sums[:, -3] / sums[:, -2], by_chance(sums) / sums[:, -1]**2)

    value = coefficient(np.array([each.sum() / pairs.sum()]), np.array([exact / answered.sum()**2]))
    return Figure(float(value[0]), int(pairs.sum()), answers, table.rows, statistics, of)


def _random(table: Table, share: FloatArray, weights: FloatArray | None
            ) -> tuple[FloatArray, Callable[[FloatArray], FloatArray], float]:
    """How two answers picked at random agree: columns, function of their sums (tasks squared), value of the whole."""
    total = np.bincount(table.label, share, table.labels)
    if weights is None:
        return *folded(table, share), float((total**2).sum())
    columns = np.zeros((table.tasks, table.labels))
    columns[table.task, table.label] = share

    def by_chance(sums: FloatArray) -> FloatArray:
        totals = sums[:, :table.labels]
        return np.asarray(((totals @ weights) * totals).sum(1))

    return columns, by_chance, float(total @ weights @ total)


def _agreeing(table: Table, weights: FloatArray) -> FloatArray:
    """Weighted ordered pairs of answers per task (T,), every answer with itself included."""
    found = np.zeros(table.tasks)
    step = max(1, _BLOCK // table.labels)
    for start in range(0, table.tasks, step):
        low, high = np.searchsorted(table.task, (start, start + step))
        size = min(step, table.tasks - start)
        counts = np.zeros((size, table.labels))
        counts[table.task[low:high] - start, table.label[low:high]] = table.count[low:high]
        found[start:start + size] = ((counts @ weights) * counts).sum(1)
    return found
