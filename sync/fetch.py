"""Fetches whole tasks from Label Studio and stores them, batch by batch, each in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DataError

from cueloop import logs, seen
from cueloop.errors import LabelStudioError
from cueloop.label_studio import LabelStudio
from cueloop.seen import SeenTask
from cueloop.store import Store, annotators, projects
from cueloop.store.projects import Project
from sync import batch
from sync.batch import Written
from sync.pace import Pace

log = logs.get(__name__)

Listed = Sequence[tuple[int, datetime]]
"""(Label Studio's task id, `updated_at` as listed), oldest first."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull or a sweep found."""

    changed: frozenset[int] = frozenset()
    """Keys of tasks that changed, other than by our own writes."""
    tasks: int = 0
    """Tasks fetched whole."""
    annotations: int = 0
    """Annotations that are new or not as they were."""
    deleted_tasks: int = 0
    deleted_annotations: int = 0
    complete: bool = True
    """False: there is more, the next pull goes on."""

    def __add__(self, other: Pulled) -> Pulled:
        """Both together."""
        return Pulled(self.changed | other.changed, self.tasks + other.tasks, self.annotations + other.annotations,
                      self.deleted_tasks + other.deleted_tasks,
                      self.deleted_annotations + other.deleted_annotations, self.complete and other.complete)


def pulled(written: Written, tasks: int = 0) -> Pulled:
    """What storing a batch of so many fetched tasks means for the whole."""
    return Pulled(written.changed, tasks, written.annotations, written.deleted_tasks, written.deleted_annotations)


def fetch(store: Store, client: LabelStudio, project: Project, listed: Listed, pace: Pace, *,
          safe: datetime | None = None) -> Pulled:
    """Fetch these tasks and store them.

    With `safe`, the project's cursor follows each batch, in its transaction, up to that moment.
    """
    total, at, strangers = Pulled(), 0, set[int]()
    while at < len(listed):
        some = listed[at:at + pace.batch]
        began = time.monotonic()
        shown = list(_readable(client.tasks(project.id, [number for number, _ in some])))
        seconds = time.monotonic() - began
        _meet(store, client, shown, strangers)
        total += _keep(store, project, shown, min(some[-1][1], safe) if safe else None)
        at += len(some)
        pace.after(len(some), seconds)
    return total


def _readable(rows: Iterable[Mapping[str, Any]]) -> Iterator[SeenTask]:
    """The tasks that can be read. One that cannot is named in the log, at every sweep, and holds up no other."""
    for row in rows:
        try:
            yield seen.task(row)
        except LabelStudioError as error:
            log.error("task passed over", why=str(error))


def _keep(store: Store, project: Project, shown: Sequence[SeenTask], cursor: datetime | None) -> Pulled:
    """Store a batch with the cursor; where the database refuses something in it, all but that."""
    try:
        with store.write() as conn:
            store.lock(conn, f"pull {project.id}")
            written = batch.write(conn, project, shown)
            if cursor is not None:
                projects.advance(conn, project.id, cursor)
        return pulled(written, len(shown))
    except DataError as error:      # PostgreSQL takes no NUL character in a text, SQLite does
        if len(shown) > 1:
            one_by_one = [_keep(store, project, [task], None) for task in shown]
            if cursor is not None:
                with store.write() as conn:
                    projects.advance(conn, project.id, cursor)
            return sum(one_by_one, Pulled())
        log.error("task passed over", project=project.id, task=shown[0].id, why=str(error.orig))
        return Pulled(tasks=1)


def _meet(store: Store, client: LabelStudio, shown: Sequence[SeenTask], strangers: set[int]) -> None:
    """Learn who the annotators are that the store does not know. `strangers`: those nobody knows."""
    ids = {a.completed_by for task in shown for a in task.annotations if a.completed_by is not None} - strangers
    with store.read() as conn:
        unknown = ids - annotators.known(conn).keys()
    if not unknown:
        return
    users = client.users()
    with store.write() as conn:
        annotators.put(conn, users)
    strangers |= unknown - {int(user["id"]) for user in users}
