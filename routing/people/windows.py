"""How much each annotator's queue holds: hours of work, so that a stopped Cueloop stops nobody.

A queue holds `hold` seconds of work by its annotator's median time per task, between `at_least` and `at_most`
tasks. It is refilled when a task in it is answered, long before it runs dry. Somebody who was asked and shows no
sign of life for `return_after` gives their tasks back, and gets a few again only where nobody else is free. When
somebody at work runs dry and no task waits, those go to them who were not seen for `hold`: that long ago, their
queue should have been done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import sqlalchemy as sa

from cueloop.store import assignments, schema
from cueloop.store.annotators import Annotator
from cueloop.store.assignments import Assignment
from routing.language.actions import Queues

LOW = 0.25
"""Part of a queue below which it counts as dry."""

USUAL_SECONDS = 60.0
"""Seconds a task while nobody's time was measured."""

ABSENT_SHARE = 0.25
"""Part of `at_least` that an absent annotator's queue holds, so that they find work when they return."""


@dataclass(frozen=True, slots=True)
class Window:
    """One annotator's queue."""

    annotator: Annotator
    size: int
    """Tasks it is to hold."""
    open: tuple[Assignment, ...]
    """Tasks in it."""
    load: int
    """Tasks that they answered or are being asked, in all."""
    absent: bool
    """Asked, and no sign of life for too long."""
    idle: bool
    """Not seen for as long as their queue should take."""
    at_work: bool
    """Seen within that time."""
    new: bool = False
    """Never seen, and nothing was taken back from them: they may come any moment."""
    pace: float = USUAL_SECONDS
    """Seconds they take a task, or people usually do where none of theirs was measured."""

    @property
    def free(self) -> int:
        """Places left."""
        return max(0, self.size - len(self.open))

    @property
    def dry(self) -> bool:
        """At work, with little left to do."""
        return self.at_work and len(self.open) <= self.size * LOW


def read(conn: sa.Connection, project_id: int, people: Sequence[Annotator], queues: Queues,
         now: datetime) -> list[Window]:
    """The windows of these people, in their order."""
    opened: dict[int, list[Assignment]] = {}
    for assignment in assignments.open_of(conn, project_id):
        opened.setdefault(assignment.annotator_id, []).append(assignment)
    pace, seen, given_back = _pace(conn, project_id), _last_seen(conn, project_id), _given_back(conn, project_id)
    usual = median(pace.values()) if pace else None
    answered = _answered(conn, project_id)
    windows = []
    for person in people:
        mine = tuple(opened.get(person.id, ()))
        last, back = seen.get(person.id), given_back.get(person.id)
        absent, idle = (_away(mine, last, back, now, timedelta(seconds=patience))
                        for patience in (queues.return_after, queues.hold))
        at_work = last is not None and now - last < timedelta(seconds=queues.hold)
        size = window_size(pace.get(person.id, usual), queues)
        windows.append(Window(person, few(queues) if absent else size, mine, answered.get(person.id, 0) + len(mine),
                              absent, idle, at_work, last is None and back is None,
                              pace.get(person.id, usual) or USUAL_SECONDS))
    return windows


def few(queues: Queues) -> int:
    """Tasks that lie ready for somebody of whom nobody knows whether they come."""
    return max(1, int(queues.at_least * ABSENT_SHARE))


def window_size(seconds: float | None, queues: Queues) -> int:
    """Tasks that a queue holds for somebody who takes `seconds` a task; None: not known yet."""
    if seconds is None:
        return queues.at_least
    return int(min(max(queues.hold / max(seconds, 1.0), queues.at_least), queues.at_most))


def _away(mine: Sequence[Assignment], seen: datetime | None, given_back: datetime | None, now: datetime,
          patience: timedelta) -> bool:
    """Whether somebody who is asked, or gave tasks back, has shown no sign of life for `patience`."""
    if seen is not None and now - seen < patience:
        return False
    waiting = [a.created_at for a in mine]
    overdue = bool(waiting) and now - min(waiting) > patience
    stayed_away = given_back is not None and (seen is None or seen < given_back)
    return overdue or stayed_away


def _pace(conn: sa.Connection, project_id: int) -> dict[int, float]:
    """{annotator: median seconds a task}, where any was measured."""
    table = schema.performance
    rows = conn.execute(sa.select(table.c.annotator_id, sa.func.max(table.c.median_lead_time)).where(
        table.c.project_id == project_id, table.c.median_lead_time.is_not(None)).group_by(table.c.annotator_id))
    return {row[0]: float(row[1]) for row in rows}


def _last_seen(conn: sa.Connection, project_id: int) -> dict[int, datetime]:
    """{annotator: when they last submitted, skipped or saved a draft}."""
    seen: dict[int, datetime] = {}
    for table, column in ((schema.annotations, schema.annotations.c.created_at),
                          (schema.drafts, schema.drafts.c.updated_at)):
        rows = conn.execute(sa.select(table.c.annotator_id, sa.func.max(column)).where(
            table.c.project_id == project_id, table.c.annotator_id.is_not(None)).group_by(table.c.annotator_id))
        for person, at in rows:
            seen[person] = max(at, seen.get(person, at))
    return seen


def _given_back(conn: sa.Connection, project_id: int) -> dict[int, datetime]:
    """{annotator: when their tasks last went to others because they were away}."""
    table = schema.assignments
    rows = conn.execute(sa.select(table.c.annotator_id, sa.func.max(table.c.ended_at)).where(
        table.c.project_id == project_id, table.c.state == "returned").group_by(table.c.annotator_id))
    return {row[0]: row[1] for row in rows}


def _answered(conn: sa.Connection, project_id: int) -> dict[int, int]:
    table = schema.annotations
    rows = conn.execute(sa.select(table.c.annotator_id, sa.func.count(sa.distinct(table.c.task))).where(
        table.c.project_id == project_id, table.c.deleted_at.is_(None), ~table.c.was_cancelled,
        table.c.annotator_id.is_not(None)).group_by(table.c.annotator_id))
    return {row[0]: row[1] for row in rows}
