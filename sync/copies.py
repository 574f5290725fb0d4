"""Notices hidden copies among the tasks that are pulled, before anybody takes them for tasks of their own."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from cueloop.seen import SeenTask
from cueloop.store import copies


def recognise(conn: sa.Connection, project_id: int, seen: Mapping[int, SeenTask]) -> None:
    """Mark those of the tasks (by our keys) that are copies: a process may have died before it could."""
    copies.recognise(conn, project_id, {key: str(task.cue.get("cue_queue") or "").split(",")
                                        for key, task in seen.items()})
