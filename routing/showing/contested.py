"""Which tasks somebody else is writing to as well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from cueloop.store.columns import now
from cueloop.store.schema import task_versions
from cueloop.store.upsert import chunks

LATELY = timedelta(minutes=2)
"""How long an edit by somebody else makes a task contested."""


def contested(conn: sa.Connection, keys: Sequence[int]) -> dict[int, int]:
    """{task: how often somebody else changed its data lately}; a task's first version is no change."""
    table = task_versions
    found: dict[int, int] = {}
    for part in chunks(list(keys)):
        first = sa.select(sa.func.min(table.c.key)).where(table.c.task.in_(part)).group_by(table.c.task)
        rows = conn.execute(sa.select(table.c.task, sa.func.count()).where(
            table.c.task.in_(part), table.c.ours.is_(sa.false()), table.c.key.not_in(first),
            table.c.seen_at > now() - LATELY).group_by(table.c.task))
        found |= {row[0]: row[1] for row in rows}
    return found
