"""What a version that is taken back had pre-labelled: the tasks that people should look at again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cueloop.store.doubts import Doubt
from cueloop.store.models import ModelVersion
from cueloop.store.schema import annotators, answers, decisions, predictions, routes, tasks


def doubtful(conn: sa.Connection, project_id: int, version: ModelVersion, reason: str) -> list[Doubt]:
    """What the machine accepted by this version, and where somebody who saw its suggestion kept it.

    Not where somebody answered blind, or decided for good (ground truth), or gave another label than was suggested:
    there the version had no say.
    """
    found = {(row.task, row.control) for query in (_accepted(project_id, version), _kept(project_id, version))
             for row in conn.execute(query)}
    return [Doubt(task, control, version.name, version.version, reason) for task, control in sorted(found)]


def _accepted(project_id: int, version: ModelVersion) -> sa.Select[Any]:
    last = sa.select(sa.func.max(decisions.c.key)).where(
        decisions.c.project_id == project_id, decisions.c.kind == "accept").group_by(decisions.c.task)
    return (_predicted(project_id, version)
            .join(decisions, decisions.c.task == predictions.c.task).join(routes, routes.c.task == predictions.c.task)
            .where(decisions.c.key.in_(last), decisions.c.model_version == version.version,
                   routes.c.state == "accepted"))


def _kept(project_id: int, version: ModelVersion) -> sa.Select[Any]:
    other = answers.alias()
    person = sa.select(annotators.c.id).where(annotators.c.kind == "person")
    sure = sa.select(other.c.task).where(
        other.c.task == predictions.c.task, other.c.control == predictions.c.control,
        sa.or_(other.c.seen_suggestion.is_(sa.false()), other.c.ground_truth)).exists()
    shown = sa.and_(sa.func.coalesce(answers.c.seen_suggestion, sa.true()),     # unknown: it stood there to be seen
                    predictions.c.pushed_at <= answers.c.answered_at,
                    sa.or_(predictions.c.removed_at.is_(None), predictions.c.removed_at > answers.c.answered_at))
    return (_predicted(project_id, version)
            .join(answers, sa.and_(answers.c.task == predictions.c.task, answers.c.control == predictions.c.control))
            .where(shown, answers.c.annotator_id.in_(person), answers.c.label == predictions.c.label, ~sure))


def _predicted(project_id: int, version: ModelVersion) -> sa.Select[Any]:
    """Its predictions of tasks that are still there and not blind."""
    return (sa.select(predictions.c.task, predictions.c.control).distinct().select_from(predictions)
            .join(tasks, tasks.c.key == predictions.c.task)
            .where(predictions.c.project_id == project_id, predictions.c.model == version.name,
                   predictions.c.version == version.version, ~tasks.c.blind, tasks.c.deleted_at.is_(None),
                   tasks.c.copy_of.is_(None)))
