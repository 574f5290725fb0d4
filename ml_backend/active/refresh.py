"""Writes into the store what an answer to each open task would teach: routing puts the best ones first.

`refresh` judges all tasks of a project against each other when the model or its predictions changed; `step` places the
few that changed since among the others. Whatever dies half-way is made good by the next `refresh`: each row stands for
itself, and none is wrong for being older than the next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.errors import LabelConfigError
from cueloop.label_config import parse
from cueloop.store import Store, figures, lessons, models, projects
from cueloop.store.lessons import LABEL, SECOND, Lesson
from cueloop.store.models import ModelVersion
from cueloop.store.schema import lessons as table
from cueloop.store.schema import tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from ml_backend.active.place import placed
from ml_backend.active.rank_all import Valued, value_all
from ml_backend.active.standing import Standing, standing
from ml_backend.active.texts import Field
from ml_backend.policy.policy import Policy
from ml_backend.texts.reader import Read, inline

ROWS = 5_000
"""Lessons written in one transaction: nobody who routes waits long."""
YARDSTICK = 300
"""Tasks among which a changed one is placed: drawn once when all are judged, so that no round looks at all of them."""
GROWN = 1.5
"""Times as many tasks as at the last time with which, while there is no model, all are judged anew."""
FIGURE = "lessons"
"""Report that says by which version, of how many tasks, and with which weight lessons were written, and among which
tasks changed ones are placed; routing reads the weight."""


def refresh(store: Store, project_id: int, policy: Policy, read: Read = inline) -> int:
    """Judge all tasks of a project by the champion and the consensus; how many lessons it has now.

    Without a model the texts alone decide: typical ones, unlike each other. Of tasks that nobody may learn from, or
    where learning is switched off, lessons of before are forgotten. Raises NotFound for an unknown project.
    """
    with store.read() as conn:
        champion, controls = _asked(conn, project_id, policy)
    rows: list[Lesson] = []
    yardstick: dict[str, list[int]] = {}
    for control in controls:
        with store.read() as conn:
            known = standing(conn, project_id, control, champion, policy.data.holdout)
            valued = value_all(known, policy.learning, Field(conn, control, read))
        rows += _lessons(project_id, control, champion, known, valued)
        yardstick[control.name] = _yardstick(known)
    with store.read() as conn:
        had = _there(conn, project_id)
    new = [row for row in rows if had.get((row.task, row.control)) != row]     # what is written is routed again
    _write(store, new)
    with store.write() as conn:
        _forget(conn, had.keys() - {(row.task, row.control) for row in rows})
        figures.write(conn, project_id, figures.PROJECT, FIGURE, {
            "model": champion.name if champion else None, "version": champion.version if champion else None,
            "tasks": _tasks(conn, project_id), "weight": _weight(policy), "yardstick": yardstick})
    return len(rows)


def step(store: Store, project_id: int, changed: Collection[int], policy: Policy) -> int:
    """Judge the tasks that changed, each by itself, and place them among the others; how many lessons were written.

    All are judged once when there is nothing to place them among, when the policy gives lessons another weight, and
    while there is no model when many more came. Raises NotFound for an unknown project.
    """
    with store.read() as conn:
        before: Mapping[str, Any] | None = figures.read(conn, project_id, figures.PROJECT, FIGURE)
        weighed = before is not None and before.get("weight") != _weight(policy)
        if not weighed and (not changed or not policy.learning.on):
            return 0
        champion, controls = _asked(conn, project_id, policy)
        grown = before is not None and champion is None and _tasks(conn, project_id) > GROWN * before.get("tasks", 0)
    if grown or weighed or before is None:
        return refresh(store, project_id, policy)
    yardstick = before.get("yardstick", {})
    return sum(_step(store, project_id, control, champion, set(changed), yardstick.get(control.name, ()), policy)
               for control in controls)


def _step(
    store: Store, project_id: int, control: Control, champion: ModelVersion | None, changed: set[int],
    yardstick: Sequence[int], policy: Policy,
) -> int:
    """The same of one control. Without a model a task has no place of its own: it only goes when it was answered."""
    with store.read() as conn:
        values = {row.task: row.value for row in conn.execute(sa.select(table.c.task, table.c.value).where(
            table.c.task.in_(sorted({*yardstick} - changed)), table.c.control == control.name))} if champion else {}
        known = standing(conn, project_id, control, champion, policy.data.holdout, sorted({*changed, *values}))
    answers = champion is not None and known.belief is not None
    rows = [one for one in _lessons(project_id, control, champion, known, placed(known, values, policy.learning))
            if one.task in changed] if answers else []
    _write(store, rows)
    kept = {one.task for one in rows} if answers else set(known.key.tolist())
    with store.write() as conn:
        _forget(conn, {(task, control.name) for task in changed - kept})
    return len(rows)


def _write(store: Store, rows: Sequence[Lesson]) -> None:
    for start in range(0, len(rows), ROWS):
        with store.write() as conn:
            lessons.put(conn, rows[start:start + ROWS])


def _asked(conn: sa.Connection, project_id: int, policy: Policy) -> tuple[ModelVersion | None, list[Control]]:
    """The champion, and the controls that are learned; none where learning is switched off."""
    project = projects.get(conn, project_id)
    try:
        controls = [control for control in parse(project.label_config).modelled if control.value]
    except LabelConfigError:
        controls = []
    return models.champion(conn, project_id), controls if policy.learning.on else []


def _lessons(
    project_id: int, control: Control, champion: ModelVersion | None, known: Standing, valued: Valued,
) -> list[Lesson]:
    name, version = (champion.name, champion.version) if champion else ("", "")
    return [Lesson(project_id, task, control.name, value, SECOND if second else LABEL, why, name, version)
            for task, value, second, why in zip(known.key.tolist(), valued.value.tolist(), known.second.tolist(),
                                                valued.why, strict=True)]


def _there(conn: sa.Connection, project_id: int) -> dict[tuple[int, str], Lesson]:
    columns = [table.c[name] for name in Lesson.__dataclass_fields__]
    return {(row.task, row.control): Lesson(**row._mapping)
            for row in conn.execute(sa.select(*columns).where(table.c.project_id == project_id))}


def _forget(conn: sa.Connection, gone: Collection[tuple[int, str]]) -> None:
    by_control: dict[str, list[int]] = {}
    for task, control in sorted(gone):
        by_control.setdefault(control, []).append(task)
    for control, keys in by_control.items():
        for some in chunks(keys):
            conn.execute(table.delete().where(table.c.control == control, table.c.task.in_(some)))


def _yardstick(known: Standing) -> list[int]:
    """Some of the tasks, by chance."""
    some = np.flatnonzero(~known.apart)
    first: list[int] = known.key[some[np.argsort(known.draw[some], kind="stable")[:YARDSTICK]]].tolist()
    return sorted(first)


def _weight(policy: Policy) -> float:
    return policy.learning.weight if policy.learning.on else 0.0


def _tasks(conn: sa.Connection, project_id: int) -> int:
    return int(conn.scalar(sa.select(sa.func.count()).select_from(tasks).where(
        tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None))) or 0)
