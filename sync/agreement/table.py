"""How often each task got each label: all that most coefficients need to know. Only cells that are not empty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray

_DENSE_CELLS = 20_000_000
"""Up to so many cells counting goes through the full table; above, through sorting the answers."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells (C,) sorted by task, then label: `count` answers gave `label` to `task`.

    `rows` (T,) are the tasks' own numbers, `size` (T,) their answers. `position` (K,) is where each label lies on its
    scale, ascending: its number, or its place in the order of labels.
    """

    task: IntArray
    label: IntArray
    count: FloatArray
    rows: IntArray
    size: FloatArray
    position: FloatArray

    @property
    def tasks(self) -> int:
        return len(self.rows)

    @property
    def labels(self) -> int:
        return len(self.position)

    @property
    def answers(self) -> int:
        return int(self.size.sum())

    def totals(self) -> FloatArray:
        """Answers per label (K,)."""
        return np.bincount(self.label, self.count, self.labels).astype(np.float64, copy=False)

    def per_task(self, amount: FloatArray) -> FloatArray:
        """Sums (T,) of what each cell (C,) has."""
        return np.bincount(self.task, amount, self.tasks).astype(np.float64, copy=False)

    def agreeing(self) -> FloatArray:
        """Ordered pairs of equal answers per task (T,)."""
        return self.per_task(self.count * (self.count - 1))


def tabulate(task: IntArray, label: IntArray, tasks: int, position: FloatArray) -> Table:
    """The table of answers (N,), as indices of tasks and labels."""
    key = np.asarray(task, np.int64) * len(position) + label
    if tasks * len(position) <= max(_DENSE_CELLS, len(key)):
        full = np.bincount(key, minlength=tasks * len(position))
        cells = np.flatnonzero(full)
        count = full[cells].astype(np.float64)
    else:
        cells, found = np.unique(key, return_counts=True)
        count = found.astype(np.float64)
    return _table(*np.divmod(cells, max(len(position), 1)), count, np.arange(tasks), position)


def from_counts(votes: FloatArray) -> Table:
    """The table of answers already counted per task and label (T, K). Raises ValueError unless they are counts."""
    votes = np.asarray(votes, np.float64)
    if votes.ndim != 2:
        raise ValueError(f"votes have {votes.ndim} dimensions, but must be a table of tasks by labels")
    if not np.isfinite(votes).all() or (votes < 0).any() or (votes != np.floor(votes)).any():
        raise ValueError("votes must be counts: whole numbers from 0")
    task, label = np.nonzero(votes)
    return _table(task, label, votes[task, label], np.arange(len(votes)), np.arange(votes.shape[1], dtype=float))


def paired(table: Table) -> Table:
    """Only tasks with two answers or more: others cannot show agreement."""
    return only(table, table.size >= 2)


def only(table: Table, keep: NDArray[np.bool_]) -> Table:
    """Only these tasks (T,)."""
    if keep.all():
        return table
    place = np.cumsum(keep) - 1
    cells = keep[table.task]
    return _table(place[table.task[cells]], table.label[cells], table.count[cells], table.rows[keep], table.position)


def _table(task: IntArray, label: IntArray, count: FloatArray, rows: IntArray, position: FloatArray) -> Table:
    """Labels that nobody used are dropped: none of the coefficients depends on them."""
    used = np.bincount(label, minlength=len(position)) > 0
    place = np.cumsum(used) - 1
    size = np.bincount(task, count, len(rows)).astype(np.float64, copy=False)
    return Table(task, place[label], count, rows, size, position[used])
