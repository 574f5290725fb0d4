"""Adjudications: who was asked by a rule to decide a task, and did. Their answer is the consensus while it stands.

Rows are never deleted: a judge who takes an answer back, and gives another one later, decides again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from cueloop.store.schema import adjudications, answers
from cueloop.store.schema import annotations as notes
from cueloop.store.upsert import chunks, upsert


@dataclass(frozen=True, slots=True)
class Adjudication:
    """One row of `adjudications`."""

    project_id: int
    task: int
    control: str
    annotator_id: int
    rule: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision that stands, with the answer that carries it."""

    judge: int
    rule: str
    label: str
    """What was decided; of a structured answer a short text of it."""
    said_by: int
    """Whose row in `answers` it is: the judge's, or that of an author whose annotation the judge saved unchanged."""
    created_at: datetime


def write(conn: sa.Connection, rows: Sequence[Adjudication]) -> None:
    """Insert these, or bring their rule and moment up to date."""
    upsert(conn, adjudications, [asdict(row) for row in rows])


def of_tasks(conn: sa.Connection, keys: Collection[int]) -> dict[tuple[int, str, int], Adjudication]:
    """{(task, control, judge): their decision} of these tasks (keys), whether or not their answer stands."""
    return {(row.task, row.control, row.annotator_id): Adjudication(**row._mapping)
            for part in chunks(sorted(keys))
            for row in conn.execute(sa.select(adjudications).where(adjudications.c.task.in_(part)))}


def standing(conn: sa.Connection, project_id: int, control: str,
             keys: Collection[int] | None = None) -> dict[int, Verdict]:
    """{task: what was decided} on a control: of a task's decisions the newest whose judge's answer stands.

    All tasks of the project, or only these (keys).
    """
    parts = [None] if keys is None else list(chunks(sorted(keys)))
    found: dict[int, tuple[tuple[datetime, bool, datetime, int], Verdict]] = {}
    for part in parts:
        for own in (True, False):
            for row in conn.execute(_said(project_id, control, part, own=own)):
                age = (row.created_at, own, row.answered_at, row.judge)
                if row.task not in found or age > found[row.task][0]:
                    found[row.task] = age, Verdict(row.judge, row.rule, row.label, row.said_by, row.created_at)
    return {task: verdict for task, (_, verdict) in found.items()}


def _said(project_id: int, control: str, keys: Sequence[int] | None, *, own: bool) -> sa.Select[tuple[object, ...]]:
    """Decisions with an answer of the judge's own (or their correction of another's), else with one they confirmed."""
    made, said = adjudications.c, answers.c
    query = sa.select(made.task, made.annotator_id.label("judge"), made.rule, made.created_at, said.label,
                      said.answered_at, said.annotator_id.label("said_by")).join(
        answers, sa.and_(said.task == made.task, said.control == made.control)).where(
        made.project_id == project_id, made.control == control)
    if own:
        query = query.where(said.annotator_id == made.annotator_id)
    else:
        query = query.join(notes, notes.c.unique_id == said.unique_id).where(
            said.annotator_id != made.annotator_id, notes.c.updated_by == made.annotator_id,
            notes.c.deleted_at.is_(None), ~said.review)
    return query if keys is None else query.where(made.task.in_(keys))
