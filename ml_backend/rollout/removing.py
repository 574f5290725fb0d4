"""Takes predictions of versions that no longer serve out of Label Studio, as the policy says.

Gone are only predictions that Cueloop pushed, of versions that Label Studio does not show and that the machine is not
about to accept, and only when nobody can have one on the screen any more: Label Studio refuses an annotation that
came out of a prediction which is gone. First they go from Label Studio, then the store notes it: after a death in
between they are looked for again, and found to be gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

import sqlalchemy as sa

from cueloop import logs
from cueloop.errors import NotFound
from cueloop.store import Store, models, predictions, rollouts
from cueloop.store.columns import now
from cueloop.store.predictions import ALTERNATIVE
from cueloop.store.schema import routes
from ml_backend.policy.policy import REMOVE
from ml_backend.policy.policy import Rollout as Policy
from ml_backend.rollout import showing

if TYPE_CHECKING:
    from cueloop.label_studio import LabelStudio

ON_SCREEN = timedelta(hours=1)
"""How long after the switch somebody may still have a task open with the prediction before."""
AT_ONCE = 200
"""Predictions that Label Studio may delete in one call: it counts each one's task anew, all in one transaction, while
on SQLite nobody can write; 7.5 ms of its processor each (1.23.2). Of more it is asked task by task, in 90 ms."""
SECONDS = 120.0
"""Longest time that a run spends with that."""
NOTED = 20
"""Tasks noted in one transaction."""

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    """What a run took out."""

    predictions: int
    all: bool
    """Nothing is left to be removed."""


def old(conn: sa.Connection, project_id: int, policy: Policy) -> list[tuple[str, str]]:
    """(model, version) whose predictions the policy does not keep, and which may still stand in Label Studio."""
    current = models.champion(conn, project_id)
    if policy.old != REMOVE or current is None:
        return []
    there = predictions.versions_there(conn, project_id)
    there.pop((current.name, current.version), None)
    shown: dict[tuple[str, str], datetime] = {}
    for rollout in reversed(rollouts.history(conn, project_id)):
        if rollout.shown_at is not None:
            shown[rollout.name, rollout.version] = rollout.shown_at
    newest_first = sorted(there, key=lambda one: (one in shown, shown.get(one) or there[one]), reverse=True)
    return newest_first[policy.keep:]


def due(conn: sa.Connection, project_id: int, policy: Policy) -> bool:
    """Whether something can be removed now."""
    newest = rollouts.newest(conn, project_id)
    return (newest is not None and newest.shown_at is not None and newest.shown_at + ON_SCREEN <= now()
            and any(not _wanted(conn, project_id, version) for _, version in old(conn, project_id, policy)))


def remove(
    store: Store, client: LabelStudio, project_id: int, policy: Policy,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Removed:
    """Take out what the policy does not keep, as far as it can go now."""
    with store.read() as conn:
        todo, allowed = old(conn, project_id, policy), due(conn, project_id, policy)
    if not todo or not allowed:
        return Removed(0, not todo)
    count, left, until = 0, 0, monotonic() + SECONDS
    current = showing.shown(client, project_id)
    for name, version in todo:
        with store.read() as conn:
            held = version == current or _wanted(conn, project_id, version)
        gone = None if held or monotonic() > until else _one(store, client, project_id, name, version, progress, until)
        left += gone is None or not gone.all
        count += gone.predictions if gone else 0
    return Removed(count, not left)


def _wanted(conn: sa.Connection, project_id: int, version: str) -> bool:
    """Whether the machine is about to accept predictions of this version."""
    rows = conn.scalars(sa.select(routes.c.wanted).where(
        routes.c.project_id == project_id, routes.c.state == "accepted", routes.c.dirty))
    return any(wanted.get("accept") == version for wanted in rows)


def _one(store: Store, client: LabelStudio, project_id: int, name: str, version: str,
         progress: Callable[[int, int], None], until: float) -> Removed:
    there = client.model_versions(project_id)
    count = there.get(version, 0) + there.get(version + ALTERNATIVE, 0)
    if count <= AT_ONCE:
        gone = sum(client.delete_model_version(project_id, each) for each in (version, version + ALTERNATIVE)
                   if there.get(each))
        with store.write() as conn:
            predictions.mark_removed(conn, project_id, name, version)
        log.info("predictions removed", project=project_id, version=version, predictions=gone)
        return Removed(gone, all=True)
    return _piece_by_piece(store, client, project_id, name, version, progress, until)


def _piece_by_piece(store: Store, client: LabelStudio, project_id: int, name: str, version: str,
                    progress: Callable[[int, int], None], until: float) -> Removed:
    """Of very many: task by task, so that nobody waits, until few enough are left or the time is over."""
    with store.read() as conn:
        standing = predictions.standing(conn, project_id, name, version)
    gone, done = 0, list[int]()
    for number, (task_id, key) in enumerate(sorted(standing.items()), start=1):
        for row in client.predictions(project_id, task_id):
            if str(row["model_version"]) in {version, version + ALTERNATIVE}:
                gone += _delete(client, int(row["id"]))
        done.append(key)
        if len(done) == NOTED or number == len(standing) or monotonic() > until:
            with store.write() as conn:
                predictions.mark_removed(conn, project_id, name, version, done)
            progress(number, len(standing))
            done = []
        if monotonic() > until:
            return Removed(gone, all=False)
    last = _one(store, client, project_id, name, version, progress, until) if standing else Removed(0, all=False)
    return Removed(gone + last.predictions, last.all)


def _delete(client: LabelStudio, prediction_id: int) -> bool:
    try:
        client.delete_prediction(prediction_id)
    except NotFound:
        return False
    return True
