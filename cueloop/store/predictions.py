"""What models said about tasks, and which of it stands in Label Studio."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store.columns import now
from cueloop.store.schema import predictions, routes, tasks
from cueloop.store.upsert import chunks, upsert

ALTERNATIVE = "-alt2"
"""Added to the version under which the second likeliest answer is shown beside the first in Label Studio."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one model version says about one control of one task."""

    project_id: int
    task: int
    control: str
    model: str
    version: str
    label: str
    score: float
    """Calibrated probability of `label`."""
    probabilities: dict[str, float]
    out_of_fold: bool
    """The model was not trained on this task. Where it was, the score comes from cross-validation."""
    created_at: datetime
    explanation: dict[str, Any] | None = None
    """{"for": [[token, weight]], "against": [[token, weight]]}; None: unknown."""
    raw: dict[str, float] | None = None
    """{label: probability} as a pipeline of others told it, before calibration; {} where it told no score."""
    value: list[dict[str, Any]] | None = None
    """Predicted regions, each its `label`, `score` and place; None for a choice."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task whose prediction belongs in Label Studio and is not known to be there."""

    task: int
    id: int
    sent: bool
    """A push of it began before: it may be there already."""


def write(conn: sa.Connection, rows: Sequence[Prediction]) -> None:
    """Add predictions; those that a version already made stay as they are."""
    names = [field.name for field in fields(Prediction)]     # `asdict` would copy every list in them
    upsert(conn, predictions, [{name: getattr(row, name) for name in names} for row in rows],
           ["task", "control", "model", "version"], update=[])


def missing(conn: sa.Connection, project_id: int, model: str, version: str, control: str) -> list[int]:
    """Keys of the project's tasks about which this version has said nothing yet; hidden copies are never predicted."""
    said = sa.select(predictions.c.key).where(
        predictions.c.task == tasks.c.key, predictions.c.control == control,
        predictions.c.model == model, predictions.c.version == version).exists()
    return list(conn.scalars(sa.select(tasks.c.key).where(
        tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None), ~said
        ).order_by(tasks.c.key)))


def silent(conn: sa.Connection, project_id: int, model: str, version: str) -> list[int]:
    """Keys of the project's tasks about which this version has said nothing on any control; no hidden copies."""
    said = sa.select(predictions.c.key).where(predictions.c.task == tasks.c.key, _of(model, version)).exists()
    return list(conn.scalars(sa.select(tasks.c.key).where(
        tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None), ~said
        ).order_by(tasks.c.key)))


def waiting(conn: sa.Connection, project_id: int, model: str, version: str) -> list[Waiting]:
    """Tasks to push: predicted, not pushed, not blind, not finished. Those whose push began come first."""
    row = _of(model, version)
    query = (
        sa.select(tasks.c.key, tasks.c.id, sa.func.max(predictions.c.sent_at).label("sent"))
        .join(predictions, predictions.c.task == tasks.c.key)
        .outerjoin(routes, routes.c.task == tasks.c.key)
        .where(row, tasks.c.project_id == project_id, predictions.c.pushed_at.is_(None), ~tasks.c.blind,
               tasks.c.deleted_at.is_(None), sa.func.coalesce(tasks.c.is_labeled, sa.false()).is_(sa.false()),
               sa.func.coalesce(routes.c.state, "waiting") != "done")   # what is accepted needs its prediction there
        .group_by(tasks.c.key, tasks.c.id).order_by(tasks.c.key))
    found = [Waiting(task=r.key, id=r.id, sent=r.sent is not None) for r in conn.execute(query)]
    return sorted(found, key=lambda w: not w.sent)


def of_tasks(conn: sa.Connection, model: str, version: str, keys: Sequence[int]) -> dict[int, list[Prediction]]:
    """{task: its predictions by this version, one a control}."""
    found: dict[int, list[Prediction]] = {}
    columns = [predictions.c[field.name] for field in fields(Prediction)]
    for some in chunks(keys):
        query = sa.select(*columns).where(_of(model, version), predictions.c.task.in_(some))
        for row in conn.execute(query.order_by(predictions.c.key)):
            found.setdefault(row.task, []).append(Prediction(**row._mapping))
    return found


def page(
    conn: sa.Connection, project_id: int, model: str, version: str, control: str, after: int = 0, size: int = 1_000,
) -> list[Prediction]:
    """The next predictions of one control by a version, by task, from the one after task `after` on."""
    columns = [predictions.c[field.name] for field in fields(Prediction)]
    query = sa.select(*columns).where(
        _of(model, version), predictions.c.project_id == project_id, predictions.c.control == control,
        predictions.c.task > after).order_by(predictions.c.task).limit(size)
    return [Prediction(**row._mapping) for row in conn.execute(query)]


def out_of_fold(
    conn: sa.Connection, model: str, version: str, control: str, keys: Sequence[int],
) -> dict[int, dict[str, float]]:
    """{task: {label: probability}} of these tasks, without those that the version was trained on."""
    found: dict[int, dict[str, float]] = {}
    for some in chunks(keys):
        found |= {row.task: row.probabilities for row in conn.execute(
            sa.select(predictions.c.task, predictions.c.probabilities).where(
                _of(model, version), predictions.c.control == control, predictions.c.out_of_fold,
                predictions.c.task.in_(some)))}
    return found


def controls(conn: sa.Connection, project_id: int, model: str, version: str) -> list[str]:
    """Controls about which a version has said something."""
    return list(conn.scalars(sa.select(predictions.c.control).distinct().where(
        _of(model, version), predictions.c.project_id == project_id).order_by(predictions.c.control)))


def rescore(conn: sa.Connection, rows: Sequence[Prediction]) -> None:
    """Write the scores of predictions that stand: what was told stays, how far it is believed changes."""
    if rows:
        c = predictions.c
        conn.execute(predictions.update().where(
            c.task == sa.bindparam("of_task"), c.control == sa.bindparam("of_control"),
            c.model == sa.bindparam("of_model"), c.version == sa.bindparam("of_version"),
        ).values(score=sa.bindparam("new_score"), probabilities=sa.bindparam("new_probabilities"),
                 value=sa.bindparam("new_value")), [
            {"of_task": row.task, "of_control": row.control, "of_model": row.model, "of_version": row.version,
             "new_score": row.score, "new_probabilities": row.probabilities, "new_value": row.value} for row in rows])


def mark_sent(conn: sa.Connection, model: str, version: str, keys: Sequence[int]) -> list[int]:
    """Write down, before a push, which tasks it is about to send: those that did not turn blind meanwhile.

    Whoever makes a task blind in a transaction of their own sees here whether it was shown before.
    """
    showable: list[int] = []
    for some in chunks(keys):
        showable += conn.scalars(sa.select(tasks.c.key).where(
            tasks.c.key.in_(some), ~tasks.c.blind, tasks.c.deleted_at.is_(None)))
    _mark(conn, model, version, showable, {"sent_at": now()})
    return showable


def mark_pushed(conn: sa.Connection, model: str, version: str, keys: Iterable[int]) -> None:
    """These tasks' predictions are known to stand in Label Studio."""
    _mark(conn, model, version, list(keys), {"pushed_at": now()})


def pushed(conn: sa.Connection, project_id: int, model: str, version: str) -> int:
    """How many tasks of a project carry this version's prediction in Label Studio."""
    return int(conn.scalar(sa.select(sa.func.count(sa.distinct(predictions.c.task))).where(
        _of(model, version), predictions.c.project_id == project_id, predictions.c.pushed_at.is_not(None))) or 0)


def _of(model: str, version: str) -> sa.ColumnElement[bool]:
    return sa.and_(predictions.c.model == model, predictions.c.version == version)


def _mark(conn: sa.Connection, model: str, version: str, keys: list[int], values: dict[str, datetime]) -> None:
    for some in chunks(keys):
        conn.execute(predictions.update().values(**values).where(_of(model, version), predictions.c.task.in_(some)))
