"""How long tasks take from the first answer until people's answers suffice."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.store.schema import annotations as notes
from cueloop.store.schema import decisions
from cueloop.store.upsert import chunks
from sync.flow.clock import seconds

NEWEST = 1_000
"""Decisions that are looked at: the newest ones."""


def first_to_done(conn: sa.Connection, project_id: int, routed: bool) -> dict[str, Any]:
    """Seconds from a task's first answer to the decision that it is done: median and 90 % of the newest tasks."""
    nothing = {"median": None, "p90": None, "tasks": 0}
    if not routed:
        return nothing | {"reason": "no rules are in force: when a task was done is unknown"}
    d, n = decisions.c, notes.c
    ended: dict[int, float] = {}
    for row in conn.execute(sa.select(d.task, seconds(conn, d.created_at).label("at")).where(
            d.project_id == project_id, d.kind == "stop").order_by(d.key.desc()).limit(NEWEST)):
        ended.setdefault(row.task, row.at)
    took: list[float] = []
    for part in chunks(sorted(ended)):
        began = conn.execute(sa.select(n.task, seconds(conn, sa.func.min(n.created_at)).label("at")).where(
            n.task.in_(part), n.deleted_at.is_(None), ~n.was_cancelled).group_by(n.task))
        took += [max(ended[row.task] - row.at, 0.0) for row in began]
    if not took:
        return nothing | {"reason": "no task was finished by people yet"}
    half, most = np.quantile(took, (0.5, 0.9))
    return {"median": round(float(half), 1), "p90": round(float(most), 1), "tasks": len(took), "reason": None}
