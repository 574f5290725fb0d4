"""Reads from the store where each unfinished task stands, and what waits in each queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from cueloop.store import annotators, routes
from cueloop.store.projects import Project
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import assignments as asked
from cueloop.store.schema import routes as table
from cueloop.store.schema import tasks
from sync.arrays import FloatArray, IntArray
from sync.flow.clock import seconds

OPEN = (routes.WAITING, routes.ASKED, routes.ESCALATED)


@dataclass(frozen=True, slots=True)
class Standing:
    """T unfinished tasks as arrays: Label Studio's `task` id, `created` and `last` submission (POSIX seconds; `last`
    NaN without one), `answers` of people, `workers`: how many submitted, skipped or are being asked, `asked` now, and
    `asked_at` (oldest open question, NaN without one), `need`: people still to be asked. `escalated` and `stranded`
    (the router found nobody left to ask) are flags. `counts` has all tasks by state of `routes`, `unrouted`
    those that the rules never saw; `routed`: there are rules. `queues` is {annotator: (tasks, oldest question)},
    `people` how many there are to ask."""

    task: IntArray
    created: FloatArray
    last: FloatArray
    answers: IntArray
    workers: IntArray
    asked: IntArray
    asked_at: FloatArray
    need: IntArray
    escalated: NDArray[np.bool_]
    stranded: NDArray[np.bool_]
    counts: dict[str, int]
    unrouted: int
    routed: bool
    queues: dict[int, tuple[int, float]]
    people: int


def read(conn: sa.Connection, project: Project) -> Standing:
    """Where the tasks of a project stand. Without rules a task is open until Label Studio says it is labelled."""
    by_state = _counts(conn, project.id)
    unrouted = by_state.pop(None, 0)
    counts = {state: number for state, number in by_state.items() if state is not None}
    routed = bool(counts)
    if not routed:
        counts = _unrouted(conn, project.id)
    rows = conn.execute(_open(conn, project.id, routed).order_by(tasks.c.key)).all()
    done, (here, queues) = _submitted(conn, project.id, routed), _asked(conn, project.id)
    key, task, created, state, need, priority = zip(*rows, strict=True) if rows else ((),) * 6
    made = np.array([done.get(one, (0, 0, np.nan)) for one in key], np.float64).reshape(-1, 3)
    questions = np.array([here.get(one, (0, np.nan)) for one in key], np.float64).reshape(-1, 2)
    wanted = np.array(need, np.int64)
    return Standing(
        task=np.array(task, np.int64), created=np.array(created, np.float64), last=made[:, 2],
        answers=made[:, 0].astype(np.int64), workers=(made[:, 1] + questions[:, 0]).astype(np.int64),
        asked=questions[:, 0].astype(np.int64), asked_at=questions[:, 1], need=wanted,
        escalated=np.array([one == routes.ESCALATED for one in state], np.bool_),
        stranded=(wanted > 0) & (np.array(priority, np.float64) < 0),
        counts=counts, unrouted=unrouted if routed else 0, routed=routed, queues=queues, people=_people(conn, project))


def _alive(project_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None))


def _counts(conn: sa.Connection, project_id: int) -> dict[str | None, int]:
    """{state of the route: tasks}; None: never routed."""
    rows = conn.execute(sa.select(table.c.state, sa.func.count()).select_from(tasks)
                        .outerjoin(table, table.c.task == tasks.c.key)
                        .where(_alive(project_id)).group_by(table.c.state))
    return {row[0]: row[1] for row in rows}


def _unrouted(conn: sa.Connection, project_id: int) -> dict[str, int]:
    rows = conn.execute(sa.select(tasks.c.is_labeled.is_(sa.true()), sa.func.count()).where(_alive(project_id))
                        .group_by(tasks.c.is_labeled.is_(sa.true())))
    return {routes.DONE if row[0] else routes.WAITING: row[1] for row in rows}


def _open(conn: sa.Connection, project_id: int, routed: bool) -> sa.Select[Any]:
    created = seconds(conn, tasks.c.created_at).label("created")
    if not routed:
        return sa.select(tasks.c.key, tasks.c.id, created, sa.literal(None).label("state"),
                         sa.literal(0).label("need"), sa.literal(0.0).label("priority")).where(
            _alive(project_id), tasks.c.is_labeled.is_not(sa.true()))
    return (sa.select(tasks.c.key, tasks.c.id, created, table.c.state, table.c.need, table.c.priority)
            .join(table, table.c.task == tasks.c.key).where(_alive(project_id), table.c.state.in_(OPEN)))


def _submitted(conn: sa.Connection, project_id: int, routed: bool) -> dict[int, tuple[int, int, float]]:
    """{task: (answers, people who submitted, last submission)} of the unfinished tasks."""
    n = notes.c
    last = seconds(conn, sa.func.max(n.created_at)).label("last")
    answers = sa.func.count(sa.distinct(sa.case((~n.was_cancelled, n.annotator_id))))
    wanted = sa.select(n.task, answers, sa.func.count(sa.distinct(n.annotator_id)), last).where(
        n.deleted_at.is_(None), n.annotator_id.is_not(None),
        n.annotator_id.not_in(sorted(annotators.machines(conn)) or [-1])).group_by(n.task)
    if routed:
        wanted = wanted.join(table, table.c.task == n.task).where(
            table.c.project_id == project_id, table.c.state.in_(OPEN))
    else:
        wanted = wanted.join(tasks, tasks.c.key == n.task).where(
            _alive(project_id), tasks.c.is_labeled.is_not(sa.true()))
    return {row[0]: (row[1], row[2], row[3]) for row in conn.execute(wanted)}


def _asked(conn: sa.Connection, project_id: int) -> tuple[dict[int, tuple[int, float]], dict[int, tuple[int, float]]]:
    """({task: (people being asked, since when)}, {annotator: (tasks in their queue, since when)}).

    Open questions of all projects are read, by the index of what is open: they are few, and what was answered is not.
    """
    tasks_: dict[int, tuple[int, float]] = {}
    queues: dict[int, tuple[int, float]] = {}
    for row in conn.execute(sa.select(asked.c.project_id, asked.c.task, asked.c.annotator_id,
                                      seconds(conn, asked.c.created_at).label("at")).where(
            asked.c.state == sa.literal_column("'open'"))):
        if row.project_id == project_id:
            for where, key in ((tasks_, row.task), (queues, row.annotator_id)):
                number, since = where.get(key, (0, row.at))
                where[key] = number + 1, min(since, row.at)
    return tasks_, queues


def _people(conn: sa.Connection, project: Project) -> int:
    chosen = (project.pilot or {}).get("annotators") if project.mode == "pilot" else None
    return sum(not chosen or person.id in chosen for person in annotators.people(conn))
