"""Annotations with every version that was seen, and drafts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.seen import SeenDraft
from cueloop.store import schema
from cueloop.store.schema import annotation_versions, drafts
from cueloop.store.upsert import chunks, upsert

TABLE = schema.annotations


@dataclass(frozen=True, slots=True)
class Annotation:
    """One row of `annotations`."""

    unique_id: str
    project_id: int
    task: int
    id: int
    annotator_id: int | None
    """Its author: the first `completed_by`. None: deleted before we first saw it."""
    updated_by: int | None
    result: list[dict[str, Any]]
    """As it stands in Label Studio."""
    answer: list[dict[str, Any]] | None
    """The author's own last result, empty for a skip. None: somebody else edited it before we saw it."""
    answered_at: datetime | None
    was_cancelled: bool
    ground_truth: bool
    lead_time: float | None
    created_at: datetime
    updated_at: datetime
    parent_prediction: int | None
    parent_annotation: int | None
    guideline_version: int | None
    seen_suggestion: bool | None
    outside_queue: bool | None
    deleted_at: datetime | None
    imported: bool | None = None
    """It came with an import and nobody marked it as ground truth since; None: not known."""


VERSION = ("unique_id", "result", "was_cancelled", "ground_truth", "lead_time", "updated_at", "updated_by")
"""What a version keeps of an annotation."""


def of_tasks(conn: sa.Connection, keys: Sequence[int]) -> list[Annotation]:
    """All annotations on these tasks, deleted ones too, oldest first."""
    return _where(conn, TABLE.c.task, keys)


def by_unique_ids(conn: sa.Connection, unique_ids: Sequence[str]) -> dict[str, Annotation]:
    """Annotations by their unique ids, wherever they are."""
    return {a.unique_id: a for a in _where(conn, TABLE.c.unique_id, unique_ids)}


def write(conn: sa.Connection, rows: Sequence[Annotation], seen_at: datetime) -> None:
    """Write annotations as given and keep each as a version, unless that version is known."""
    plain = [{name: getattr(row, name) for name in Annotation.__slots__} for row in rows]
    upsert(conn, TABLE, plain, ["unique_id"])
    upsert(conn, annotation_versions, [{**{name: row[name] for name in VERSION}, "seen_at": seen_at} for row in plain],
           ["unique_id", "updated_at"], [])


def add_version(conn: sa.Connection, version: Mapping[str, Any], seen_at: datetime) -> None:
    """Keep a version that Label Studio made without a new `updated_at`, e.g. another ground truth."""
    upsert(conn, annotation_versions, [{**version, "seen_at": seen_at}], ["unique_id", "updated_at"], [])


def versions(conn: sa.Connection, unique_id: str) -> list[sa.Row[Any]]:
    """Every version of an annotation that was seen, oldest first."""
    return list(conn.execute(sa.select(annotation_versions).where(annotation_versions.c.unique_id == unique_id)
                             .order_by(annotation_versions.c.updated_at, annotation_versions.c.key)))


def mark_deleted(conn: sa.Connection, unique_ids: Collection[str], at: datetime) -> None:
    """These annotations are no longer in Label Studio: history keeps them, nothing counts them."""
    for some in chunks(sorted(unique_ids)):
        conn.execute(TABLE.update().where(
            TABLE.c.unique_id.in_(some), TABLE.c.deleted_at.is_(None)).values(deleted_at=at))


def mark_deleted_on(conn: sa.Connection, keys: Collection[int], at: datetime) -> None:
    """These tasks are gone, and with them every annotation and draft on them."""
    for some in chunks(sorted(keys)):
        conn.execute(TABLE.update().where(TABLE.c.task.in_(some), TABLE.c.deleted_at.is_(None)).values(deleted_at=at))
        conn.execute(drafts.delete().where(drafts.c.task.in_(some)))


def ids_of_tasks(conn: sa.Connection, keys: Sequence[int]) -> dict[int, set[int]]:
    """{task key: Label Studio's ids of the annotations that live on it}."""
    found: dict[int, set[int]] = {}
    for some in chunks(keys):
        for row in conn.execute(sa.select(TABLE.c.task, TABLE.c.id).where(
                TABLE.c.task.in_(some), TABLE.c.deleted_at.is_(None))):
            found.setdefault(row.task, set()).add(row.id)
    return found


def replace_drafts(conn: sa.Connection, project_id: int, seen: Mapping[int, Sequence[SeenDraft]]) -> None:
    """The drafts of these tasks are now `seen[task key]`, and no others."""
    for some in chunks(sorted(seen)):
        conn.execute(drafts.delete().where(drafts.c.task.in_(some)))
    upsert(conn, drafts, [{"id": d.id, "project_id": project_id, "task": key, "annotator_id": d.annotator_id,
                           "updated_at": d.updated_at} for key, found in seen.items() for d in found])


def tasks_with_drafts(conn: sa.Connection, keys: Sequence[int]) -> set[int]:
    """Those of the tasks that somebody has begun and not submitted."""
    return {key for some in chunks(keys)
            for key in conn.scalars(sa.select(drafts.c.task).where(drafts.c.task.in_(some)))}


def _where(conn: sa.Connection, column: sa.Column[Any], values: Sequence[Any]) -> list[Annotation]:
    return [Annotation(**row._mapping) for some in chunks(values) for row in conn.execute(
        sa.select(TABLE).where(column.in_(some)).order_by(TABLE.c.created_at, TABLE.c.unique_id))]
