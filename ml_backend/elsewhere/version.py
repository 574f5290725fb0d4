"""A pushed version in service: it answers the tasks that it has spoken of, from the store, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cueloop.errors import ModelError
from cueloop.store import Store, predictions
from cueloop.store.models import ModelVersion
from cueloop.store.schema import tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from ml_backend.answering.proposal import Proposal
from ml_backend.artifacts import Artifacts
from ml_backend.push import rows_of

if TYPE_CHECKING:
    from ml_backend.protocol import Asked


def load(artifacts: Artifacts, version: ModelVersion, store: Store | None) -> Stored:
    """For `registry.LOADERS`. There are no files. Raises ModelError when the store has nothing of this version."""
    del artifacts
    found = Stored(version, store)
    if store is not None and version.project_id is not None:
        with store.read() as conn:
            if not predictions.controls(conn, version.project_id, version.name, version.version):
                raise ModelError(f"{version.name}@{version.version} has no predictions: push its file once more.")
    return found


class Stored:
    """See `Answering`."""

    def __init__(self, version: ModelVersion, store: Store | None) -> None:
        """Without a store it answers nothing."""
        self._version, self._store = version, store

    def propose(self, asked: Asked, controls: Sequence[Control], at: Sequence[int]) -> list[list[Proposal]]:
        """See `Answering.propose`. A task is known by its id in Label Studio, in the version's project alone."""
        project, ids = self._version.project_id, {place: _id(asked.tasks[place]) for place in at}
        if self._store is None or asked.project_id not in (None, project):
            return [[] for _ in at]
        known = {control.name: control for control in controls}
        with self._store.read() as conn:
            keys = _keys(conn, project, sorted({one for one in ids.values() if one is not None}))
            said = predictions.of_tasks(conn, self._version.name, self._version.version, sorted(keys.values()))
        return [self._proposals(said.get(keys.get(ids[place] or 0, 0), []), known) for place in at]

    def _proposals(self, said: Sequence[predictions.Prediction], controls: dict[str, Control]) -> list[Proposal]:
        """The answer, then the second likeliest one where it is worth showing: as they are pushed."""
        usable = [row for row in said if row.control in controls and (
            row.value is not None or row.label in controls[row.control].labels)]
        why = {row.control: {"label": row.label, "score": row.score, **(row.explanation or {})} for row in usable}
        return [Proposal(row["result"], row["score"], why)
                for row in rows_of(0, usable, controls, self._version.version)]


def _id(task: object) -> int | None:
    found = task.get("id") if isinstance(task, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**31 else None


def _keys(conn: sa.Connection, project_id: int | None, ids: Sequence[int]) -> dict[int, int]:
    """{Label Studio's id: key} of tasks that are there."""
    found: dict[int, int] = {}
    for some in chunks(ids):
        rows = conn.execute(sa.select(tasks.c.id, tasks.c.key).where(
            tasks.c.project_id == project_id, tasks.c.id.in_(some), tasks.c.deleted_at.is_(None)))
        found |= {row.id: row.key for row in rows}
    return found
