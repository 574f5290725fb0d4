"""Hidden copies in Label Studio: imported, put into one person's queue, closed by their answer, taken out again.

An announced copy is looked for before it is imported: a process may have died between the import and the note of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import Any

import sqlalchemy as sa

from cueloop import journal, logs, seen
from cueloop.errors import LabelStudioError, LabelStudioRefused, LabelStudioUnreachable, NotFound
from cueloop.journal import Entry
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, annotators, assignments, routes, tasks
from cueloop.store import copies as rows
from cueloop.store.columns import now
from cueloop.store.routes import Route
from routing.checking import spacing, turns
from routing.showing.wanted import PRIORITY, QUEUE, Wanted, queue_value

AT_ONCE = 5
"""Copies made in one call: about a quarter of a second of Label Studio's time each."""

Row = dict[str, Any]
log = logs.get(__name__)


def make(store: Store, client: LabelStudio, project_id: int, until: float) -> int:
    """Import what was announced, until `until` (monotonic clock); how many copies are there now that were not."""
    with store.read() as conn:
        waiting = journal.entries(conn, project_id, rows.KIND, journal.INTENDED)
    made = 0
    for entry in waiting[:AT_ONCE]:
        if monotonic() > until:
            break
        made += _make(store, client, entry)
    return made


def _make(store: Store, client: LabelStudio, entry: Entry) -> bool:
    found = _there(client, entry)
    if not found:
        data = _data(store, client, entry)
        if data is None:
            journal.undone(store, entry)        # the task that was to be asked again is gone
            return False
        try:
            made = client.import_tasks(entry.project_id, [{"data": data}])
        except (LabelStudioUnreachable, LabelStudioRefused):
            raise
        except LabelStudioError as error:
            if error.status >= 500:
                raise                           # nobody knows whether it happened: the next call looks
            log.error("a task cannot be asked again: Label Studio refuses its copy", project=entry.project_id,
                      task=entry.before["task"], error=str(error))
            journal.undone(store, entry)
            return False
        found = client.task_data(entry.project_id, made)
    _note(store, entry, found)
    return True


def _there(client: LabelStudio, entry: Entry) -> list[Row]:
    """The copies in Label Studio that bear the announced name: one, or two where an import was cut off unseen."""
    return client.with_text(entry.project_id, QUEUE, queue_value([entry.target]))


def _data(store: Store, client: LabelStudio, entry: Entry) -> Row | None:
    """The customer's fields of the task to copy, as they are now, with our keys as every task has them."""
    with store.read() as conn:
        task = tasks.by_key(conn, entry.before["task"])
    for row in client.task_data(entry.project_id, [task.id]):
        if seen.moment(row["created_at"]) == task.created_at:
            customer, _ = seen.split(row["data"])
            return {**customer, QUEUE: queue_value([entry.target]), PRIORITY: 0.0}
    return None


def _note(store: Store, entry: Entry, found: Sequence[Row]) -> None:
    """Write down whose copy this is; from now on the router shows it to them, and nobody else sees a difference."""
    said = entry.before
    with store.write() as conn:
        store.lock(conn, f"pull {entry.project_id}")
        keys = tasks.write_seen(conn, entry.project_id, [seen.task(row) for row in found])
        for key in keys.values():
            rows.mark(conn, key, said["task"])
        first = found[0]
        key = keys[int(first["id"])]
        assignments.add(conn, entry.project_id, key, [said["annotator"]], said["decision"], now(), assignments.RECHECK)
        queue = annotators.queue_name(said["annotator"])
        want: Wanted = {"cue": {QUEUE: queue_value([queue]), PRIORITY: _priority(conn, entry)}, "overlap": 1,
                        "is_labeled": False, "ranked": True}
        routes.put(conn, [Route(
            task=key, project_id=entry.project_id, state=routes.ASKED, wanted=want, published=None, dirty=True,
            audit=False, plan={}, need=0, priority=0.0, updated_at=now(), published_at=None)])
        journal.confirm(conn, entry, {"task": int(first["id"]), "created_at": first["created_at"]})


def _priority(conn: sa.Connection, entry: Entry) -> float:
    """Where it goes in the person's queue."""
    mine = [a.task for a in assignments.open_of(conn, entry.project_id) if a.annotator_id == entry.before["annotator"]]
    others = turns.priorities(routes.of_tasks(conn, mine), mine)
    return spacing.priority(entry.before["ahead"], others)


def undo(store: Store, client: LabelStudio, entry: Entry) -> str:
    """Take a copy out of Label Studio; `deleted`, `gone`, or `kept` where somebody answered or began it.

    Nobody's work is deleted: such a copy stays, and its meta says what it is.
    """
    ids = [int(row["id"]) for row in _there(client, entry)]
    if entry.after:
        ids += [int(row["id"]) for row in client.task_data(entry.project_id, [entry.after["task"]])
                if row["created_at"] == entry.after["created_at"] and int(row["id"]) not in ids]
    said = "gone"
    with store.read() as conn:
        original = tasks.by_key(conn, entry.before["task"]).id
    for task in client.tasks(entry.project_id, ids):
        if task["annotations"] or task.get("drafts"):
            client.patch_task(task["id"], meta={**(task.get("meta") or {}), "cueloop": f"asks task {original} again"})
            said = "kept"
            continue
        try:
            client.delete_task(task["id"])
            said = "deleted"
        except NotFound:
            continue
    return said
