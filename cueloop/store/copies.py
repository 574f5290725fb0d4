"""Hidden copies: tasks by which somebody is asked again what they answered before. Only the store knows them.

While a copy is imported, its queue bears a name that only the journal knows: by that it is recognised, whoever sees
it first. As soon as the store knows it, its queue becomes the person's own, and nothing in Label Studio tells it
from other tasks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from cueloop.store.schema import annotations as notes
from cueloop.store.schema import assignments, journal, tasks
from cueloop.store.upsert import CHUNK, chunks

KIND = "copy"
"""Of entries in the journal: target is the name of the queue, `before` has the task that is copied and for whom."""

NAME = re.compile(r"c[0-9a-f]{24}")
"""Names of queues that nobody has."""


def recognise(conn: sa.Connection, project_id: int, queues: Mapping[int, Collection[str]]) -> None:
    """Write down which of these tasks (keys, with the names in their queue) are copies that were announced."""
    by_name = {name: key for key, names in queues.items() for name in names if NAME.fullmatch(name)}
    for some in chunks(sorted(by_name)):
        for row in conn.execute(sa.select(journal.c.target, journal.c.before).where(
                journal.c.project_id == project_id, journal.c.kind == KIND, journal.c.target.in_(some))):
            mark(conn, by_name[row.target], int(row.before["task"]))


def mark(conn: sa.Connection, key: int, original: int) -> None:
    """A task is the copy of another, and blind."""
    conn.execute(tasks.update().where(tasks.c.key == key).values(copy_of=original, blind=True))


def among(conn: sa.Connection, keys: Sequence[int]) -> frozenset[int]:
    """Those of the tasks that are hidden copies."""
    found = sa.select(tasks.c.key).where(tasks.c.copy_of > 0)       # by the index, which a test for NULL would not use
    if len(keys) > CHUNK:
        return frozenset(conn.scalars(found)) & frozenset(keys)
    return frozenset(conn.scalars(found.where(tasks.c.key.in_(keys))))


def asked_again(conn: sa.Connection, annotator_id: int) -> frozenset[int]:
    """Tasks of which somebody has, or had, a copy."""
    return frozenset(conn.scalars(sa.select(tasks.c.copy_of).join(assignments, assignments.c.task == tasks.c.key).where(
        assignments.c.annotator_id == annotator_id, tasks.c.copy_of.is_not(None))))


def answered_on_copies(conn: sa.Connection, project_id: int) -> dict[int, list[tuple[int, int]]]:
    """{annotator: [(copy, its original)]} of living copies that were answered by whom they were for."""
    rows = conn.execute(sa.select(notes.c.annotator_id, tasks.c.key, tasks.c.copy_of).distinct().join(
        tasks, tasks.c.key == notes.c.task).join(assignments, sa.and_(
            assignments.c.task == tasks.c.key, assignments.c.annotator_id == notes.c.annotator_id)).where(
        tasks.c.project_id == project_id, tasks.c.copy_of.is_not(None), notes.c.deleted_at.is_(None),
        ~notes.c.was_cancelled).order_by(notes.c.annotator_id, tasks.c.key))
    found: dict[int, list[tuple[int, int]]] = {}
    for row in rows:
        found.setdefault(row.annotator_id, []).append((row.key, row.copy_of))
    return found
