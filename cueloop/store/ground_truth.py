"""Tasks with a ground truth that counts: an answer of a person that somebody marked so in Label Studio."""

from __future__ import annotations

import sqlalchemy as sa

from cueloop.store.schema import annotations as notes
from cueloop.store.schema import answers, tasks


def counts(imported: bool) -> sa.ColumnElement[bool]:
    """SQL: the mark of this row of `annotations` counts; with `imported`, also where an import set it.

    Unknown counts: it was seen so late that somebody had saved it since (`cueloop.seen`).
    """
    return sa.true() if imported else notes.c.imported.is_not(sa.true())


def tasks_with(conn: sa.Connection, project_id: int, *, imported: bool) -> frozenset[int]:
    """Keys of a project's living tasks that have one; `imported`: whether marks that an import set count."""
    return frozenset(conn.scalars(
        sa.select(answers.c.task).distinct().join(notes, notes.c.unique_id == answers.c.unique_id)
        .join(tasks, tasks.c.key == answers.c.task).where(
            answers.c.project_id == project_id, answers.c.ground_truth, counts(imported),
            tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None))))


def authors(conn: sa.Connection, project_id: int, *, imported: bool) -> frozenset[int]:
    """Annotators (ids) whose answers are ground truth that counts: the project's experts."""
    return frozenset(conn.scalars(
        sa.select(answers.c.annotator_id).distinct().join(notes, notes.c.unique_id == answers.c.unique_id)
        .where(answers.c.project_id == project_id, answers.c.ground_truth, counts(imported))))
