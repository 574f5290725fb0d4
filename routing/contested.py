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


def contested(conn: sa.Connection, keys: Sequence[int]) -> frozenset[int]:
    """Those of the tasks whose customer data somebody else changed lately; a task's first version is no change."""
    table = task_versions
    found: set[int] = set()
    for part in chunks(list(keys)):
        found |= set(conn.scalars(sa.select(table.c.task).where(
            table.c.task.in_(part), table.c.ours.is_(sa.false())).group_by(table.c.task)
            .having(sa.func.count() > 1, sa.func.max(table.c.seen_at) > now() - LATELY)))
    return frozenset(found)
