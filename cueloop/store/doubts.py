"""Tasks that a version had pre-labelled before it was found bad: people are to look again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cueloop.store import projects
from cueloop.store.columns import now
from cueloop.store.schema import doubts
from cueloop.store.upsert import chunks, upsert


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a task's label is doubted."""

    task: int
    control: str
    model: str
    version: str
    reason: str


def put(conn: sa.Connection, project_id: int, found: Iterable[Doubt]) -> int:
    """Mark tasks for another look; those marked already stay as they are. Routing sees them as changed. How many are
    new."""
    moment = now()
    there = _marked(conn, project_id)
    found = [one for one in found if (one.task, one.control, one.model, one.version) not in there]
    rows = [{"project_id": project_id, "task": one.task, "control": one.control, "model": one.model,
             "version": one.version, "reason": one.reason, "created_at": moment} for one in found]
    upsert(conn, doubts, rows, ["task", "control", "model", "version"], update=[])
    projects.note_changes(conn, project_id, {one.task for one in found})
    return len(rows)


def _marked(conn: sa.Connection, project_id: int) -> set[tuple[int, str, str, str]]:
    """(task, control, model, version) of all that were ever marked, also of those that somebody has looked at."""
    c = doubts.c
    return {(row.task, row.control, row.model, row.version) for row in conn.execute(
        sa.select(c.task, c.control, c.model, c.version).where(c.project_id == project_id))}


def resolve(conn: sa.Connection, keys: Sequence[int]) -> None:
    """Somebody has looked."""
    for some in chunks(keys):
        conn.execute(doubts.update().values(resolved_at=now()).where(
            doubts.c.task.in_(some), doubts.c.resolved_at.is_(None)))


def of_tasks(conn: sa.Connection, keys: Sequence[int]) -> dict[tuple[int, str], Doubt]:
    """{(task, control): why it is doubted} of those that nobody has looked at since."""
    found: dict[tuple[int, str], Doubt] = {}
    for some in chunks(keys):
        for row in conn.execute(sa.select(doubts).where(doubts.c.task.in_(some), doubts.c.resolved_at.is_(None))):
            found[row.task, row.control] = Doubt(row.task, row.control, row.model, row.version, row.reason)
    return found
