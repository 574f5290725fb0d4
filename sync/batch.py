"""Writes a batch of whole tasks into the store, in the caller's transaction. Writing the same twice changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from cueloop.seen import SeenTask
from cueloop.store import annotations as annotation_store
from cueloop.store import projects
from cueloop.store import tasks as task_store
from cueloop.store.annotations import Annotation
from cueloop.store.columns import now
from cueloop.store.projects import Project
from cueloop.store.tasks import Task
from sync import answers, circumstances, copies, spoilt
from sync.authorship import first_seen, seen_again
from sync.circumstances import Circumstances


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch changed."""

    changed: frozenset[int] = frozenset()
    """Keys of tasks in which something of other people's is new: data, state, annotations or drafts' owners."""
    annotations: int = 0
    """Annotations that are new or not as they were."""
    deleted_tasks: int = 0
    deleted_annotations: int = 0

    def __add__(self, other: Written) -> Written:
        """Both together."""
        return Written(self.changed | other.changed, self.annotations + other.annotations,
                       self.deleted_tasks + other.deleted_tasks,
                       self.deleted_annotations + other.deleted_annotations)


def write(conn: sa.Connection, project: Project, seen: Sequence[SeenTask]) -> Written:
    """Store these snapshots: tasks, annotations, drafts, answers, and the note that the loop has work to do."""
    before = task_store.by_ids(conn, project.id, [task.id for task in seen], lock=True)
    replaced = [before[t.id].key for t in seen if t.id in before and before[t.id].created_at != t.created_at]
    written = remove(conn, project.id, replaced)
    before = {number: task for number, task in before.items() if task.key not in replaced}
    fresh = [task for task in seen if not _is_stale(conn, before.get(task.id), task)]
    keys = task_store.write_seen(conn, project.id, fresh)
    by_key = {keys[task.id]: task for task in fresh}
    copies.recognise(conn, project.id, by_key)
    changed = {keys[t.id] for t in fresh if t.id not in before or _state(before[t.id]) != _state(t)}
    touched, deleted = _write_annotations(conn, project, by_key)
    annotation_store.replace_drafts(conn, project.id, {key: task.drafts for key, task in by_key.items()})
    spoilt.mark(conn, by_key)
    answers.rebuild(conn, {a.task for a in touched} | {a.task for a in deleted})
    changed |= {a.task for a in touched} | {a.task for a in deleted}
    projects.note_changes(conn, project.id, changed)
    return written + Written(frozenset(changed), len(touched), 0, len(deleted))


def remove(conn: sa.Connection, project_id: int, keys: Collection[int]) -> Written:
    """These tasks are gone from Label Studio, with everything on them."""
    if not keys:
        return Written()
    at = now()
    alive = annotation_store.ids_of_tasks(conn, sorted(keys))
    task_store.mark_deleted(conn, keys, at)
    annotation_store.mark_deleted_on(conn, keys, at)
    answers.rebuild(conn, keys)
    projects.note_changes(conn, project_id, keys)
    return Written(frozenset(keys), 0, len(keys), sum(len(ids) for ids in alive.values()))


def _is_stale(conn: sa.Connection, stored: Task | None, seen: SeenTask) -> bool:
    """Whether the snapshot is older than what the store holds, because another process wrote meanwhile.

    One from just before our own write may show data that we overwrote: that version is kept for the repair.
    """
    if stored is None:
        return False
    if stored.written_at is not None and seen.updated_at < stored.written_at:
        if stored.base_at is not None and seen.updated_at > stored.base_at:
            task_store.note_version(conn, stored.key, seen.data, seen.updated_at)
            if task_store.lost_update(conn, stored.key) is not None:
                spoilt.mark_lost(conn, [stored.key])
        return True
    return seen.updated_at < stored.updated_at


def _state(task: Task | SeenTask) -> tuple[object, ...]:
    return task.data, task.overlap, task.is_labeled


def _write_annotations(conn: sa.Connection, project: Project,
                       seen: Mapping[int, SeenTask]) -> tuple[list[Annotation], list[Annotation]]:
    """(annotations that are new or changed, annotations that are gone) of these tasks, by our keys."""
    at = now()
    around = circumstances.load(conn, project, sorted(seen))
    there = annotation_store.of_tasks(conn, sorted(seen))
    shown = {a.unique_id for task in seen.values() for a in task.annotations}
    stored = {a.unique_id: a for a in there} | annotation_store.by_unique_ids(conn, sorted(shown))
    touched = [merged for key, task in seen.items() for merged in _merge(stored, project, key, task, around)]
    annotation_store.write(conn, touched, at)
    _keep_silent_versions(conn, stored, touched, seen)
    gone = [a for a in there if a.deleted_at is None and a.unique_id not in shown]
    annotation_store.mark_deleted(conn, {a.unique_id for a in gone}, at)
    return touched, gone


def _merge(stored: Mapping[str, Annotation], project: Project, key: int, task: SeenTask,
           around: Circumstances) -> list[Annotation]:
    """The task's annotations that are not in the store as they should be."""
    merged = []
    for seen in task.annotations:
        known = stored.get(seen.unique_id)
        if known is None:
            new = first_seen(seen, project.id, key)
            merged.append(replace(new, guideline_version=around.guideline(new.created_at),
                                  seen_suggestion=around.suggestion(new, seen, task),
                                  outside_queue=around.outside(new, task)))
        elif seen.updated_at >= known.updated_at:
            again = seen_again(known, seen, key)
            if again != known:
                merged.append(again)
    return merged


def _keep_silent_versions(conn: sa.Connection, stored: Mapping[str, Annotation], touched: Sequence[Annotation],
                          seen: Mapping[int, SeenTask]) -> None:
    """Naming another ground truth changes an annotation without a new updated_at: the task's moment stands for it."""
    for annotation in touched:
        known = stored.get(annotation.unique_id)
        if known is not None and known.updated_at == annotation.updated_at and _content(known) != _content(annotation):
            version = {name: getattr(annotation, name) for name in annotation_store.VERSION}
            moment = seen[annotation.task].updated_at
            annotation_store.add_version(conn, {**version, "updated_at": moment}, now())


def _content(annotation: Annotation) -> tuple[object, ...]:
    return annotation.result, annotation.was_cancelled, annotation.ground_truth, annotation.lead_time
