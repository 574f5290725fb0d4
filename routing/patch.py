"""Writes queues: one PATCH a task, resting on a re-read just before, its reply kept as the receipt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any

from cueloop import logs
from cueloop.errors import LabelStudioError, LabelStudioUnreachable, NotFound
from cueloop.label_studio import LabelStudio
from cueloop.seen import moment
from cueloop.store import Store, routes, tasks
from cueloop.store.columns import now
from cueloop.store.routes import Route
from cueloop.store.tasks import Task
from routing.contested import contested
from routing.wanted import merged

BATCH = 4
"""Tasks re-read together: a write takes about 0.1 s, so the last rests on a re-read 0.4 s old."""

REFUSED = 5
"""So many tasks that Label Studio refuses to write in one call mean that the fault is not with the tasks."""

OFTEN, PAUSE = 3, timedelta(seconds=5)
"""A task that somebody else writes so often is written at most once in so long: two programs must not fight all day."""

log = logs.get(__name__)


def write(store: Store, client: LabelStudio, project_id: int, wanted: Sequence[Route],
          until: float) -> tuple[int, float]:
    """PATCH what Label Studio does not show yet, until `until` (monotonic clock).

    Returns how many tasks were confirmed and the longest time between a re-read and the end of its write.
    """
    confirmed, refused, window = 0, 0, 0.0
    for batch in _batches(store, wanted):
        if monotonic() > until:
            break
        with store.read() as conn:
            known = tasks.by_keys(conn, [route.task for route in batch])
        began = monotonic()
        fresh = {int(row["id"]): row for row in client.task_data(project_id, [known[r.task].id for r in batch])}
        for route in batch:
            row = fresh.get(known[route.task].id)
            if row is None or moment(row["created_at"]) != known[route.task].created_at:
                continue        # deleted, or another task under its id: the sweep will see
            try:
                done = _one(store, client, route, known[route.task], row)
            except LabelStudioUnreachable:
                raise
            except LabelStudioError as error:
                refused += 1
                log.error("task could not be written", project=project_id, task=known[route.task].id, error=str(error))
                if refused >= REFUSED:
                    raise
                continue
            confirmed += done
            window = max(window, monotonic() - began) if done else window
    return confirmed, window


def _one(store: Store, client: LabelStudio, route: Route, task: Task, row: dict[str, Any]) -> bool:
    """PATCH one task unless it shows already what is wanted; whether Label Studio now shows it."""
    want = route.wanted
    overlap = max(int(want["overlap"]), 1)
    data = merged(row["data"], want)
    if (data, overlap, want["is_labeled"]) != (row["data"], row["overlap"], row["is_labeled"]):
        if _answered_meanwhile(task, row):
            return False
        try:
            reply = client.patch_task(task.id, data=data, overlap=overlap, is_labeled=want["is_labeled"])
        except NotFound:
            return False        # deleted between the re-read and now
        with store.write() as conn:
            tasks.record_own_write(conn, task.key, reply, row)
            routes.confirm(conn, task.key, want, now())
        return True
    with store.write() as conn:
        routes.confirm(conn, task.key, want, now())
    return True


def _answered_meanwhile(task: Task, row: dict[str, Any]) -> bool:
    """Whether an answer closed or opened the task since the last pull: then that answer is judged first."""
    seen = max(filter(None, (task.updated_at, task.written_at)))
    return bool(row["is_labeled"]) != bool(task.is_labeled) and moment(row["updated_at"]) > seen


def _batches(store: Store, wanted: Sequence[Route]) -> Iterator[list[Route]]:
    """Small batches; a task that somebody else edited lately stands alone, written right after its re-read."""
    with store.read() as conn:
        fought_over = contested(conn, [route.task for route in wanted])
    batch: list[Route] = []
    for route in wanted:
        if route.task in fought_over:
            often = fought_over[route.task] >= OFTEN
            if not often or route.published_at is None or now() - route.published_at > PAUSE:
                yield [route]
            continue
        batch.append(route)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
