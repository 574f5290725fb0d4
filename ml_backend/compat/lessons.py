"""What a team's `fit` is given: the project's annotated tasks as Label Studio exports them, and an event's body.

The body of the Start Training button names the project only, and model files written for annotation events look for
more in it; so it carries the newest annotation and its task, too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cueloop.store.projects import get as project_of
from cueloop.store.schema import annotations as annotations_table
from cueloop.store.schema import annotators, tasks

EVENT = "START_TRAINING"

Task = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lessons:
    """All that is taught."""

    event: str
    body: dict[str, Any]
    tasks: dict[int, Task]
    """{key in the store: annotated task that is not held out}, oldest first."""
    kept_back: tuple[int, ...]
    """Keys of annotated tasks that are held out. A class that asks Label Studio itself may see them all the same."""
    xml: str


def lessons(conn: sa.Connection, project_id: int, held_out: Collection[int]) -> Lessons:
    """Of a project, without the tasks with these keys. Raises NotFound."""
    project = project_of(conn, project_id)
    shown = {"id": project_id, "title": project.title, "label_config": project.label_config}
    known = annotated(conn, project_id)
    taught = {key: task for key, task in known.items() if key not in held_out}
    body: dict[str, Any] = {"action": EVENT, "project": shown, "label_config": project.label_config}
    if taught:
        last = max(taught.values(), key=lambda task: str(task["annotations"][-1]["updated_at"]))
        body |= {"annotation": last["annotations"][-1],
                 "task": {name: value for name, value in last.items() if name != "annotations"}}
    return Lessons(EVENT, body, taught, tuple(key for key in known if key in held_out), project.label_config)


def annotated(conn: sa.Connection, project_id: int) -> dict[int, Task]:
    """{key: task with people's annotations}. Skips and what the machine accepted teach nothing."""
    machine = sa.select(annotators.c.id).where(annotators.c.kind == "machine")
    made = annotations_table.c
    rows = conn.execute(
        sa.select(tasks.c.key, tasks.c.id.label("task_id"), tasks.c.data, tasks.c.created_at.label("task_created_at"),
                  tasks.c.updated_at.label("task_updated_at"), made.id, made.unique_id, made.annotator_id, made.result,
                  made.ground_truth, made.lead_time, made.created_at, made.updated_at)
        .join(annotations_table, made.task == tasks.c.key)
        .where(tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None),
               made.deleted_at.is_(None), ~made.was_cancelled,
               sa.or_(made.annotator_id.is_(None), made.annotator_id.not_in(machine)))
        .order_by(tasks.c.key, made.updated_at, made.unique_id))
    found: dict[int, Task] = {}
    for row in rows:
        if not row.result:
            continue
        task = found.setdefault(row.key, {
            "id": row.task_id, "data": row.data, "project": project_id, "meta": {}, "annotations": [],
            "predictions": [], "created_at": row.task_created_at.isoformat(),
            "updated_at": row.task_updated_at.isoformat()})
        task["annotations"].append({
            "id": row.id, "unique_id": row.unique_id, "completed_by": row.annotator_id, "result": row.result,
            "was_cancelled": False, "ground_truth": row.ground_truth, "lead_time": row.lead_time, "task": row.task_id,
            "project": project_id, "created_at": row.created_at.isoformat(), "updated_at": row.updated_at.isoformat()})
    return found
