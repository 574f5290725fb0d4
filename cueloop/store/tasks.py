"""Tasks: the customer's data with every version that was seen, our keys, and receipts of our own writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.errors import NotFound
from cueloop.seen import SeenTask, moment, split
from cueloop.store.columns import now
from cueloop.store.schema import task_versions, tasks
from cueloop.store.upsert import chunks, upsert


@dataclass(frozen=True, slots=True)
class Task:
    """One row of `tasks`."""

    key: int
    project_id: int
    id: int
    """Label Studio's id, which SQLite reuses after a deletion."""
    created_at: datetime
    updated_at: datetime
    """Label Studio's clock at the last pull; our own writes do not move it, so that each is pulled once more."""
    data: dict[str, Any]
    cue: dict[str, Any]
    overlap: int | None
    is_labeled: bool | None
    original: dict[str, Any] | None
    blind: bool
    written_at: datetime | None
    base_at: datetime | None
    deleted_at: datetime | None
    copy_of: int | None = None
    """Key of the task that this one asks somebody again, hidden from them; None: a task of its own."""


def by_key(conn: sa.Connection, key: int) -> Task:
    """One task by our key. Raises NotFound."""
    row = conn.execute(sa.select(tasks).where(tasks.c.key == key)).one_or_none()
    if row is None:
        raise NotFound(f"There is no task with key {key} in the store.")
    return Task(**row._mapping)


def by_id(conn: sa.Connection, project_id: int, task_id: int) -> Task:
    """The living task that has this id in Label Studio. Raises NotFound."""
    found = by_ids(conn, project_id, [task_id])
    if task_id not in found:
        raise NotFound(f"Task {task_id} of project {project_id} is not in the store. Is the id right, and was it "
                       "pulled? `cueloop sync --once` pulls now.")
    return found[task_id]


def by_ids(conn: sa.Connection, project_id: int, ids: Sequence[int], *, lock: bool = False) -> dict[int, Task]:
    """Living tasks by Label Studio's ids; those that are not in the store are absent.

    With `lock` nobody else changes them until the transaction ends.
    """
    found: dict[int, Task] = {}
    for some in chunks(ids):
        query = sa.select(tasks).where(
            tasks.c.project_id == project_id, tasks.c.id.in_(some), tasks.c.deleted_at.is_(None)).order_by(tasks.c.key)
        rows = conn.execute(query.with_for_update() if lock else query)     # SQLite has one writer: no such clause
        found |= {row.id: Task(**row._mapping) for row in rows}
    return found


def by_keys(conn: sa.Connection, keys: Sequence[int]) -> dict[int, Task]:
    """Tasks by our keys, deleted ones too."""
    found: dict[int, Task] = {}
    for some in chunks(keys):
        rows = conn.execute(sa.select(tasks).where(tasks.c.key.in_(some)))
        found |= {row.key: Task(**row._mapping) for row in rows}
    return found


def pulled_at(conn: sa.Connection, project_id: int, ids: Sequence[int]) -> dict[int, datetime]:
    """{Label Studio's id: `updated_at` that the store holds} of living tasks."""
    found: dict[int, datetime] = {}
    for some in chunks(ids):
        rows = conn.execute(sa.select(tasks.c.id, tasks.c.updated_at).where(
            tasks.c.project_id == project_id, tasks.c.id.in_(some), tasks.c.deleted_at.is_(None)))
        found |= {row.id: row.updated_at for row in rows}
    return found


def write_seen(conn: sa.Connection, project_id: int, seen: Sequence[SeenTask]) -> dict[int, int]:
    """Store what Label Studio showed now; {Label Studio's id: our key}.

    Each new version of the customer's data is kept. The caller has taken out snapshots older than the store,
    and marked deleted what had one of these ids before.
    """
    at = now()
    before = by_ids(conn, project_id, [task.id for task in seen])
    upsert(conn, tasks, [
        {"project_id": project_id, "id": t.id, "created_at": t.created_at, "updated_at": t.updated_at, "data": t.data,
         "cue": t.cue, "overlap": t.overlap, "is_labeled": t.is_labeled, "blind": False, "deleted_at": None}
        for t in seen], ["project_id", "id", "created_at"],
        ["updated_at", "data", "cue", "overlap", "is_labeled", "deleted_at"])
    keys = {task.id: task.key for task in by_ids(conn, project_id, [task.id for task in seen]).values()}
    _add_versions(conn, [
        {"task": keys[t.id], "data": t.data, "updated_at": t.updated_at, "seen_at": at, "ours": False}
        for t in seen if t.id not in before or before[t.id].key != keys[t.id] or before[t.id].data != t.data])
    return keys


def note_version(conn: sa.Connection, key: int, data: Mapping[str, Any], updated_at: datetime) -> None:
    """Keep a version of the customer's data that somebody else wrote and that is not, or no more, the newest."""
    known = conn.scalars(sa.select(task_versions.c.data).where(
        task_versions.c.task == key, task_versions.c.updated_at == updated_at)).all()
    if dict(data) not in known:
        _add_versions(conn, [{"task": key, "data": dict(data), "updated_at": updated_at, "seen_at": now(),
                              "ours": False}])


def record_own_write(conn: sa.Connection, key: int, reply: Mapping[str, Any],
                     base: Mapping[str, Any] | None = None) -> bool:
    """Keep the receipt of our PATCH: `reply` is Label Studio's answer, `base` the re-read that it rested on.

    The next pull fetches the task once more (an annotation may have come in between) and sees no change unless
    there is one. True when the write overwrote something of somebody else's: see `lost_update`.
    """
    task = by_key(conn, key)
    customer, cue = split(reply["data"])
    base_at = moment(base["updated_at"]) if base else task.updated_at
    if base:
        read, _ = split(base["data"])
        if read != task.data:
            note_version(conn, key, read, base_at)
        if customer != read:  # a repair: the only way in which we write customer data
            _add_versions(conn, [{"task": key, "data": customer, "updated_at": moment(reply["updated_at"]),
                                  "seen_at": now(), "ours": True}])
    original = task.original or {"overlap": base.get("overlap") if base else task.overlap,
                                 "is_labeled": base.get("is_labeled") if base else task.is_labeled}
    conn.execute(tasks.update().where(tasks.c.key == key).values(
        data=customer, cue=cue, overlap=reply["overlap"], is_labeled=reply["is_labeled"], original=original,
        written_at=moment(reply["updated_at"]), base_at=base_at))
    return lost_update(conn, key) is not None


def lost_update(conn: sa.Connection, key: int) -> dict[str, Any] | None:
    """The customer's data with what our last write overwrote put back; None when nothing was lost.

    Lost is what a version changed that was made after our re-read and before our write. Fields that somebody
    changed again since then stay as they are now.
    """
    task = by_key(conn, key)
    if task.written_at is None or task.base_at is None:
        return None
    seen = conn.execute(sa.select(task_versions.c.data, task_versions.c.updated_at).where(
        task_versions.c.task == key, task_versions.c.ours.is_(sa.false()),
        task_versions.c.updated_at < task.written_at).order_by(task_versions.c.updated_at, task_versions.c.key)).all()
    base = [row.data for row in seen if row.updated_at <= task.base_at]
    overwritten = [row.data for row in seen if row.updated_at > task.base_at]
    if not base or not overwritten:
        return None
    merged = _put_back(base[-1], overwritten[-1], task.data)
    return merged if merged != task.data else None


def mark_deleted(conn: sa.Connection, keys: Collection[int], at: datetime) -> None:
    """These tasks are no longer in Label Studio; what is on them stays in history and counts no more."""
    for some in chunks(sorted(keys)):
        conn.execute(tasks.update().where(tasks.c.key.in_(some), tasks.c.deleted_at.is_(None)).values(deleted_at=at))


def _put_back(base: dict[str, Any], lost: dict[str, Any], current: dict[str, Any]) -> dict[str, Any]:
    """Three-way merge: `current` with every field that `lost` changed against `base`, where it is still `base`'s."""
    merged, absent = dict(current), object()
    for field in {**base, **lost}:
        wanted, was = lost.get(field, absent), base.get(field, absent)
        if wanted == was or current.get(field, absent) != was:
            continue
        if wanted is absent:
            del merged[field]
        else:
            merged[field] = wanted
    return merged


def _add_versions(conn: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        conn.execute(task_versions.insert(), [dict(row) for row in rows])
