"""Consensus in the store: one row for each task and control that people have answered, and agreement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import compress
from typing import Any, overload

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store.columns import JsonRows, now
from cueloop.store.schema import agreement, consensus
from cueloop.store.upsert import chunks, upsert, upsert_columns

ROWS = 2_000
"""Rows written at a time: what a statement needs beside them is several times their own size."""


@dataclass(frozen=True, slots=True)
class Consensus:
    """What is known of one task: `probability` is the calibrated one of `label`.

    `people` has the probabilities by people's answers alone, None where no model had a voice and they are the same.
    `value` is a structured consensus (`sync.kinds`), and `label` then a short text of it. `effective` is how many
    average answers it is worth, `wrong` the chance that it is wrong. Without an answer of a person there is no row.
    """

    task: int
    control: str
    label: str
    probability: float
    probabilities: dict[str, float]
    answers: int
    method: str
    value: Any = None
    people: dict[str, float] | None = None
    effective: float | None = None
    wrong: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ConsensusColumns(Sequence[Consensus]):
    """The consensus of n tasks on one control as columns: a `Consensus` is made only when somebody asks for one.

    `chosen` (n,) is the place of each task's label among the K `labels`, `probability` (n, K) is told; `people` (n, K)
    is by people alone, and counts where a model `spoke` (n,). A ground truth is never wrong: see `sure` (n,).
    """

    control: str
    labels: tuple[str, ...]
    task: NDArray[Any]
    chosen: NDArray[np.integer[Any]]
    probability: NDArray[np.float64]
    people: NDArray[np.float64]
    spoke: NDArray[np.bool_]
    answers: NDArray[np.integer[Any]]
    effective: NDArray[np.float64]
    method: NDArray[Any]
    sure: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.task)

    def __iter__(self) -> Iterator[Consensus]:
        return map(Consensus, *self.columns().values())

    @overload
    def __getitem__(self, at: int) -> Consensus: ...

    @overload
    def __getitem__(self, at: slice) -> ConsensusColumns: ...

    def __getitem__(self, at: int | slice) -> Consensus | ConsensusColumns:
        places = np.arange(len(self))[at]
        return self.take(places) if isinstance(at, slice) else next(iter(self.take(places[None])))

    def take(self, at: NDArray[Any]) -> ConsensusColumns:
        """Only these rows: places, or which to keep."""
        return replace(self, **{one.name: getattr(self, one.name)[at] for one in fields(self)
                                if one.name not in ("control", "labels")})

    def columns(self) -> dict[str, Sequence[Any]]:
        """Values as the fields of `Consensus` and the columns of the table have them."""
        size = len(self)
        told = self.probability[np.arange(size), self.chosen]
        return {
            "task": self.task.tolist(), "control": [self.control] * size,
            "label": np.array(self.labels, object)[self.chosen].tolist(), "probability": told.round(6).tolist(),
            "probabilities": JsonRows(self.labels, self.probability.round(6)), "answers": self.answers.tolist(),
            "method": self.method.tolist(), "value": [None] * size,
            "people": JsonRows(self.labels, self.people.round(6), self.spoke) if self.spoke.any() else [None] * size,
            "effective": self.effective.round(3).tolist(),
            "wrong": np.where(self.sure, 0.0, 1 - told.round(6)).round(6).tolist()}


def columns(rows: Sequence[Consensus], names: Collection[str] = Consensus.__slots__) -> dict[str, Sequence[Any]]:
    """These fields of many rows, a column each."""
    if isinstance(rows, ConsensusColumns):
        return {name: column for name, column in rows.columns().items() if name in names}
    return {name: [getattr(row, name) for row in rows] for name in names}


def kept(rows: Sequence[Consensus], keep: NDArray[np.bool_]) -> Sequence[Consensus]:
    """The rows that are to be kept, in their order."""
    return rows.take(keep) if isinstance(rows, ConsensusColumns) else list(compress(rows, keep.tolist()))


def write(conn: sa.Connection, project_id: int, rows: Sequence[Consensus]) -> None:
    """Insert or overwrite these rows."""
    at = now()
    for part in chunks(rows, ROWS):
        upsert_columns(conn, consensus, {**columns(part), "project_id": [project_id] * len(part),
                                         "updated_at": [at] * len(part)})


def of_tasks(conn: sa.Connection, tasks: Collection[int], control: str) -> dict[int, Consensus]:
    """The consensus of these tasks (keys) on a control; tasks that nobody answered are absent."""
    found = {}
    for part in chunks(sorted(tasks)):
        for row in conn.execute(sa.select(consensus).where(consensus.c.task.in_(part),
                                                           consensus.c.control == control)):
            found[row.task] = _consensus(row)
    return found


def of_project(conn: sa.Connection, project_id: int, control: str) -> dict[int, Consensus]:
    """The consensus of all tasks (keys) of a project on a control."""
    rows = conn.execute(sa.select(consensus).where(consensus.c.project_id == project_id,
                                                   consensus.c.control == control))
    return {row.task: _consensus(row) for row in rows}


def remove(conn: sa.Connection, tasks: Collection[int], control: str) -> None:
    """Forget the consensus of these tasks: their answers are gone."""
    for part in chunks(sorted(tasks)):
        conn.execute(consensus.delete().where(consensus.c.task.in_(part), consensus.c.control == control))


def keep_controls(conn: sa.Connection, project_id: int, controls: Collection[str]) -> None:
    """Forget what is stored of controls that the label config no longer has."""
    for table in (consensus, agreement):
        conn.execute(table.delete().where(table.c.project_id == project_id,
                                          table.c.control.not_in(list(controls))))


def write_agreement(conn: sa.Connection, project_id: int, control: str, values: dict[str, Any]) -> None:
    """Write alpha of a control: `value`, `low`, `high` (None with a `reason`), `tasks`, `answers`."""
    upsert(conn, agreement, [{"project_id": project_id, "control": control, "metric": "alpha",
                              "updated_at": now(), **values}])


def _consensus(row: Any) -> Consensus:
    return Consensus(row.task, row.control, row.label, row.probability, row.probabilities, row.answers, row.method,
                     row.value, row.people, row.effective, row.wrong)
