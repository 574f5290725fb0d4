"""Reads what people submitted from the store: on a day, or on some tasks. Machines and deleted work are left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.store import annotators
from cueloop.store.schema import annotations as a
from cueloop.store.schema import answers, predictions, tasks
from cueloop.store.upsert import chunks
from sync.flow.clock import DAY, moment, seconds, start_of
from sync.flow.day import Submissions


def on_day(conn: sa.Connection, project_id: int, day: str) -> Submissions:
    """Everything submitted on a UTC day, by when it was first submitted."""
    first, last = start_of(day), start_of(day) + DAY
    rows = conn.execute(_select(conn).where(
        a.c.project_id == project_id, a.c.deleted_at.is_(None), a.c.created_at >= moment(first),
        a.c.created_at < moment(last)).order_by(a.c.created_at, a.c.unique_id)).all()
    return _arrays(conn, rows)


def on_tasks(conn: sa.Connection, keys: Sequence[int]) -> Submissions:
    """Everything submitted on these tasks (keys), oldest first."""
    rows: list[Any] = []
    for part in chunks(sorted(keys)):
        rows += conn.execute(_select(conn).where(a.c.task.in_(part), a.c.deleted_at.is_(None))).all()
    return _arrays(conn, sorted(rows, key=lambda row: (row.at, row.unique_id)))


def copies(conn: sa.Connection) -> frozenset[int]:
    """Keys of hidden copies, of all projects: the same people asked again."""
    return frozenset(conn.scalars(sa.select(tasks.c.key).where(tasks.c.copy_of > 0)))   # by the index, unlike not NULL


def _select(conn: sa.Connection) -> sa.Select[Any]:
    return sa.select(a.c.unique_id, a.c.annotator_id, a.c.task, seconds(conn, a.c.created_at).label("at"),
                     a.c.lead_time, a.c.was_cancelled, a.c.seen_suggestion).where(
        a.c.annotator_id.is_not(None), sa.func.coalesce(a.c.imported, sa.false()).is_(sa.false()))


def _arrays(conn: sa.Connection, rows: Sequence[Any]) -> Submissions:
    machines, hidden = annotators.machines(conn), copies(conn)
    if machines:
        rows = [row for row in rows if row.annotator_id not in machines]
    unique_id, annotator, task, at, lead, skip, seen = zip(*rows, strict=True) if rows else ((),) * 7
    shown, unchanged = _suggested(conn, [row for row in rows if row.seen_suggestion and not row.was_cancelled])
    counts = np.array([(shown.get(one, 0), unchanged.get(one, 0)) for one in unique_id] if shown else
                      np.zeros((len(rows), 2)), np.int64)
    return Submissions(
        annotator=np.array(annotator, np.int64), task=np.array(task, np.int64),
        at=np.array(np.round(at, 3), np.float64), lead=np.array(lead, np.float64), skip=np.array(skip, np.bool_),
        copy=np.isin(np.array(task, np.int64), list(hidden)), blind=np.array([one is False for one in seen], np.bool_),
        shown=counts[:, 0], unchanged=counts[:, 1])


def _suggested(conn: sa.Connection, rows: Sequence[Any]) -> tuple[dict[str, int], dict[str, int]]:
    """(controls with a suggestion, controls answered with it) of each annotation made with one on screen.

    The suggestion is the newest prediction that was in Label Studio when the annotation was submitted.
    """
    p, made = predictions.c, {row.unique_id: row.at for row in rows}
    found: dict[tuple[str, str], tuple[float, bool]] = {}
    pushed = seconds(conn, p.pushed_at).label("pushed")
    for part in chunks(sorted({row.task for row in rows})):
        for row in conn.execute(
                sa.select(answers.c.unique_id, answers.c.control, (answers.c.label == p.label).label("same"), pushed)
                .join(predictions, sa.and_(p.task == answers.c.task, p.control == answers.c.control))
                .where(answers.c.task.in_(part), ~answers.c.review, p.pushed_at.is_not(None))):
            at, place = made.get(row.unique_id), (row.unique_id, row.control)
            if at is not None and row.pushed <= at and row.pushed >= found.get(place, (-np.inf, False))[0]:
                found[place] = (row.pushed, bool(row.same))
    shown: dict[str, int] = {}
    unchanged: dict[str, int] = {}
    for (unique_id, _), (_, same) in found.items():
        shown[unique_id] = shown.get(unique_id, 0) + 1
        unchanged[unique_id] = unchanged.get(unique_id, 0) + same
    return shown, unchanged
