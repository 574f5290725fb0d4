"""Puts back what we overwrote: an edit of a task's data that came between our re-read and our write."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from cueloop import logs
from cueloop.label_studio import LabelStudio
from cueloop.seen import moment, split
from cueloop.store import Store, tasks
from cueloop.store.columns import now
from cueloop.store.schema import task_versions
from cueloop.store.schema import tasks as table
from cueloop.store.tasks import Task

LATELY = timedelta(hours=1)
"""How long ago a lost edit may have been seen: older ones were looked at before."""

ABSENT = object()
log = logs.get(__name__)


def restore(store: Store, client: LabelStudio, project_id: int) -> int:
    """Repair every loss that any pull saw; in how many tasks. Never touches a field that changed again since."""
    with store.read() as conn:
        losses = {key: (tasks.by_key(conn, key), tasks.lost_update(conn, key)) for key in suspects(conn, project_id)}
    repaired = 0
    for key, (task, data) in losses.items():
        if data is not None:
            repaired += _repair(store, client, key, task, data)
    return repaired


def suspects(conn: sa.Connection, project_id: int) -> list[int]:
    """Tasks (keys) with a version of somebody else's made between our last re-read and our last write."""
    version = task_versions
    return list(conn.scalars(sa.select(table.c.key).distinct().join(version, version.c.task == table.c.key).where(
        table.c.project_id == project_id, table.c.deleted_at.is_(None), version.c.ours.is_(sa.false()),
        version.c.updated_at > table.c.base_at, version.c.updated_at < table.c.written_at,
        version.c.seen_at > now() - LATELY)))


def _repair(store: Store, client: LabelStudio, key: int, task: Task, data: dict[str, object]) -> bool:
    """Write the lost fields back, resting on a fresh re-read; whether that was still needed."""
    lost = {name: data.get(name, ABSENT) for name in {**data, **task.data}
            if data.get(name, ABSENT) != task.data.get(name, ABSENT)}
    for row in client.task_data(task.project_id, [task.id]):
        if moment(row["created_at"]) != task.created_at:
            return False
        shown, _ = split(row["data"])
        due = {name: value for name, value in lost.items()
               if shown.get(name, ABSENT) == task.data.get(name, ABSENT)}   # else somebody changed it since
        if not due:
            return False
        whole = {name: value for name, value in {**row["data"], **due}.items() if value is not ABSENT}
        reply = client.patch_task(task.id, data=whole)
        with store.write() as conn:
            tasks.record_own_write(conn, key, reply, row)
        log.warning("put back an edit that a write of ours had overwritten", project=task.project_id, task=task.id,
                    fields=sorted(due))
        return True
    return False
