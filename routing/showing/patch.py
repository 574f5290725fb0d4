"""Writes queues: one PATCH a task, resting on a re-read just before, its reply kept as the receipt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from routing.showing.contested import contested
from routing.showing.wanted import PRIORITY, QUEUE, merged, queue_names

BATCH = 4
"""Tasks re-read together and then written side by side: each write rests on a re-read that is as fresh as can be."""

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
    with ThreadPoolExecutor(max_workers=BATCH, thread_name_prefix="patch") as pool:
        for batch in _batches(store, wanted):
            if monotonic() > until:
                break
            with store.read() as conn:
                known = tasks.by_keys(conn, [route.task for route in batch])
            began = monotonic()
            fresh = {int(row["id"]): row for row in client.task_data(project_id, [known[r.task].id for r in batch])}
            ours = [(route, known[route.task], row) for route in batch
                    if (row := fresh.get(known[route.task].id)) is not None     # else deleted,
                    and moment(row["created_at"]) == known[route.task].created_at]   # or another under its id
            for done in pool.map(lambda one: _try(store, client, project_id, *one), ours):
                confirmed += done is True
                refused += done is None
            window = max(window, monotonic() - began)
            if refused >= REFUSED:
                raise LabelStudioError(f"Label Studio refused to write {refused} tasks of project {project_id}; "
                                       "the log of sync names each.")
    return confirmed, window


def _try(store: Store, client: LabelStudio, project_id: int, route: Route, task: Task,
         row: dict[str, Any]) -> bool | None:
    """Write one task; None when Label Studio refuses it: that must not stop the others."""
    try:
        return _one(store, client, route, task, row)
    except LabelStudioUnreachable:
        raise
    except LabelStudioError as error:
        log.error("task could not be written", project=project_id, task=task.id, error=str(error))
        return None


def _one(store: Store, client: LabelStudio, route: Route, task: Task, row: dict[str, Any]) -> bool:
    """PATCH one task unless it shows already what is wanted; whether Label Studio now shows it.

    Data is sent only where somebody's queue changes: what is closed or only made wider risks no customer's edit.
    """
    want = route.wanted
    fields = {"overlap": want["overlap"], "is_labeled": want["is_labeled"]}
    moved = want.get("ranked") and row["data"].get(PRIORITY) != want["cue"][PRIORITY]
    if not want["is_labeled"] and (moved or queue_names(row["data"].get(QUEUE)) != queue_names(want["cue"][QUEUE])):
        fields["data"] = merged(row["data"], want)
    due = any(row[name] != value for name, value in fields.items())
    if due and _answered_meanwhile(task, row):
        return False
    try:
        reply = client.patch_task(task.id, **fields) if due else row
    except NotFound:
        return False        # deleted between the re-read and now
    with store.write() as conn:
        if due:
            tasks.record_own_write(conn, task.key, reply, row)
        shown = {name: reply["data"][name] for name in want["cue"] if name in reply["data"]}
        routes.confirm(conn, task.key, want, now(), shown=want | {"cue": shown})
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
