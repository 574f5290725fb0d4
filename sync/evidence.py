"""Reads from the store what quality is computed from: answers, skips and the controls that are modelled."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from cueloop.errors import NotFound
from cueloop.label_config import parse
from cueloop.store.schema import annotations as made
from cueloop.store.schema import answers, projects, tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from sync.observations import Observations, observe


def modelled(conn: sa.Connection, project_id: int) -> tuple[Control, ...]:
    """The controls of a project that get a consensus. Raises NotFound when the project is not known."""
    config = conn.scalar(sa.select(projects.c.label_config).where(projects.c.id == project_id))
    if config is None:
        raise NotFound(f"Project {project_id} is not in the store: run `cueloop connect --project {project_id}`.")
    return parse(config).modelled


def observations(conn: sa.Connection, project_id: int, control: Control,
                 task_keys: Collection[int] | None = None) -> Observations:
    """Answers to one control of all tasks of a project, or of these tasks; deleted tasks are left out."""
    wanted = (sa.select(answers.c.task, answers.c.annotator_id, answers.c.label, answers.c.lead_time,
                        answers.c.ground_truth)
              .join(tasks, tasks.c.key == answers.c.task)
              .where(answers.c.project_id == project_id, answers.c.control == control.name,
                     tasks.c.deleted_at.is_(None)))
    parts = [wanted] if task_keys is None else [wanted.where(answers.c.task.in_(p)) for p in chunks(sorted(task_keys))]
    rows = [row for part in parts for row in conn.execute(
        part.order_by(answers.c.answered_at, answers.c.task, answers.c.annotator_id)).all()]
    task, annotator, label, seconds, truth = zip(*rows, strict=True) if rows else ((),) * 5
    return observe(task, annotator, label, labels=control.labels, seconds=seconds, truth=truth)


def answer_count(conn: sa.Connection, project_id: int) -> int:
    """How many answers a project has, to all controls."""
    return conn.scalar(sa.select(sa.func.count()).select_from(answers)
                       .where(answers.c.project_id == project_id)) or 0


def skips(conn: sa.Connection, project_id: int) -> dict[int, int]:
    """Skipped tasks of each annotator: a sign of difficulty, never a label."""
    rows = conn.execute(
        sa.select(made.c.annotator_id, sa.func.count())
        .where(made.c.project_id == project_id, made.c.was_cancelled,
               made.c.deleted_at.is_(None), made.c.annotator_id.is_not(None))
        .group_by(made.c.annotator_id))
    return {row[0]: row[1] for row in rows}
