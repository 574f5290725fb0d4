"""Notices queues that somebody else's write spoilt, so that the next publish heals them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from cueloop.seen import SeenTask
from cueloop.store.schema import routes
from cueloop.store.upsert import chunks


def mark(conn: sa.Connection, seen: Mapping[int, SeenTask]) -> int:
    """Mark the routes dirty of tasks (by our keys) that do not show what we published; how many there were.

    `is_labeled` is not compared: Label Studio moves it whenever somebody answers.
    """
    spoilt = 0
    for some in chunks(sorted(seen)):
        rows = conn.execute(sa.select(routes.c.task, routes.c.published).where(
            routes.c.task.in_(some), routes.c.published.is_not(None))).all()
        for row in rows:
            shown = _shown(row.published, seen[row.task])
            if shown != row.published:
                conn.execute(routes.update().where(routes.c.task == row.task).values(published=shown, dirty=True))
                spoilt += 1
    return spoilt


def mark_lost(conn: sa.Connection, keys: Collection[int]) -> None:
    """Mark the routes dirty of tasks where we overwrote somebody's data: publish puts it back."""
    conn.execute(routes.update().where(routes.c.task.in_(sorted(keys))).values(dirty=True))


def _shown(published: Mapping[str, Any], task: SeenTask) -> dict[str, Any]:
    """What Label Studio shows in place of what we published."""
    shown = dict(published)
    if "cue" in shown:
        shown["cue"] = {name: task.cue[name] for name in published["cue"] if name in task.cue}
    if "overlap" in shown:
        shown["overlap"] = task.overlap
    return shown
