"""Settles what newly labelled tasks are for, once and for all: before each training, and written down.

A task is settled when its label first counts. `data.parts` decides, with all that was settled before: also tasks that
were deleted since, or whose label counts no more, and texts that were edited since, for models were taught with them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cueloop import logs
from cueloop.errors import Conflict
from cueloop.sampling import audit_salt, uniform
from cueloop.store import Store, splits
from cueloop.store.models import ELSEWHERE, OWN_CLASS
from cueloop.store.schema import model_versions, predictions, task_versions, tasks
from cueloop.store.splits import Split
from cueloop.store.upsert import chunks
from cueloop.types import Control
from ml_backend.data import labelled, parts
from ml_backend.data.duplicates import near_duplicates
from ml_backend.data.parts import Member
from ml_backend.dataset import TRAIN
from ml_backend.policy.policy import Data
from ml_backend.texts.reader import Read, inline

TRIES = 3
"""How often it is done anew because another process settled meanwhile."""
FOREIGN = (ELSEWHERE, OWN_CLASS)
"""Kinds of versions that were not taught by parts: pushed ones, and classes, which read what they like."""

log = logs.get(__name__)


def settle(store: Store, project_id: int, policy: Data, read: Read = inline) -> None:
    """Give every labelled task of a project its part. Called twice it changes nothing more.

    Raises NotFound for an unknown project, ModelError when no control shows a field of the task's data, Conflict when
    other processes kept settling it at the same time.
    """
    for _ in range(TRIES):
        with store.read() as conn:
            controls = labelled.controls(conn, project_id)
            had = splits.of_project(conn, project_id)
            taught = set() if had else _taught(conn, project_id)
            counted, data = _tasks(conn, project_id, controls, policy, sorted(had.keys() | taught))
            past = _past(conn, had, data)
        members = _members(project_id, controls, counted, data, had, taught, policy, read)
        members += _former(controls, past, had, read)
        settled = parts.settle(members, policy.holdout, lambda texts: near_duplicates(texts, policy.duplicates))
        found = {m.key: Split(m.key, str(m.part), m.cluster) for m in settled if m.key >= 0}
        changed = [one for key, one in found.items() if had.get(key) != one]
        with store.write() as conn:
            store.lock(conn, f"splits {project_id}")
            if splits.of_project(conn, project_id) != had:
                continue
            splits.put(conn, project_id, changed)
        if changed:
            log.info("parts settled", project=project_id, changed=len(changed),
                     **Counter(one.part for one in found.values()))
        return
    raise Conflict(f"Project {project_id}: others settled what is held out at the same time. Train again.")


def _taught(conn: sa.Connection, project_id: int) -> set[int]:
    """Tasks that versions from before parts were settled were trained on."""
    versions = sa.select(model_versions.c.name, model_versions.c.version).where(
        model_versions.c.project_id == project_id, model_versions.c.kind.not_in(FOREIGN))
    return set(conn.scalars(sa.select(predictions.c.task).distinct().where(
        predictions.c.project_id == project_id, predictions.c.out_of_fold.is_(sa.false()),
        sa.tuple_(predictions.c.model, predictions.c.version).in_(versions))))


def _tasks(
    conn: sa.Connection, project_id: int, controls: Sequence[Control], policy: Data, more: Sequence[int],
) -> tuple[dict[str, set[int]], dict[int, Mapping[str, Any]]]:
    """{control: tasks whose label counts}, and the data of those and of the tasks `more`, by task."""
    counted: dict[str, set[int]] = {}
    data: dict[int, Mapping[str, Any]] = {}
    for control in controls:
        rows = [row for row in labelled.rows(conn, project_id, control)
                if any(True for _ in labelled.label_of(row, control.labels, policy))]
        counted[control.name] = {row.key for row in rows}
        data |= {row.key: row.data for row in rows}
    for some in chunks([key for key in more if key not in data]):
        data |= {row.key: row.data for row in conn.execute(
            sa.select(tasks.c.key, tasks.c.data).where(tasks.c.key.in_(some)))}
    return counted, dict(sorted(data.items()))


def _members(
    project_id: int, controls: Sequence[Control], counted: Mapping[str, set[int]],
    data: Mapping[int, Mapping[str, Any]], had: Mapping[int, Split], taught: set[int], policy: Data, read: Read,
) -> list[Member]:
    """Settled tasks, and those to be settled: they have a label that counts, and a text."""
    texts: dict[int, dict[str, str]] = {key: {} for key in data}
    counts: set[int] = set()
    for control, field, told in _read(controls, list(data.values()), read):
        for key, text in zip(data, told, strict=True):
            if text is not None:
                texts[key].setdefault(field, text)
                counts |= {key} & counted[control.name]
    salt = audit_salt(project_id)
    parts_had = dict.fromkeys(taught, TRAIN) | {key: one.part for key, one in had.items()}
    return [
        Member(key=key, text="\n".join(texts[key].values()) or _like_nothing(key), draw=uniform(key, salt),
               source=_source(data[key], policy), part=parts_had.get(key),
               cluster=had[key].cluster if key in had else "", counts=key in counts)
        for key in data if key in parts_had or key in counts]


def _former(
    controls: Sequence[Control], past: Sequence[tuple[int, Mapping[str, Any]]], had: Mapping[int, Split], read: Read,
) -> list[Member]:
    """What settled tasks said before they were edited, with their parts and keys below 0: a model may have been taught
    or judged by that, so whoever comes with the same text belongs there."""
    texts: list[dict[str, str]] = [{} for _ in past]
    for _, field, told in _read(controls, [data for _, data in past], read):
        for one, text in zip(texts, told, strict=True):
            if text is not None:
                one.setdefault(field, text)
    return [Member(key=-number, text="\n".join(one.values()), draw=1.0, part=had[key].part, cluster=had[key].cluster,
                   counts=False)
            for number, ((key, _), one) in enumerate(zip(past, texts, strict=True), start=1) if one]


def _past(conn: sa.Connection, had: Mapping[int, Split], data: Mapping[int, Mapping[str, Any]],
          ) -> list[tuple[int, Mapping[str, Any]]]:
    """(task, what its fields held) of settled tasks before they were edited, as often as they were."""
    edited = sa.select(task_versions.c.task).group_by(task_versions.c.task).having(sa.func.count() > 1)
    found: list[tuple[int, Mapping[str, Any]]] = []
    for some in chunks(sorted(had)):
        rows = conn.execute(sa.select(task_versions.c.task, task_versions.c.data).where(
            task_versions.c.task.in_(edited.where(task_versions.c.task.in_(some)))).order_by(task_versions.c.key))
        found += [(row.task, row.data) for row in rows if row.data != data.get(row.task)]
    return found


def _read(
    controls: Sequence[Control], data: Sequence[Mapping[str, Any]], read: Read,
) -> Iterator[tuple[Control, str, Sequence[str | None]]]:
    """For each control its field, and the text that it has in each of the tasks' data."""
    for control in controls:
        field = str(control.value)
        yield control, field, read(control, [one.get(field) for one in data])


def _source(data: Mapping[str, Any], policy: Data) -> str | None:
    value = data.get(policy.source) if policy.source else None
    return str(value) if isinstance(value, str | int | float) and str(value) else None


def _like_nothing(key: int) -> str:
    """Stands for a text that cannot be read now."""
    return hashlib.sha256(str(key).encode()).hexdigest()
