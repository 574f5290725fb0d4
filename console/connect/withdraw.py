"""Takes out of Label Studio what Cueloop put there while it worked. Every function can be run again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from console.connect import traces
from console.connect.site import Row, Site
from cueloop.errors import NotFound
from cueloop.seen import CUE, moment
from cueloop.store import annotators
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import tasks

BATCH = 20
"""Tasks re-read at a time just before they are written: what others write in between would be lost."""


@dataclass(frozen=True, slots=True)
class Original:
    """A task before our first write."""

    overlap: int | None
    is_labeled: bool


Originals = dict[tuple[int, datetime], Original]


def machine_annotations(site: Site) -> tuple[int, int]:
    """Delete what the machine accepted. What a person edited since is that person's work and stays: (gone, kept)."""
    with site.store.read() as conn:
        machines = annotators.machines(conn)
    gone = kept = 0
    for machine in sorted(machines & site.authors):
        plain, single, edited = _by_author(site, machine)
        kept += edited
        gone += site.client.delete_annotations_by(site.project_id, plain, machine)
        for number in single:
            try:
                site.client.delete_annotation(number)
                gone += 1
            except NotFound:
                continue
    return gone, kept


def _by_author(site: Site, machine: int) -> tuple[list[int], list[int], int]:
    """(tasks with nothing edited, ids of untouched annotations on the other tasks, how many were edited)."""
    plain: list[int] = []
    single: list[int] = []
    edited = 0
    for task in site.client.annotated_by(site.project_id, machine):
        own = [note for note in task["annotations"] if note["completed_by"] == machine]
        untouched = [note["id"] for note in own if note["updated_by"] in (None, machine)]
        edited += len(own) - len(untouched)
        if len(own) == len(untouched):
            plain.append(task["id"])
        else:
            single += untouched
    return plain, single, edited


def predictions(site: Site) -> int:
    """Delete the predictions of every version that was pushed; how many versions there were."""
    there = site.client.model_versions(site.project_id)
    ours = [version for version in traces.pushed_versions(site) if version in there]
    for version in ours:
        site.client.delete_model_version(site.project_id, version)
    return len(ours)


def task_keys(site: Site) -> int:
    """Take our keys out of the tasks' data and give overlap and `is_labeled` back; how many tasks were written.

    Looks again until nothing is left, because a sync process may have been in the middle of a write.
    """
    written = 0
    while True:
        originals = _originals(site)
        marked = [row["id"] for row in site.client.every_task(site.project_id) if _needs(row, originals)]
        if not marked:
            return written
        for start in range(0, len(marked), BATCH):
            for task in site.client.tasks(site.project_id, marked[start:start + BATCH]):
                written += _restore(site, task, originals)


def _restore(site: Site, task: Row, originals: Originals) -> bool:
    """Write one task that was read just now; whether it still existed."""
    fields: dict[str, Any] = {"data": {name: value for name, value in task["data"].items() if not name.startswith(CUE)}}
    was = originals.get(_identity(task))
    if was is not None and was.overlap is not None:
        people = {note["completed_by"] for note in task["annotations"] if not note["was_cancelled"]}
        fields |= {"overlap": was.overlap, "is_labeled": was.is_labeled or len(people) >= was.overlap}
    try:
        site.client.patch_task(task["id"], **fields)
    except NotFound:
        return False        # deleted since it was read
    with site.store.write() as conn:
        conn.execute(tasks.update().where(
            tasks.c.project_id == site.project_id, tasks.c.id == task["id"],
            tasks.c.created_at == moment(task["created_at"])).values(original=None, cue={}))
    return True


def _needs(row: Row, originals: Originals) -> bool:
    return _identity(row) in originals or any(name.startswith(CUE) for name in row["data"])


def _identity(row: Row) -> tuple[int, datetime]:
    """A task is its id and its birth: ids come back after a deletion."""
    return int(row["id"]), moment(row["created_at"])


def _originals(site: Site) -> Originals:
    """How tasks stood before our first write. One that the machine had labelled by then counts as open."""
    with site.store.read() as conn:
        ours = set(conn.scalars(sa.select(notes.c.task).where(
            notes.c.project_id == site.project_id, notes.c.annotator_id.in_(annotators.machines(conn)))))
        rows = conn.execute(sa.select(tasks).where(
            tasks.c.project_id == site.project_id, tasks.c.original.is_not(None)))
        return {(row.id, row.created_at): Original(
            row.original.get("overlap"), bool(row.original.get("is_labeled")) and row.key not in ours) for row in rows}
