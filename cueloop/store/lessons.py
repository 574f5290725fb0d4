"""What a person's answer to a task would teach the model: written by training, read by routing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from cueloop.store.columns import now
from cueloop.store.schema import lessons
from cueloop.store.upsert import chunks, upsert

LABEL, SECOND = "label", "second"
"""A new label; a second opinion on an old one."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One task's worth for learning, on one control."""

    project_id: int
    task: int
    control: str
    value: float
    """0 to 1: its rank among the project's tasks."""
    kind: str
    why: str
    """margin | entropy | rare | far | doubtful | typical | random"""
    model: str
    version: str
    """Version that was in service when it was judged."""


def put(conn: sa.Connection, found: Iterable[Lesson]) -> None:
    """Write them, in the place of what was there of the same tasks and controls."""
    moment = now()
    upsert(conn, lessons, [asdict(one) | {"updated_at": moment} for one in found], ["task", "control"])


def clear(conn: sa.Connection, project_id: int, keep: Sequence[int] = ()) -> None:
    """Forget those of a project but for the tasks `keep`."""
    there = conn.scalars(sa.select(lessons.c.task).where(lessons.c.project_id == project_id).distinct())
    for some in chunks(sorted(set(there) - set(keep))):
        conn.execute(lessons.delete().where(lessons.c.task.in_(some)))


def of_tasks(conn: sa.Connection, keys: Sequence[int]) -> dict[tuple[int, str], Lesson]:
    """{(task, control): what it would teach} of those that are known."""
    names = list(Lesson.__dataclass_fields__)
    found: dict[tuple[int, str], Lesson] = {}
    for some in chunks(keys):
        for row in conn.execute(sa.select(*(lessons.c[name] for name in names)).where(lessons.c.task.in_(some))):
            found[row.task, row.control] = Lesson(**row._mapping)
    return found
