"""What people spent on tasks: seconds of work and their cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cueloop.declared import Costs
from cueloop.store import schema
from cueloop.store.schema import annotators
from routing.signals.rows import by_task

HOUR = 3600.0


def spent(conn: sa.Connection, keys: Sequence[int], costs: Costs) -> dict[int, tuple[float | None, float | None]]:
    """{task: (seconds, money)} of all submissions and skips of people; of tasks without any: nothing, and it cost
    nothing. Seconds are unknown where no time was measured, money where somebody's rate is not declared, too.
    """
    made = schema.annotations.c
    worked = by_task(conn, sa.select(made.task, made.lead_time, annotators.c.email).join(
        annotators, sa.and_(annotators.c.id == made.annotator_id, annotators.c.kind == "person")).where(
        made.deleted_at.is_(None)), made.task, keys)
    hourly = {email.lower(): rate for email, rate in costs.people.items()}
    return {key: _one(worked.get(key, ()), hourly, costs.per_hour) for key in keys}


def _one(worked: Sequence[Any], hourly: Mapping[str, float], usual: float | None) -> tuple[float | None, float | None]:
    if not worked:
        return 0.0, 0.0
    timed = [(row.lead_time, hourly.get(row.email.lower(), usual)) for row in worked if row.lead_time is not None]
    if not timed:
        return None, None
    seconds = float(sum(seconds for seconds, _ in timed))
    known = [seconds * rate / HOUR for seconds, rate in timed if rate is not None]
    return seconds, float(sum(known)) if len(known) == len(timed) else None
