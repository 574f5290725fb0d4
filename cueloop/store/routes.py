"""Routes: where each task stands, what Label Studio should show of it, and what it last confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store import schema
from cueloop.store.schema import assignments, routes, tasks
from cueloop.store.upsert import chunks, upsert

WAITING, ASKED, ACCEPTED, DONE, ESCALATED = "waiting", "asked", "accepted", "done", "escalated"


@dataclass(frozen=True, slots=True)
class Route:
    """One row of `routes`."""

    task: int
    project_id: int
    state: str
    wanted: dict[str, Any]
    published: dict[str, Any] | None
    dirty: bool
    """Label Studio does not show what is wanted."""
    audit: bool
    """Held out from the machine to check on it."""
    plan: dict[str, Any]
    need: int
    """People still to be asked."""
    priority: float
    updated_at: datetime
    published_at: datetime | None
    wake_at: datetime | None = None
    """When the clock alone gives a reason to look again."""
    audience: str = ""
    """Who may be asked, with the task's fields read (`routing.people.qualify.group`); empty: anybody."""
    together: str = ""
    """Tasks with the same text here go to the same people."""


def of_tasks(conn: sa.Connection, keys: Sequence[int]) -> dict[int, Route]:
    """{task: its route}; tasks that were never routed are absent."""
    found = {}
    for part in chunks(list(keys)):
        for row in conn.execute(sa.select(routes).where(routes.c.task.in_(part))):
            found[row.task] = Route(**row._mapping)
    return found


def missing(conn: sa.Connection, keys: Sequence[int]) -> list[int]:
    """Those of the tasks that were never routed."""
    known: set[int] = set()
    for part in chunks(list(keys)):
        known |= set(conn.scalars(sa.select(routes.c.task).where(routes.c.task.in_(part))))
    return [key for key in keys if key not in known]


def put(conn: sa.Connection, rows: Sequence[Route]) -> None:
    """Insert or overwrite routes."""
    upsert(conn, routes, [{name: getattr(row, name) for name in Route.__slots__} for row in rows], ["task"])


def dirty(conn: sa.Connection, project_id: int, limit: int, *, accepted: bool = False) -> list[Route]:
    """Routes that Label Studio does not show yet: first what is done, lest people work on it in vain; oldest first.

    What is asked anew can wait a little, for queues hold hours of work; of that, what was escalated goes first.
    Those that the machine accepts are told apart (`accepted`), for they may have to wait for their predictions.
    """
    urgency = sa.case((routes.c.state == DONE, 0), (routes.c.state == ESCALATED, 1), else_=2)
    which = routes.c.state == ACCEPTED if accepted else routes.c.state != ACCEPTED
    rows = conn.execute(sa.select(routes).where(routes.c.project_id == project_id, routes.c.dirty, which)
                        .order_by(urgency, routes.c.updated_at, routes.c.task).limit(limit))
    return [Route(**row._mapping) for row in rows]


def confirm(conn: sa.Connection, task: int, wanted: dict[str, Any], at: datetime,
            shown: dict[str, Any] | None = None) -> None:
    """Label Studio shows `wanted` now, or just that part of it which is given as `shown`.

    If something else is wanted meanwhile, the route stays dirty.
    """
    now_wanted = conn.scalar(sa.select(routes.c.wanted).where(routes.c.task == task))
    values: dict[str, Any] = {"published": wanted if shown is None else shown, "published_at": at}
    if now_wanted == wanted:
        values["dirty"] = False
    conn.execute(routes.update().where(routes.c.task == task).values(**values))


def hungry(conn: sa.Connection, project_id: int, limit: int) -> list[int]:
    """Tasks (keys) that need more people, the most wanted first."""
    return list(conn.scalars(sa.select(routes.c.task).where(routes.c.project_id == project_id, routes.c.need > 0)
                             .order_by(routes.c.priority.desc(), routes.c.task).limit(limit)))


def audiences(conn: sa.Connection, project_id: int) -> list[str]:
    """The different audiences of tasks that need more people, in order.

    Few audiences and many tasks: each is looked up in the index from the one before, which no `DISTINCT` does.
    """
    found: list[str] = []
    query = sa.select(sa.func.min(routes.c.audience)).where(routes.c.project_id == project_id, routes.c.need > 0)
    audience = conn.scalar(query)
    while audience is not None:
        found.append(audience)
        audience = conn.scalar(query.where(routes.c.audience > audience))
    return found


def hungry_of(conn: sa.Connection, project_id: int, audience: str, limit: int, *,
              after: tuple[float, int] | None = None, person: int | None = None) -> list[tuple[float, int]]:
    """(priority, task) of tasks with this audience that need more people, the most wanted first; the next ones
    `after` the last that was seen. With `person` only those that they have not worked on and are not asked."""
    query = sa.select(routes.c.priority, routes.c.task).where(
        routes.c.project_id == project_id, routes.c.audience == audience, routes.c.need > 0)
    if after is not None:
        priority, task = after
        query = query.where(sa.or_(routes.c.priority < priority,
                                   sa.and_(routes.c.priority == priority, routes.c.task > task)))
    if person is not None:
        note, asked = schema.annotations.c, assignments.c
        query = query.where(
            ~sa.exists().where(note.task == routes.c.task, note.annotator_id == person, note.deleted_at.is_(None)),
            ~sa.exists().where(asked.task == routes.c.task, asked.annotator_id == person, asked.state == "open"))
    rows = conn.execute(query.order_by(routes.c.priority.desc(), routes.c.task).limit(limit))
    return [(float(row.priority), int(row.task)) for row in rows]


def familiar(conn: sa.Connection, project_id: int, together: Sequence[str]) -> dict[str, dict[int, int]]:
    """{what tasks are kept together by: {annotator: how many of them they had or have}}."""
    found: dict[str, dict[int, int]] = {}
    for part in chunks(sorted(set(together) - {""})):
        for row in conn.execute(sa.select(routes.c.together, assignments.c.annotator_id, sa.func.count()).join(
                assignments, assignments.c.task == routes.c.task).where(
                routes.c.project_id == project_id, routes.c.together.in_(part),
                assignments.c.state.in_(["open", "answered"])).group_by(
                routes.c.together, assignments.c.annotator_id)):
            found.setdefault(row[0], {})[row[1]] = row[2]
    return found


def counts(conn: sa.Connection, project_id: int) -> dict[str, int]:
    """{state: tasks} of a project, without hidden copies."""
    rows = conn.execute(sa.select(routes.c.state, sa.func.count()).join(tasks, tasks.c.key == routes.c.task).where(
        routes.c.project_id == project_id, tasks.c.copy_of.is_(None)).group_by(routes.c.state))
    return {row[0]: row[1] for row in rows}
