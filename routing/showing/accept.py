"""Accepts for the machine: its predictions become annotations of its own account, in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

import sqlalchemy as sa

from cueloop import logs
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, annotators, routes, tasks
from cueloop.store.columns import now
from cueloop.store.predictions import STANDING
from cueloop.store.routes import Route
from cueloop.store.schema import predictions
from cueloop.store.tasks import Task
from cueloop.store.upsert import chunks
from routing.showing import patch

BULK = 200
"""Tasks accepted in one call: about 0.3 s of Label Studio's time."""

log = logs.get(__name__)
_told: set[int] = set()     # projects whose missing account was logged: once a process is enough


def write(store: Store, client: LabelStudio, machine_token: str, project_id: int,
          accepting: Sequence[Route], until: float) -> int:
    """Accept what is pushed and not blind, as the account of `machine_token`; how many tasks were closed.

    A second call for the same tasks makes no second annotation: Label Studio passes over accepted predictions.
    So a crash after its answer and before our note costs nothing.
    """
    closing = [replace(route, wanted={k: v for k, v in route.wanted.items() if k != "accept"})
               for route in accepting if route.wanted["is_labeled"]]    # annotated, and not closed by that
    closed, _ = patch.write(store, client, project_id, closing, until)
    waiting = [route for route in accepting if not route.wanted["is_labeled"]]
    with store.read() as conn:
        known = tasks.by_keys(conn, [route.task for route in waiting])
        pushed = _pushed(conn, waiting)
    ready = [route for route in waiting if route.task in pushed and not known[route.task].blind]
    if ready and not machine_token and project_id not in _told:
        _told.add(project_id)
        log.warning("nothing can be accepted: there is no account for the machine; run `cueloop connect`",
                    project=project_id, tasks=len(ready))
    if not ready or not machine_token:
        return closed
    _prepare(store, client, project_id, ready, known, until)
    with LabelStudio(client.url, machine_token) as machine:
        for version in sorted({route.wanted["accept"] for route in ready}):
            mine = [route for route in ready if route.wanted["accept"] == version]
            for start in range(0, len(mine), BULK):
                if monotonic() > until:
                    return closed
                closed += _accept(store, client, machine, project_id, mine[start:start + BULK], version)
    return closed


def _prepare(store: Store, client: LabelStudio, project_id: int, ready: Sequence[Route], known: dict[int, Task],
             until: float) -> None:
    """Lower the overlap of tasks that people were asked about, or acceptance would leave them open."""
    before = [replace(route, wanted={k: v for k, v in route.wanted.items() if k != "accept"})
              for route in ready if known[route.task].overlap != route.wanted["overlap"]]
    patch.write(store, client, project_id, before, until)


def _accept(store: Store, client: LabelStudio, machine: LabelStudio, project_id: int, batch: Sequence[Route],
            version: str) -> int:
    with store.read() as conn:
        ids = {key: task.id for key, task in tasks.by_keys(conn, [route.task for route in batch]).items()}
    made = machine.accept_predictions(project_id, list(ids.values()), version)
    closed = set(ids) if made == len(ids) else _annotated(store, client, project_id, ids)
    with store.write() as conn:
        for route in batch:
            if route.task in closed:
                routes.confirm(conn, route.task, route.wanted, now(), shown={"accept": version})
        _forget_push(conn, sorted(ids.keys() - closed), version)
    if len(closed) < len(ids):
        log.warning("predictions to accept are gone from Label Studio; they will be pushed again",
                    project=project_id, version=version, tasks=len(ids) - len(closed))
    return len(closed)


def _annotated(store: Store, client: LabelStudio, project_id: int, ids: dict[int, int]) -> set[int]:
    """Those of the tasks that carry the machine's annotation; the others' predictions are gone."""
    with store.read() as conn:
        machines = annotators.machines(conn)
    done = {int(task["id"]) for task in client.tasks(project_id, list(ids.values()))
            if any(note["completed_by"] in machines for note in task["annotations"])}
    return {key for key, number in ids.items() if number in done}


def _pushed(conn: sa.Connection, waiting: Sequence[Route]) -> frozenset[int]:
    """Tasks whose prediction of the wanted version is known to stand in Label Studio."""
    version = {route.task: route.wanted["accept"] for route in waiting}
    found: set[int] = set()
    for part in chunks(list(version)):
        rows = conn.execute(sa.select(predictions.c.task, predictions.c.version).where(
            predictions.c.task.in_(part), STANDING))
        found |= {row.task for row in rows if row.version == version[row.task]}
    return frozenset(found)


def _forget_push(conn: sa.Connection, keys: Sequence[int], version: str) -> None:
    for part in chunks(list(keys)):
        conn.execute(predictions.update().where(predictions.c.task.in_(part), predictions.c.version == version)
                     .values(pushed_at=None, sent_at=None))
