"""Reads blind audits: what people said without a suggestion of tasks that no model had a part in choosing.

Chosen by no model are the tasks of the audit sample, drawn by a hash, and those answered before any model had predicted
them. Tasks that rules chose by a model's score are those that it found hard, and would make it look worse than another.
Only answers that were given after a moment count, so that no gate has used them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.sampling import audit_salt, is_sampled
from cueloop.store import predictions as stored
from cueloop.store.models import ModelVersion
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import annotators, answers, consensus, predictions, rules, tasks
from cueloop.types import Control

LEAST_PROBABILITY = 0.5
"""A consensus that is not more likely than not judges nobody."""


@dataclass(frozen=True, slots=True)
class Audited:
    """One task that people answered blind."""

    task: int
    at: datetime
    """First answer."""
    label: str
    """What people alone say."""
    said: tuple[Mapping[str, float] | None, ...]
    """{label: probability} of each version that was asked for; None: it said nothing, or was trained on the task."""


def read(
    conn: sa.Connection, project_id: int, control: Control, versions: Sequence[ModelVersion], since: datetime,
    until: datetime | None = None,
) -> list[Audited]:
    """The audits answered after `since` (and before `until`), in the order of their answers."""
    share = conn.scalar(sa.select(sa.func.max(rules.c.audit_share)).where(rules.c.project_id == project_id)) or 0.0
    salt = audit_salt(project_id)
    rows = [(row, label) for row in conn.execute(_query(project_id, control.name, since, until))
            if (label := _label(row, control.labels)) is not None
            and (row.predicted_at is None or row.first < row.predicted_at or is_sampled(row.task, salt, share))]
    keys = [row.task for row, _ in rows]
    said = [stored.out_of_fold(conn, one.name, one.version, control.name, keys) for one in versions]
    return [Audited(row.task, row.first, label, tuple(by.get(row.task) for by in said)) for row, label in rows]


def right(said: Mapping[str, float], label: str) -> bool:
    """Whether the likeliest label is that one."""
    return max(said, key=lambda name: said[name], default=None) == label


def _query(project_id: int, control: str, since: datetime, until: datetime | None) -> sa.Select[Any]:
    person = sa.select(annotators.c.id).where(annotators.c.kind == "person")
    first = sa.func.min(answers.c.answered_at)
    seen = sa.or_(answers.c.seen_suggestion.is_not(sa.false()), sa.func.coalesce(notes.c.imported, sa.false()))
    blind = sa.func.sum(sa.case((seen, 1), else_=0)) == 0       # of what was imported nobody knows what was on screen
    given = (sa.select(answers.c.task, first.label("first"))
             .outerjoin(notes, notes.c.unique_id == answers.c.unique_id)
             .where(answers.c.project_id == project_id, answers.c.control == control, ~answers.c.review,
                    answers.c.annotator_id.in_(person))
             .group_by(answers.c.task)
             .having(blind, first > since, *([first <= until] if until else []))).subquery()
    predicted_at = sa.select(sa.func.min(predictions.c.created_at)).where(
        predictions.c.task == given.c.task, predictions.c.control == control).scalar_subquery()
    return (sa.select(given.c.task, given.c.first, predicted_at.label("predicted_at"), consensus.c.label,
                      consensus.c.probability, consensus.c.people, consensus.c.value)
            .join(consensus, sa.and_(consensus.c.task == given.c.task, consensus.c.control == control))
            .join(tasks, tasks.c.key == given.c.task)
            .where(tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None), consensus.c.answers > 0)
            .order_by(given.c.first, given.c.task))


def _label(row: Any, labels: Sequence[str]) -> str | None:
    """What people alone say; None where they are too unsure, where there is no one truth, or the config lost it."""
    if isinstance(row.value, dict) and "distribution" in row.value:
        return None
    label, probability = row.label, row.probability
    if row.people:
        label, probability = max(row.people.items(), key=lambda item: item[1])
    return label if label in labels and probability >= LEAST_PROBABILITY else None
