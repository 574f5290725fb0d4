"""Closes questions that were answered or skipped, or whose task is gone, and doubts that somebody looked into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from cueloop.store import assignments, doubts, routes, schema
from cueloop.store.assignments import OPEN, Assignment
from cueloop.store.upsert import chunks
from routing.context import Context
from routing.deciding import places


def close_answered(conn: sa.Connection, given: Context, keys: Sequence[int]) -> None:
    """Close the questions that were answered or skipped, and note which answers nobody asked for.

    Who was asked to review, or to decide, answers by a correction of somebody else's annotation, too.
    """
    note = schema.annotations
    asked = assignments.of_tasks(conn, keys)
    ended: dict[str, list[int]] = {assignments.ANSWERED: [], assignments.SKIPPED: []}
    unasked: dict[bool, list[str]] = {True: [], False: []}
    correcting: dict[int, list[Assignment]] = {}
    for part in chunks(list(keys)):
        for row in conn.execute(sa.select(
                note.c.unique_id, note.c.task, note.c.annotator_id, note.c.was_cancelled, note.c.outside_queue,
                note.c.updated_by, note.c.created_at).where(note.c.task.in_(part), note.c.deleted_at.is_(None))
                .order_by(note.c.was_cancelled)):
            if row.updated_by not in (None, row.annotator_id):
                correcting.setdefault(row.task, []).extend(
                    a for a in asked.get(row.task, ()) if a.annotator_id == row.updated_by and a.state == OPEN)
            if row.annotator_id is None or row.annotator_id in given.machines:
                continue
            mine = [a for a in asked.get(row.task, ()) if a.annotator_id == row.annotator_id]
            state = assignments.SKIPPED if row.was_cancelled else assignments.ANSWERED
            ended[state] += [a.key for a in mine if a.state == assignments.OPEN]
            if row.outside_queue is None and row.created_at >= given.project.connected_at:
                unasked[not mine].append(row.unique_id)
    ended[assignments.ANSWERED] += _corrected(conn, {key: mine for key, mine in correcting.items() if mine})
    skipped_only = set(ended[assignments.SKIPPED]) - set(ended[assignments.ANSWERED])
    assignments.end(conn, ended[assignments.ANSWERED], assignments.ANSWERED, given.now)
    assignments.end(conn, sorted(skipped_only), assignments.SKIPPED, given.now)
    for outside, unique_ids in unasked.items():
        for ids in chunks(unique_ids):
            conn.execute(note.update().where(note.c.unique_id.in_(ids)).values(outside_queue=outside))


def _corrected(conn: sa.Connection, asked: Mapping[int, Sequence[Assignment]]) -> list[int]:
    """Those open assignments to review or to decide whose person corrected an answer after being asked."""
    plans = {key: route.plan.get("kind") for key, route in routes.of_tasks(conn, list(asked)).items()}
    return sorted({a.key for row in places.edits(conn, list(asked)) if plans.get(row.task) in ("review", "escalate")
                   for a in asked[row.task] if a.annotator_id == row.person and row.seen_at >= a.created_at})


def resolve_doubts(conn: sa.Connection, given: Context, keys: Sequence[int]) -> None:
    """Doubts are resolved where a person answered, or corrected an answer, since they were raised.

    By the moment at which that was seen here: Label Studio's clock may differ.
    """
    raised: dict[int, datetime] = {}
    for part in chunks(list(keys)):
        raised |= {row.task: row.at for row in conn.execute(
            sa.select(schema.doubts.c.task, sa.func.max(schema.doubts.c.created_at).label("at")).where(
                schema.doubts.c.task.in_(part), schema.doubts.c.resolved_at.is_(None)).group_by(schema.doubts.c.task))}
    looked = {row.task for row in places.edits(conn, list(raised))
              if row.person not in given.machines and row.seen_at >= raised[row.task]}
    doubts.resolve(conn, sorted(looked))


def forget(conn: sa.Connection, given: Context, gone: Sequence[int]) -> None:
    """Ask nobody any more about tasks that were deleted in Label Studio."""
    left = assignments.of_tasks(conn, gone)
    assignments.end(conn, [a.key for asked in left.values() for a in asked if a.state == assignments.OPEN],
                    assignments.WITHDRAWN, given.now)
    routes.put(conn, [replace(route, need=0, dirty=False, state=routes.DONE)
                      for route in routes.of_tasks(conn, gone).values() if route.need or route.dirty
                      or route.state != routes.DONE])
