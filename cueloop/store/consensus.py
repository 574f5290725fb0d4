"""Consensus in the store: one row for each task and control that people have answered, and agreement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store.columns import now
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


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which state of a task's consensus is stored: compare two to see whether somebody wrote in between."""

    label: str
    probability: float
    answers: int
    method: str
    updated_at: datetime

    def differs(self, row: Consensus, by: float = 1e-6) -> bool:
        """Whether `row` says something else: another label or basis, or a probability that moved more than `by`."""
        return ((self.label, self.answers, self.method) != (row.label, row.answers, row.method)
                or abs(self.probability - row.probability) > by)


def stamps(conn: sa.Connection, project_id: int, control: str) -> dict[int, Stamp]:
    """The stored state of every task (key) of a project that has a consensus on this control."""
    c = consensus.c
    rows = conn.execute(sa.select(c.task, c.label, c.probability, c.answers, c.method, c.updated_at)
                        .where(c.project_id == project_id, c.control == control))
    same: dict[Any, Any] = {}     # a few labels and moments stand in very many rows: one object of each is enough
    once = same.setdefault
    return {task: Stamp(once(label, label), probability, answers, once(method, method), once(at, at))
            for task, label, probability, answers, method, at in rows}


def write(conn: sa.Connection, project_id: int, rows: Sequence[Consensus]) -> None:
    """Insert or overwrite these rows."""
    at = now()
    for part in chunks(rows, ROWS):
        columns = {name: [getattr(row, name) for row in part] for name in Consensus.__slots__}
        upsert_columns(conn, consensus, {**columns, "project_id": [project_id] * len(part),
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
