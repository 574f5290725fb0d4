"""Mean absolute difference of two answers to the same task: agreement in the unit of the answers (0 is perfect)."""

from __future__ import annotations

import numpy as np

from sync.agreement import percent
from sync.agreement.measured import Figure, missing
from sync.agreement.table import Table, paired


def figure(table: Table) -> Figure:
    """Mean over tasks with two answers or more of the mean difference of its pairs.

    For ordered labels the unit is one step in their order. All pairs of a task are summed in one pass over its sorted
    answers: each answer counts plus once for every smaller and minus once for every larger one.
    """
    table = paired(table)
    if not table.tasks:
        return missing("no task has two answers or more")
    before = np.cumsum(table.count) - table.count
    first_cell = np.searchsorted(table.task, np.arange(table.tasks))
    smaller = before - before[first_cell][table.task]
    larger = table.size[table.task] - smaller - table.count
    # from the lowest answer of the task, so that large numbers do not drown small differences
    above = table.position[table.label] - table.position[table.label[first_cell]][table.task]
    total = table.per_task(table.count * above * (smaller - larger))
    return percent.mean_over_tasks(table, np.maximum(total, 0.0) * 2 / (table.size * (table.size - 1)))
