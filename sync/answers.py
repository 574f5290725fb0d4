"""The answers that count: of each person, task and control the newest one; no skips, no machine, nothing deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cueloop.errors import LabelConfigError
from cueloop.label_config import answer, parse
from cueloop.store import annotations as annotation_store
from cueloop.store.annotations import Annotation
from cueloop.store.annotators import machines
from cueloop.store.schema import answers, projects, tasks
from cueloop.store.upsert import chunks, upsert
from cueloop.types import Control


def rebuild(conn: sa.Connection, task_keys: Iterable[int]) -> None:
    """Derive the `answers` of these tasks again from their annotations, in the caller's transaction."""
    keys = sorted(set(task_keys))
    controls = _controls(conn, keys)
    rows = derive(annotation_store.of_tasks(conn, keys), controls, machines(conn))
    for some in chunks(keys):
        conn.execute(answers.delete().where(answers.c.task.in_(some)))
    upsert(conn, answers, rows)


def rebuild_project(conn: sa.Connection, project_id: int) -> frozenset[int]:
    """Derive the answers of a whole project again, as when its label config changed; the tasks' keys."""
    keys = frozenset(conn.scalars(sa.select(tasks.c.key).where(tasks.c.project_id == project_id)))
    rebuild(conn, keys)
    return keys


def derive(annotations: Sequence[Annotation], controls: Mapping[int, Sequence[Control]],
           machine: frozenset[int]) -> list[dict[str, Any]]:
    """Rows of `answers` for annotations of any tasks; `controls` are the modelled ones of each project."""
    newest: dict[tuple[int, int], Annotation] = {}
    for annotation in annotations:
        if not _counts(annotation, machine):
            continue
        pair = (annotation.task, annotation.annotator_id or 0)
        if pair not in newest or _age(annotation) > _age(newest[pair]):
            newest[pair] = annotation
    return [_row(annotation, control, label) for annotation in newest.values()
            for control in controls[annotation.project_id]
            if (label := answer(control, annotation.answer or ())) is not None]


def _counts(annotation: Annotation, machine: frozenset[int]) -> bool:
    """A skip is an empty answer: a sign of difficulty, never a label, and it takes no earlier answer back."""
    return (annotation.deleted_at is None and bool(annotation.answer)
            and annotation.annotator_id is not None and annotation.annotator_id not in machine)


def _age(annotation: Annotation) -> tuple[Any, Any, int]:
    return annotation.answered_at, annotation.created_at, annotation.id


def _row(annotation: Annotation, control: Control, label: str) -> dict[str, Any]:
    return {"task": annotation.task, "control": control.name, "annotator_id": annotation.annotator_id,
            "project_id": annotation.project_id, "label": label, "unique_id": annotation.unique_id,
            "ground_truth": annotation.ground_truth, "seen_suggestion": annotation.seen_suggestion,
            "lead_time": annotation.lead_time, "answered_at": annotation.answered_at}


def _controls(conn: sa.Connection, keys: Sequence[int]) -> dict[int, tuple[Control, ...]]:
    found: dict[int, tuple[Control, ...]] = {}
    for some in chunks(keys):
        rows = conn.execute(sa.select(projects.c.id, projects.c.label_config).join(
            tasks, tasks.c.project_id == projects.c.id).where(tasks.c.key.in_(some)).distinct())
        found |= {row.id: _modelled(row.label_config) for row in rows}
    return found


def _modelled(xml: str) -> tuple[Control, ...]:
    """Controls that we model; none in a config that cannot be read, which `connect` and `doctor` report."""
    try:
        return parse(xml).modelled
    except LabelConfigError:
        return ()
