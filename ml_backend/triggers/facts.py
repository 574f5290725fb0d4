"""Reads from the store what triggers look at."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import sqlalchemy as sa

from cueloop.store.models import ELSEWHERE, ModelVersion
from cueloop.store.schema import annotators, answers, consensus, guidelines, jobs, model_versions, predictions, tasks
from cueloop.types import Control
from ml_backend.dataset import text_of
from ml_backend.triggers.drift import Sample
from ml_backend.triggers.rest import Job

SAMPLE = 2_000
"""Tasks of each time, old and new, that are compared at most."""
ROWS = 20
"""Jobs that are looked at for failures in a row: a pause of ten minutes has grown to a day after nine."""


def trainings(conn: sa.Connection, project_id: int, kind: str = "train") -> list[Job]:
    """The newest jobs of a project, newest first."""
    rows = conn.execute(sa.select(jobs.c.state, jobs.c.queued_at, jobs.c.started_at, jobs.c.ended_at, jobs.c.error,
                                  jobs.c.cancel).where(jobs.c.kind == kind, jobs.c.project_id == project_id)
                        .order_by(jobs.c.key.desc()).limit(ROWS))
    return [Job(**row._mapping) for row in rows]


def labelled(conn: sa.Connection, project_id: int, control: str, least: float) -> Counter[str]:
    """{label: tasks whose consensus is sure enough to train on}; without a single truth, by their commonest label."""
    answered = (consensus.c.project_id == project_id, consensus.c.control == control, consensus.c.answers > 0)
    rows = conn.execute(
        sa.select(consensus.c.label, sa.func.count().label("tasks")).where(
            *answered, consensus.c.probability >= least, consensus.c.label != "").group_by(consensus.c.label))
    counts = Counter({row.label: row.tasks for row in rows})
    shares = conn.scalars(sa.select(consensus.c.probabilities).where(*answered, consensus.c.label == ""))
    return counts + Counter(max(share, key=lambda label: share[label]) for share in shares if share)


def all_labelled(conn: sa.Connection, project_id: int) -> int:
    """Tasks that people answered, whatever the control."""
    return conn.scalar(sa.select(sa.func.count(sa.distinct(consensus.c.task))).where(
        consensus.c.project_id == project_id, consensus.c.answers > 0)) or 0


def changed_since(conn: sa.Connection, project_id: int, cursor: str | None) -> bool:
    """Whether any consensus is newer than the cursor of a training (ISO); unknown counts as changed."""
    if cursor is None:
        return True
    return bool(conn.scalar(sa.select(sa.exists().where(
        consensus.c.project_id == project_id, consensus.c.answers > 0,
        consensus.c.updated_at > datetime.fromisoformat(cursor)))))


def first_answered_since(conn: sa.Connection, project_id: int, moment: datetime) -> int:
    """Tasks whose first answer by a person came after that moment."""
    first = (sa.select(answers.c.task).where(answers.c.project_id == project_id, _by_people())
             .group_by(answers.c.task).having(sa.func.min(answers.c.answered_at) > moment)).subquery()
    return int(conn.scalar(sa.select(sa.func.count()).select_from(first)) or 0)


def answered_under(conn: sa.Connection, project_id: int, version: int) -> int:
    """Tasks that people answered while a guideline version was in force."""
    return int(conn.scalar(sa.select(sa.func.count(sa.distinct(answers.c.task))).where(
        answers.c.project_id == project_id, answers.c.guideline_version == version, _by_people())) or 0)


def in_force_since(conn: sa.Connection, project_id: int, version: int) -> datetime | None:
    """When a guideline version came into force; None: unknown."""
    return conn.scalar(sa.select(guidelines.c.in_force_at).where(
        guidelines.c.project_id == project_id, guidelines.c.version == version))


def unsuccessful(conn: sa.Connection, project_id: int, champion: ModelVersion) -> int:
    """Trainings of a project since the champion's that did not come into service."""
    return int(conn.scalar(sa.select(sa.func.count()).select_from(model_versions).where(
        model_versions.c.project_id == project_id, model_versions.c.kind != ELSEWHERE,
        model_versions.c.created_at > champion.created_at)) or 0)


def sample(conn: sa.Connection, project_id: int, control: Control, champion: ModelVersion, moment: datetime, *,
           arrived: bool) -> Sample:
    """Tasks that were there at a moment, or `arrived` after it, evenly from all of them."""
    when = tasks.c.created_at > moment if arrived else tasks.c.created_at <= moment
    live = (tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None), when)
    count = int(conn.scalar(sa.select(sa.func.count()).select_from(tasks).where(*live)) or 0)
    step = max(1, -(-count // SAMPLE))
    place = sa.func.row_number().over(order_by=tasks.c.key).label("place")
    picked = sa.select(tasks.c.key, place).where(*live).subquery()
    rows = conn.execute(
        sa.select(tasks.c.data, predictions.c.label, predictions.c.score)
        .join(picked, picked.c.key == tasks.c.key)
        .outerjoin(predictions, sa.and_(
            predictions.c.task == tasks.c.key, predictions.c.control == control.name,
            predictions.c.model == champion.name, predictions.c.version == champion.version))
        .where(picked.c.place % step == 0).order_by(tasks.c.key)).all()
    said = [row for row in rows if row.score is not None]
    texts = [] if control.linked or not control.value else [
        text for row in rows if (text := text_of(row.data.get(control.value))) is not None]
    return Sample(count, len(rows), texts, [row.label for row in said], [row.score for row in said])


def _by_people() -> sa.ColumnElement[bool]:
    machine = sa.select(annotators.c.id).where(annotators.c.kind == "machine")
    return answers.c.annotator_id.not_in(machine)
