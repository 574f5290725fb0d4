"""Which tasks a pilot is about: those that its filter selects."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from cueloop.store import projects
from cueloop.store.schema import tasks
from cueloop.store.upsert import chunks


def chosen(conn: sa.Connection, project_id: int, keys: Sequence[int]) -> list[int]:
    """Of these tasks (keys) the ones that may be routed: all, but in a pilot those whose field has its value."""
    project = projects.get(conn, project_id)
    wanted = (project.pilot or {}).get("filter") if project.mode == "pilot" else None
    if not wanted:
        return list(keys)
    found: list[int] = []
    for some in chunks(list(keys)):
        rows = conn.execute(sa.select(tasks.c.key, tasks.c.data).where(tasks.c.key.in_(some)).order_by(tasks.c.key))
        found += [row.key for row in rows if str(row.data.get(wanted["field"])) == wanted["value"]]
    return found
