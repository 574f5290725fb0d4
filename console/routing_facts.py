"""How the routing of each project stands, in numbers: what an admin looks at first."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cueloop.store import Store, routes
from cueloop.store.columns import now
from cueloop.store.notices import FRESH
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import notices, pauses, projects
from cueloop.store.schema import routes as table
from routing.choosing.refill import LAST
from routing.thresholds import advice


def of_projects(store: Store) -> dict[int, dict[str, Any]]:
    """{project: states of its tasks, how many wait for somebody who qualifies, are unshown, were done unasked, ...}"""
    with store.read() as conn:
        return {project: _of(conn, project) for project in conn.scalars(sa.select(projects.c.id))}


def lines(facts: dict[str, Any]) -> list[str]:
    """The same for people: only what there is."""
    said = [", ".join(f"{count} {state}" for state, count in sorted(facts["states"].items()))]
    for name, text in (("nobody", "tasks that wait, for nobody is left who may be asked: {} (`route explain`)"),
                       ("unshown", "tasks not yet shown in Label Studio as they should be: {}"),
                       ("outside_queue", "answers of people who were not asked: {}; they count"),
                       ("paused", "people who are paused: {} (`cueloop team show`)"),
                       ("notices", "notices to be read: {} (`cueloop team notices`)")):
        if facts[name]:
            said.append(text.format(facts[name]))
    return [line for line in [*said, *facts["alarms"]] if line]


def _of(conn: sa.Connection, project: int) -> dict[str, Any]:
    def count(source: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return int(conn.scalar(sa.select(sa.func.count()).select_from(source).where(
            source.c.project_id == project, *where)) or 0)

    return {"states": routes.counts(conn, project),
            "nobody": count(table, table.c.need > 0, table.c.priority == LAST),
            "unshown": count(table, table.c.dirty),
            "outside_queue": count(notes, notes.c.outside_queue, notes.c.deleted_at.is_(None)),
            "paused": count(pauses, pauses.c.lifted_at.is_(None)),
            "notices": count(notices, notices.c.sent_at.is_(None), notices.c.created_at > now() - FRESH),
            "alarms": list(advice.of_store(conn, project))}
