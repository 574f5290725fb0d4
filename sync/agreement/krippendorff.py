"""Krippendorff's alpha for labels, ordered labels and numbers, with missing answers (Krippendorff 2011).

alpha = 1 - observed / expected disagreement: 1 is perfect, 0 is what chance gives. Disagreement is 0 or 1 between
labels and the squared difference between numbers. Between ordered labels it is the squared difference of their mid
ranks among all answers, which is Krippendorff's ordinal metric written shorter. So no table of labels by labels is
needed: a task enters by its label counts, or by its sums and sums of squares.
"""

from __future__ import annotations

import numpy as np

from sync.agreement.folded import folded
from sync.agreement.measured import Agreement, Figure, measured, missing
from sync.agreement.table import Table, from_counts, paired
from sync.arrays import FloatArray

LEVELS = ("nominal", "ordinal", "interval")
"""Levels of measurement: labels, labels or numbers in order, numbers with meaningful differences."""


def alpha(votes: FloatArray, *, replicates: int = 1000, level: float = 0.95, seed: int = 0) -> Agreement:
    """Nominal agreement of all annotators from answers per task and label (T, K).

    Tasks with fewer than two answers are left out: they cannot show agreement. The interval resamples tasks.
    Raises ValueError if `votes` is not a table of counts.
    """
    return measured(figure(from_counts(votes)), replicates=replicates, level=level, seed=seed)


def figure(table: Table, level: str = "nominal") -> Figure:
    """Alpha at a level of measurement; the order of labels, or their numbers, is `table.position`."""
    if level not in LEVELS:
        raise ValueError(f"level is {level!r}, but must be one of {', '.join(LEVELS)}")
    table = paired(table)
    if not table.tasks:
        return missing("no task has two answers or more")
    if table.labels < 2:
        return missing("all answers are the same label: alpha is not defined", table.tasks, table.answers)
    if level == "nominal":
        return _nominal(table)
    if level == "ordinal":
        return _ordinal(table)
    return _squared(table, _scaled(table.position))


def _nominal(table: Table) -> Figure:
    disagreeing = table.size - table.agreeing() / (table.size - 1)
    columns, squares = folded(table, table.count)
    answers = float(table.answers)
    value = 1 - (answers - 1) * disagreeing.sum() / (answers**2 - (table.totals()**2).sum())

    def of(sums: FloatArray) -> FloatArray:
        number = sums[:, -1]
        expected = number**2 - squares(sums)
        return np.where(expected > 1e-9, 1 - (number - 1) * sums[:, -2] / expected, np.nan)

    return Figure(float(value), table.tasks, table.answers, table.rows,
                  np.column_stack((columns, disagreeing, table.size)), of)


def _squared(table: Table, at: FloatArray, correction: FloatArray | None = None) -> Figure:
    """Alpha by squared differences of `at` (K,). `correction` (T,) is added to the value of a resample."""
    first, second, observed = _moments(table, at)
    extra = np.zeros(table.tasks) if correction is None else correction

    def of(sums: FloatArray) -> FloatArray:
        number, one, two, within, more = sums.T
        expected = number * two - one**2
        return np.where(expected > 1e-12 * number**2, 1 - (number - 1) * within / expected + more, np.nan)

    statistics = np.column_stack((table.size, first, second, observed, extra))
    number, one, two, within, _ = statistics.sum(0)
    value = 1 - (number - 1) * within / (number * two - one**2)
    return Figure(float(value), table.tasks, table.answers, table.rows, statistics, of)


def _ordinal(table: Table) -> Figure:
    """Ranks are part of what is resampled; they enter by the derivative of alpha to each label's mid rank."""
    totals, answers = table.totals(), table.answers
    middle = np.cumsum(totals) - totals / 2
    rank = _scaled(middle)
    first, second, observed = _moments(table, rank)
    sums, within = first.sum(), observed.sum()
    expected = answers * second.sum() - sums**2
    size, mean = table.size[table.task], first[table.task]
    slope_within = np.bincount(table.label, 2 * table.count * (size * rank[table.label] - mean) / (size - 1),
                               table.labels)
    slope_expected = 2 * totals * (answers * rank - sums)
    slope = -(answers - 1) * (slope_within / expected - within * slope_expected / expected**2)
    # one answer more of label l moves the mid ranks of all labels above it by one, and its own by a half
    reach = (slope.sum() - np.cumsum(slope) + slope / 2) / np.ptp(middle)
    return _squared(table, rank, table.per_task(table.count * reach[table.label]))


def _moments(table: Table, at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per task (T,): sum, sum of squares, and the disagreement within it per answer."""
    first = table.per_task(table.count * at[table.label])
    second = table.per_task(table.count * at[table.label]**2)
    # from deviations within the task, as differences of large sums would lose the digits of small disagreement
    off = at[table.label] - (first / table.size)[table.task]
    return first, second, table.per_task(table.count * off**2) * table.size / (table.size - 1)


def _scaled(at: FloatArray) -> FloatArray:
    """Moved and scaled into -1/2 ... 1/2: alpha does not depend on unit and origin, rounding does."""
    return np.asarray((at - at.min()) / np.ptp(at) - 0.5)
