"""Has the data of a version again: the manifest says what it was, the store's history, or the file, has the texts.

Every text is checked against the hash in the manifest: what is given back is what was learned, or it is not given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cueloop.errors import CueloopError
from cueloop.label_config import parse
from cueloop.store import projects
from cueloop.store.models import ModelVersion
from cueloop.store.schema import task_versions, tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from ml_backend import csv_files
from ml_backend.artifacts import Artifacts
from ml_backend.data import manifest
from ml_backend.data.manifest import Manifest, Row
from ml_backend.dataset import HOLDOUT, TRAIN, text_sha256
from ml_backend.texts.reader import Read, inline

ABSENT = "the task is not in the store"
DELETED = "the task was deleted, and its text as it was read is not in the store's history"
CHANGED = "its text as it was read is not in the store's history"
UNREAD = "its text cannot be read now"
NOT_IN_FILE = "the file has no such row any more"
RELABELLED = "the file has another label there"


@dataclass(frozen=True, slots=True)
class Again:
    """The data of one control, as far as it can be had again."""

    manifest: Manifest
    texts: Mapping[int, str]
    """Texts by the key of their row, each of the right hash."""
    missing: Mapping[int, str]
    """Why the text of a row cannot be had, by its key."""
    tasks: Mapping[int, int]
    """Label Studio's id of a task, by the key of its row."""
    hashes_differ: tuple[str, ...]
    """Parts whose rows are not those that the card has the hash of."""

    @property
    def whole(self) -> bool:
        """All of it is there, and it is what the card says."""
        return not self.missing and not self.hashes_differ


def manifests(artifacts: Artifacts, version: ModelVersion) -> list[Manifest] | None:
    """What a version was taught with; None: it was made before manifests were kept, or not here.

    Raises ModelError when the file is not what was written.
    """
    if manifest.FILE not in version.sha256:
        return None
    files = artifacts.read(version.path, {manifest.FILE: version.sha256[manifest.FILE]})
    return manifest.unpack(files)


def from_store(conn: sa.Connection, version: ModelVersion, one: Manifest, read: Read = inline) -> Again:
    """The texts of a manifest from all that the store has seen of its tasks."""
    assert version.project_id is not None
    control = _control(conn, version.project_id, one)
    keys = {f"{version.project_id}/{row.id}/{row.created_at.isoformat()}": row for row in conn.execute(
        sa.select(tasks.c.key, tasks.c.id, tasks.c.created_at, tasks.c.deleted_at).where(
            tasks.c.project_id == version.project_id))}
    known = {row.key: keys[row.identity] for row in one.rows if row.identity in keys}
    seen = _seen(conn, one.field, [task.key for task in known.values()])
    texts: dict[int, str] = {}
    missing: dict[int, str] = {}
    for row in one.rows:
        task = known.get(row.key)
        told = read(control, seen.get(task.key, [])) if task is not None else []
        text = next((text for text in told if text is not None and text_sha256(text) == row.sha256), None)
        if text is not None:
            texts[row.key] = text
        elif task is None:
            missing[row.key] = ABSENT
        elif told and all(text is None for text in told):
            missing[row.key] = UNREAD
        else:
            missing[row.key] = CHANGED if task.deleted_at is None else DELETED
    return Again(one, texts, missing, {key: task.id for key, task in known.items()}, _differ(version, one))


def from_file(path: Path, version: ModelVersion, one: Manifest) -> Again:
    """The texts of a manifest from the CSV file that it was read from, whose rows may have moved.

    Raises DataError when the file cannot be read.
    """
    there: dict[str, set[str]] = {}
    texts_of: dict[str, str] = {}
    for _, row in csv_files.rows(path, [one.field, one.control]):
        hash_ = text_sha256(row[one.field])
        there.setdefault(hash_, set()).add(row[one.control])
        texts_of[hash_] = row[one.field]
    missing = {row.key: NOT_IN_FILE if row.sha256 not in there else RELABELLED for row in one.rows
               if row.label not in there.get(row.sha256, set())}
    texts = {row.key: texts_of[row.sha256] for row in one.rows if row.key not in missing}
    return Again(one, texts, missing, {}, _differ(version, one))


def unchecked(version: ModelVersion, one: Manifest) -> Again:
    """A manifest whose texts are nowhere but in a file that was not given."""
    return Again(one, {}, {}, {}, _differ(version, one))


def listed(again: Again, part: str | None = None) -> Iterable[dict[str, Any]]:
    """The examples of a part, or all, with their texts, in the order in which they were learned."""
    for row in again.manifest.rows:
        if part in {None, row.part} and row.key in again.texts:
            yield _told(again, row)


def _told(again: Again, row: Row) -> dict[str, Any]:
    shares = None if row.shares is None else dict(zip(again.manifest.labels, row.shares, strict=True))
    return {"control": again.manifest.control, "task": again.tasks.get(row.key, row.key), "part": row.part,
            "label": row.label, "weight": row.weight, "shares": shares, "blind": row.blind, "cluster": row.cluster,
            "sha256": row.sha256, "text": again.texts[row.key]}


def _differ(version: ModelVersion, one: Manifest) -> tuple[str, ...]:
    """Parts of which the card has another hash. A control whose head was taken over has none of this version."""
    card = version.card.get("controls", {}).get(one.control, {}).get("data", {})
    told = {TRAIN: card.get("sha256"), HOLDOUT: card.get("holdout_sha256")}
    return tuple(part for part, hash_ in told.items() if hash_ is not None and hash_ != one.sha256(part))


def _control(conn: sa.Connection, project_id: int, one: Manifest) -> Control:
    """How the field is read: as the label config of today says, or as it stands where it has no such control."""
    try:
        found = parse(projects.get(conn, project_id).label_config).controls
    except CueloopError:
        found = ()
    bare = Control(name=one.control, to_name=one.to_name, type="Choices", labels=one.labels, value=one.field)
    return next((control for control in found if (control.name, control.value) == (one.control, one.field)), bare)


def _seen(conn: sa.Connection, field: str, keys: Sequence[int]) -> dict[int, list[object]]:
    """{task: all that its field was seen to hold}, the newest first, each once."""
    found: dict[int, list[object]] = {}
    for some in chunks(sorted(set(keys))):
        now_ = conn.execute(sa.select(tasks.c.key.label("task"), tasks.c.data).where(tasks.c.key.in_(some)))
        before = conn.execute(sa.select(task_versions.c.task, task_versions.c.data).where(
            task_versions.c.task.in_(some)).order_by(task_versions.c.key.desc()))
        for row in (*now_, *before):
            values = found.setdefault(row.task, [])
            if row.data.get(field) not in values:
                values.append(row.data.get(field))
    return found
