"""What models said about tasks, and which of it stands in Label Studio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store import pilot
from cueloop.store.columns import now
from cueloop.store.schema import assignments, predictions, routes, tasks
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


def missing(
    conn: sa.Connection, project_id: int, model: str, version: str, control: str, *, unfinished: bool = False,
) -> list[int]:
    """Keys of the project's tasks about which this version has said nothing yet, soonest needed first.

    Hidden copies are never predicted. `unfinished`: only those that somebody may still work on.
    """
    said = sa.select(predictions.c.key).where(
        predictions.c.task == tasks.c.key, predictions.c.control == control, _of(model, version)).exists()
    return _tasks(conn, project_id, ~said, unfinished=unfinished)


def silent(
    conn: sa.Connection, project_id: int, model: str, version: str, *, unfinished: bool = False,
) -> list[int]:
    """The same of tasks about which this version has said nothing on any control."""
    said = sa.select(predictions.c.key).where(predictions.c.task == tasks.c.key, _of(model, version)).exists()
    return _tasks(conn, project_id, ~said, unfinished=unfinished)


def _tasks(conn: sa.Connection, project_id: int, which: sa.ColumnElement[bool], *, unfinished: bool) -> list[int]:
    query = sa.select(tasks.c.key).outerjoin(routes, routes.c.task == tasks.c.key).where(
        tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None), which)
    if unfinished:
        query = query.where(OPEN)
    return list(conn.scalars(query.order_by(*_needed())))


OPEN = sa.and_(sa.func.coalesce(tasks.c.is_labeled, sa.false()).is_(sa.false()),
               sa.func.coalesce(routes.c.state, "waiting") != "done")
"""SQL on tasks joined with their routes: somebody may still be shown it, or the machine accept it."""


def _needed() -> tuple[sa.ColumnElement[Any], ...]:
    """SQL order of tasks joined with their routes: those that somebody was asked about, then as queues are filled."""
    asked = sa.select(assignments.c.key).where(
        assignments.c.task == tasks.c.key, assignments.c.state == "open").exists()
    return (sa.case((~OPEN, 2), (asked, 0), else_=1), sa.func.coalesce(routes.c.priority, 0.0).desc(), tasks.c.key)


def waiting(conn: sa.Connection, project_id: int, model: str, version: str) -> list[Waiting]:
    """Tasks to push: predicted, not standing there, not blind, not finished; in a pilot those that it is about.

    Those whose push began come first, then those that are needed soonest.
    """
    begun = sa.and_(predictions.c.sent_at.is_not(None), predictions.c.removed_at.is_(None))
    sent = sa.func.max(sa.case((begun, 1), else_=0)).label("sent")
    query = (
        sa.select(tasks.c.key, tasks.c.id, sent)
        .join(predictions, predictions.c.task == tasks.c.key)
        .outerjoin(routes, routes.c.task == tasks.c.key)
        .where(_of(model, version), tasks.c.project_id == project_id, ~tasks.c.blind, tasks.c.deleted_at.is_(None),
               sa.or_(predictions.c.pushed_at.is_(None), predictions.c.removed_at.is_not(None)),
               OPEN)      # what is accepted needs its prediction there
        .group_by(tasks.c.key, tasks.c.id, tasks.c.is_labeled, routes.c.state, routes.c.priority)
        .order_by(sent.desc(), *_needed()))
    found = [Waiting(task=r.key, id=r.id, sent=bool(r.sent)) for r in conn.execute(query)]
    concerned = set(pilot.chosen(conn, project_id, [w.task for w in found]))
    return [w for w in found if w.task in concerned]


def of_tasks(
    conn: sa.Connection, model: str, version: str, keys: Sequence[int], *, brief: bool = False,
) -> dict[int, list[Prediction]]:
    """{task: its predictions by this version, one a control}; `brief`: without explanations and what was told, which
    take most of the time."""
    found: dict[int, list[Prediction]] = {}
    columns = [predictions.c[field.name] for field in fields(Prediction)
               if not (brief and field.name in ("explanation", "raw"))]
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
        _of(model, version), predictions.c.control == control, predictions.c.task > after,
        predictions.c.project_id + 0 == project_id,     # not by its index: that would sort all of them for each page
        ).order_by(predictions.c.task).limit(size)
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
    showable: set[int] = set()
    for some in chunks(keys):
        showable |= set(conn.scalars(sa.select(tasks.c.key).where(
            tasks.c.key.in_(some), ~tasks.c.blind, tasks.c.deleted_at.is_(None))))
    kept = [key for key in keys if key in showable]
    _mark(conn, model, version, kept, {"sent_at": now(), "pushed_at": None, "removed_at": None})
    return kept


def mark_pushed(conn: sa.Connection, model: str, version: str, keys: Iterable[int]) -> None:
    """These tasks' predictions are known to stand in Label Studio."""
    _mark(conn, model, version, list(keys), {"pushed_at": now(), "removed_at": None})


def mark_absent(conn: sa.Connection, model: str, version: str, keys: Iterable[int]) -> None:
    """These tasks' predictions do not stand in Label Studio although it seemed so: to be pushed again."""
    _mark(conn, model, version, list(keys), {"pushed_at": None, "sent_at": None})


def mark_removed(
    conn: sa.Connection, project_id: int, model: str, version: str, keys: Iterable[int] | None = None,
) -> None:
    """The predictions of these tasks (None: all of the project) were taken out of Label Studio. When they stood there
    stays known."""
    values: dict[str, datetime | None] = {"removed_at": now()}
    if keys is None:
        conn.execute(predictions.update().values(**values).where(
            _of(model, version), predictions.c.project_id == project_id, predictions.c.sent_at.is_not(None),
            predictions.c.removed_at.is_(None)))
    else:
        _mark(conn, model, version, list(keys), values)


STANDING = sa.and_(predictions.c.pushed_at.is_not(None), predictions.c.removed_at.is_(None))
"""SQL: a prediction that is known to stand in Label Studio."""


def standing(conn: sa.Connection, project_id: int, model: str, version: str) -> dict[int, int]:
    """{Label Studio id: key} of the living tasks that carry this version's prediction in Label Studio."""
    rows = conn.execute(sa.select(tasks.c.id, tasks.c.key).distinct().join(
        predictions, predictions.c.task == tasks.c.key).where(
        _of(model, version), predictions.c.project_id == project_id, STANDING, tasks.c.deleted_at.is_(None)))
    return {row.id: row.key for row in rows}


def pushed(conn: sa.Connection, project_id: int, model: str, version: str, *, unfinished: bool = False) -> int:
    """How many of them there are; `unfinished`: that somebody may still work on."""
    query = sa.select(sa.func.count(sa.distinct(predictions.c.task))).join(
        tasks, tasks.c.key == predictions.c.task).outerjoin(routes, routes.c.task == tasks.c.key).where(
        _of(model, version), predictions.c.project_id == project_id, STANDING, tasks.c.deleted_at.is_(None))
    return int(conn.scalar(query.where(OPEN) if unfinished else query) or 0)


def versions_there(conn: sa.Connection, project_id: int) -> dict[tuple[str, str], datetime]:
    """{(model, version): when its first prediction came} of what may stand in Label Studio."""
    c = predictions.c
    rows = conn.execute(sa.select(c.model, c.version, sa.func.min(c.created_at).label("at")).where(
        c.project_id == project_id, c.sent_at.is_not(None), c.removed_at.is_(None)).group_by(c.model, c.version))
    return {(row.model, row.version): row.at for row in rows}


def _of(model: str, version: str) -> sa.ColumnElement[bool]:
    return sa.and_(predictions.c.model == model, predictions.c.version == version)


def _mark(conn: sa.Connection, model: str, version: str, keys: list[int],
          values: Mapping[str, datetime | None]) -> None:
    for some in chunks(keys):
        conn.execute(predictions.update().values(**values).where(_of(model, version), predictions.c.task.in_(some)))
