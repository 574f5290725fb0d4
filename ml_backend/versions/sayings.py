"""What a version says of every task of a project: looked up where it predicted, asked where it is a model of ours.

A version that never served has predicted nothing; it is asked in memory, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from cueloop.store import Store, predictions
from cueloop.store.models import ModelVersion
from cueloop.store.schema import tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Head, paired
from ml_backend.calibration import Floats
from ml_backend.predictions import taught, within
from ml_backend.registry import LOADERS
from ml_backend.texts.reader import Read

CHUNK = 1_000
"""Tasks asked about at a time."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What a version says of one task."""

    label: str
    score: float
    fresh: bool
    """It was not trained on the task."""
    probabilities: Mapping[str, float] | None
    """{label: probability} of tasks for which they are wanted."""


def sayings(
    store: Store, artifacts: Artifacts, version: ModelVersion, project_id: int, control: Control, read: Read,
    wanted: Collection[int], progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[int, Saying]:
    """{task: what a version says of a single choice}; `wanted`: tasks of which all probabilities are told.

    Empty for a version that neither predicted nor can be asked. Raises ModelError when its files are not whole.
    """
    found = _stored(store, version, project_id, control.name, wanted)
    if found or version.kind in LOADERS or version.deleted_at is not None:
        return found
    bundle = registry.load(artifacts, version, store).bundle
    head = next((head for head, its in paired(bundle, [control]) if its.name == control.name), None)
    if head is None:
        return {}
    seen = taught(artifacts, version, project_id).get(head.control, {})
    return _asked(store, head, project_id, control, read, seen, wanted, progress)


def _stored(
    store: Store, version: ModelVersion, project_id: int, control: str, wanted: Collection[int],
) -> dict[int, Saying]:
    found: dict[int, Saying] = {}
    after = 0
    while True:
        with store.read() as conn:
            rows = predictions.page(conn, project_id, version.name, version.version, control, after)
        if not rows:
            return found
        after = rows[-1].task
        for row in rows:
            found[row.task] = Saying(row.label, row.score, row.out_of_fold,
                                     row.probabilities if row.task in wanted else None)


def _asked(
    store: Store, head: Head, project_id: int, control: Control, read: Read, seen: Mapping[int, Floats],
    wanted: Collection[int], progress: Callable[[int, int], None],
) -> dict[int, Saying]:
    found: dict[int, Saying] = {}
    with store.read() as conn:
        keys = list(conn.scalars(sa.select(tasks.c.key).where(
            tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None))))
    done = 0
    for some in chunks(keys, CHUNK):
        with store.read() as conn:
            data = {row.key: row.data.get(control.value or head.field) for row in conn.execute(
                sa.select(tasks.c.key, tasks.c.data).where(tasks.c.key.in_(some)))}
        texts = {key: text for key, text in zip(data, read(control, list(data.values())), strict=True)
                 if text is not None}
        for key, fresh in zip(texts, head.probabilities(list(texts.values())), strict=True):
            said = within(head, control, seen.get(key, fresh))
            label = next(iter(said))
            found[key] = Saying(label, said[label], key not in seen, said if key in wanted else None)
        done += len(some)
        progress(done, len(keys))
    return found
