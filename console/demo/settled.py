"""Is the loop at rest? What the demo waits for, read from the store as the loop itself leaves it."""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from cueloop.errors import PartFailed
from cueloop.store import Store, projects
from cueloop.store import schema as s
from cueloop.store.assignments import OPEN

POLL = 0.3
"""Seconds between two looks."""


def seen(store: Store, project_id: int, submitted: int) -> bool:
    """Every submitted answer is in the store, judged and routed, and what was decided stands in Label Studio."""
    with store.read() as conn:
        pending = projects.pending_changes(conn, project_id)
        answers = _count(conn, s.answers, s.answers.c.project_id == project_id)
        unpublished = _count(conn, s.routes, s.routes.c.project_id == project_id, s.routes.c.dirty)
    return not pending and not unpublished and answers >= submitted


def out_of_work(store: Store, project_id: int, submitted: int) -> bool:
    """The loop has seen everything, nobody is being asked, nobody is wanted, and no model is on its way."""
    if not seen(store, project_id, submitted):
        return False
    with store.read() as conn:
        asked = _count(conn, s.assignments, s.assignments.c.project_id == project_id, s.assignments.c.state == OPEN)
        wanted = _count(conn, s.routes, s.routes.c.project_id == project_id, s.routes.c.need > 0)
        return not asked and not wanted and not working(conn, project_id)


def working(conn: sa.Connection, project_id: int) -> bool:
    """A job of this project waits or runs."""
    return bool(_count(conn, s.jobs, s.jobs.c.project_id == project_id, s.jobs.c.state.in_(["queued", "running"])))


def wait(done: Callable[[], bool], what: str, seconds: float) -> None:
    """Wait until `done`; raises PartFailed naming `what` when that takes longer than `seconds`."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise PartFailed(f"{what}: not done after {seconds:.0f} s. Look into the logs in the home folder.")
        time.sleep(POLL)


def _count(conn: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    return int(conn.execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one())
