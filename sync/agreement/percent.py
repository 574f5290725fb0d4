"""Percent agreement: the chance that two answers to the same task are equal. Not corrected for chance."""

from __future__ import annotations

import numpy as np

from sync.agreement.measured import Figure, missing
from sync.agreement.table import Table, paired
from sync.arrays import FloatArray


def figure(table: Table) -> Figure:
    """Mean over tasks with two answers or more of the share of equal pairs: every task weighs the same."""
    table = paired(table)
    if not table.tasks:
        return missing("no task has two answers or more")
    return mean_over_tasks(table, table.agreeing() / (table.size * (table.size - 1)))


def mean_over_tasks(table: Table, each: FloatArray) -> Figure:
    """The plain mean of a number per task (T,)."""
    return Figure(float(each.mean()), table.tasks, table.answers, table.rows,
                  np.column_stack((each, np.ones(table.tasks))), lambda sums: sums[:, 0] / sums[:, 1])
