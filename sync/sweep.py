"""Finds what raises no event and bumps no `updated_at`: deletions, drafts, changed overlaps, deleted users.

Compares the state of every task, without its content, with the store, and fetches what differs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from cueloop.label_studio import LabelStudio
from cueloop.seen import moment
from cueloop.store import Store, projects
from cueloop.store import annotations as annotation_store
from cueloop.store import tasks as task_store
from cueloop.store.columns import now
from cueloop.store.schema import tasks
from sync import batch, follow
from sync.fetch import Pulled, fetch, pulled
from sync.pace import LARGEST, Pace, Pause

PAGE = 500
"""Tasks a listing: about 0.2 s of Label Studio's time, so that nobody waits long behind one."""
Row = Mapping[str, Any]


def sweep(store: Store, client: LabelStudio, project_id: int) -> Pulled:
    """Compare everything once; what was found."""
    return sum(sweeping(store, client, project_id), Pulled())


def sweeping(store: Store, client: LabelStudio, project_id: int, pause: Pause | None = time.sleep) -> Iterator[Pulled]:
    """Compare everything once, a page at a time, so that the caller can do other things in between.

    Each value is what a page brought. `pause`: as for `pull`, where there is much to fetch.
    """
    began = now()
    with store.read() as conn:
        project = projects.get(conn, project_id)
    pace, after = Pace(pause), 0
    follow.people(store, client)
    yield Pulled(changed=follow.project(store, client, project_id))
    rows = client.all_ids(project_id, page=PAGE)
    while page := list(islice(rows, PAGE)):
        gone, differing = _compare(store, project_id, page, after)
        pace.gentle = len(differing) > LARGEST
        yield _remove(store, client, project_id, gone) + fetch(store, client, project, differing, pace)
        after = int(page[-1]["id"])
    with store.read() as conn:
        rest = _alive_after(conn, project_id, after)
    yield _remove(store, client, project_id, rest)
    with store.write() as conn:
        projects.swept(conn, project_id, began)


def _compare(store: Store, project_id: int, page: Sequence[Row], after: int) -> tuple[list[int], list[tuple[int, Any]]]:
    """(keys of tasks that are gone, tasks to fetch) among the ids above `after` and up to the page's last."""
    ids = [int(row["id"]) for row in page]
    with store.read() as conn:
        known = task_store.by_ids(conn, project_id, ids)
        keys = [task.key for task in known.values()]
        annotated, drafted = annotation_store.ids_of_tasks(conn, keys), annotation_store.tasks_with_drafts(conn, keys)
        alive = _alive_after(conn, project_id, after, upto=ids[-1])
    gone = sorted(set(alive) - set(keys))
    differing = []
    for row in page:
        task = known.get(int(row["id"]))
        stored = task and (task.created_at, task.updated_at, task.overlap, task.is_labeled,
                           annotated.get(task.key, set()), task.key in drafted)
        if stored != _state(row):
            differing.append((int(row["id"]), moment(row["updated_at"])))
    return gone, differing


def _state(row: Row) -> tuple[object, ...]:
    return (moment(row["created_at"]), moment(row["updated_at"]), row.get("overlap"), row.get("is_labeled"),
            set(row.get("annotations") or ()), bool(row.get("draft_exists")))


def _alive_after(conn: sa.Connection, project_id: int, after: int, upto: int | None = None) -> list[int]:
    """Keys of tasks that the store holds for living, by Label Studio's ids."""
    query = sa.select(tasks.c.key).where(tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None),
                                         tasks.c.id > after)
    return list(conn.scalars(query if upto is None else query.where(tasks.c.id <= upto)))


def _remove(store: Store, client: LabelStudio, project_id: int, keys: Sequence[int]) -> Pulled:
    """Mark as deleted what Label Studio, asked once more, does not have."""
    if not keys:
        return Pulled()
    with store.read() as conn:
        found = task_store.by_keys(conn, keys)
    there = {int(row["id"]): moment(row["created_at"])
             for row in client.task_data(project_id, [task.id for task in found.values()])}
    gone = [task.key for task in found.values() if there.get(task.id) != task.created_at]
    with store.write() as conn:
        store.lock(conn, f"pull {project_id}")
        return pulled(batch.remove(conn, project_id, gone))
