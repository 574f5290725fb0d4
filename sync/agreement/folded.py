"""Sums of squared label totals under resampling, at bounded size however many labels there are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sync.agreement.table import Table
from sync.arrays import FloatArray

MANY_LABELS = 32
"""So many labels, the commonest, get a column each; more of them are folded into one."""

_CELLS = 8_000_000
"""At most so many numbers are held in columns, so with very many tasks fewer labels get their own (at least 8)."""


def folded(table: Table, amount: FloatArray) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Columns (T, S), and a function from their sums (R, S) to the sum over labels of squared totals (R,).

    A label's total is the sum of `amount` (C,) over its cells. Exact up to `MANY_LABELS` labels. The rest, each of
    them rare, enter by the first-order term of their squares and the mean of the second-order one:
    (N + d)^2 = N^2 + 2 N d + d^2, with d^2 replaced by its variance under resampling. Columns are ordered by what they
    hold, so names and order of labels change nothing unless two labels are used in just the same way.
    """
    totals = np.bincount(table.label, amount, table.labels)
    squares = np.bincount(table.label, amount**2, table.labels)
    mixed = np.bincount(table.label, amount * table.size[table.task], table.labels)
    commonest = np.lexsort((mixed, squares, totals))[::-1]
    keep = min(table.labels, MANY_LABELS, max(8, _CELLS // max(table.tasks, 1)))
    place = np.full(table.labels, -1)
    place[commonest[:keep]] = np.arange(keep)
    at = place[table.label]
    common = at >= 0
    dense = np.zeros((table.tasks, keep))
    dense[table.task[common], at[common]] = amount[common]
    if keep == table.labels:
        return dense, lambda sums: np.asarray((sums[:, :keep]**2).sum(1))
    first_order = table.per_task(np.where(common, 0.0, amount * totals[table.label]))
    rare = place < 0
    spread = squares[rare].sum() - (totals[rare]**2).sum() / table.tasks
    constant = spread - (totals[rare]**2).sum()
    return (np.column_stack((dense, first_order)),
            lambda sums: np.asarray((sums[:, :keep]**2).sum(1) + 2 * sums[:, keep] + constant))
