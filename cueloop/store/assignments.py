"""Assignments: who was asked what, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cueloop.store.schema import assignments
from cueloop.store.upsert import chunks

OPEN, ANSWERED, SKIPPED, WITHDRAWN, RETURNED = "open", "answered", "skipped", "withdrawn", "returned"
"""States: being asked; done; skipped; no longer wanted; taken back from somebody who was away."""

ASK, GOLD, RECHECK, REVIEW = "ask", "gold", "recheck", "review"
"""Kinds: wanted by a rule; ground truth among the work; asked again on a hidden copy; to correct others' answers."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One row of `assignments`."""

    key: int
    task: int
    annotator_id: int
    decision: int
    state: str
    created_at: datetime
    ended_at: datetime | None
    kind: str = ASK
    due_at: datetime | None = None
    """Until when it is to be answered."""


def add(conn: sa.Connection, project_id: int, task: int, people: Iterable[int], decision: int, at: datetime,
        kind: str = ASK, due_at: datetime | None = None) -> None:
    """Ask these people about a task. Raises IntegrityError when one of them is being asked already."""
    rows = [{"project_id": project_id, "task": task, "annotator_id": person, "decision": decision, "state": OPEN,
             "kind": kind, "created_at": at, "due_at": due_at} for person in people]
    if rows:
        conn.execute(assignments.insert(), rows)


def end(conn: sa.Connection, keys: Sequence[int], state: str, at: datetime) -> None:
    """Close open assignments as answered, skipped, withdrawn or returned."""
    for part in chunks(list(keys)):
        conn.execute(assignments.update().where(assignments.c.key.in_(part)).values(state=state, ended_at=at))


def of_tasks(conn: sa.Connection, tasks: Sequence[int]) -> dict[int, list[Assignment]]:
    """{task: its assignments, oldest first}."""
    found: dict[int, list[Assignment]] = {}
    for part in chunks(list(tasks)):
        for row in conn.execute(sa.select(assignments).where(assignments.c.task.in_(part))
                                .order_by(assignments.c.key)):
            found.setdefault(row.task, []).append(Assignment(
                row.key, row.task, row.annotator_id, row.decision, row.state, row.created_at, row.ended_at,
                row.kind, row.due_at))
    return found


def open_of(conn: sa.Connection, project_id: int) -> list[Assignment]:
    """All open assignments of a project."""
    rows = conn.execute(sa.select(assignments).where(
        assignments.c.project_id == project_id, assignments.c.state == OPEN).order_by(assignments.c.key))
    return [Assignment(r.key, r.task, r.annotator_id, r.decision, r.state, r.created_at, r.ended_at, r.kind,
                       r.due_at)
            for r in rows]
