"""The answers that count: of each person, task and control the newest; no skips, no machine, nothing deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop import logs
from cueloop.errors import LabelConfigError
from cueloop.label_config import parse
from cueloop.store import Store
from cueloop.store import annotations as annotation_store
from cueloop.store.annotations import Annotation
from cueloop.store.annotators import machines
from cueloop.store.projects import Project, note_changes
from cueloop.store.schema import answers, projects, tasks
from cueloop.store.upsert import chunks, upsert
from cueloop.types import Control
from sync import kinds

OUTDATED = "answers"
"""Mark of a project (`projects.dirty`) whose answers were derived before an upgrade."""

log = logs.get(__name__)


def rebuild(conn: sa.Connection, task_keys: Iterable[int]) -> None:
    """Derive the `answers` of these tasks again from their annotations, in the caller's transaction."""
    keys = sorted(set(task_keys))
    controls = _controls(conn, keys)
    rows = derive(annotation_store.of_tasks(conn, keys), controls, machines(conn))
    for some in chunks(keys):
        conn.execute(answers.delete().where(answers.c.task.in_(some)))
    upsert(conn, answers, rows)


def rebuild_project(conn: sa.Connection, project_id: int) -> frozenset[int]:
    """Derive the answers of a whole project again, as when its label config changed; the tasks' keys."""
    keys = frozenset(conn.scalars(sa.select(tasks.c.key).where(tasks.c.project_id == project_id)))
    rebuild(conn, keys)
    return keys


def bring_up_to_date(store: Store, project: Project) -> frozenset[int]:
    """Derive the answers again that an older Cueloop derived, which knew fewer shapes; the tasks' keys."""
    if OUTDATED not in (project.dirty or {}):
        return frozenset()
    with store.write() as conn:
        changed = rebuild_project(conn, project.id)
        note_changes(conn, project.id, changed)
        conn.execute(projects.update().where(projects.c.id == project.id).values(dirty=None))
    log.info("answers derived again", project=project.id, tasks=len(changed))
    return changed


def derive(annotations: Sequence[Annotation], controls: Mapping[int, Sequence[Control]],
           machine: frozenset[int]) -> list[dict[str, Any]]:
    """Rows of `answers` for annotations of any tasks; `controls` are the judged ones of each project.

    An edit of somebody else's annotation that changes what it says is a review: the editor's statement, counted where
    they gave no answer of their own. What is declared ground truth is the annotation as it stands, edits included.
    """
    own: dict[tuple[int, int], Statement] = {}
    reviews: dict[tuple[int, int], Statement] = {}
    for annotation in annotations:
        if annotation.deleted_at is not None:
            continue
        review = _review(annotation, controls[annotation.project_id], machine)
        if _counts(annotation, machine):
            _keep_newest(own, Statement(annotation, annotation.annotator_id or 0, annotation.answer or [],
                                        annotation.ground_truth and review is None, annotation.answered_at))
        if review is not None:
            _keep_newest(reviews, review)
    return [row for pair, said in {**reviews, **own}.items()
            for control in controls[said.annotation.project_id] if (row := _row(said, control)) is not None]


@dataclass(frozen=True, slots=True)
class Statement:
    """What one person says with one annotation: its author, or somebody who edited it later."""

    annotation: Annotation
    annotator: int
    result: Sequence[Mapping[str, Any]]
    ground_truth: bool
    at: datetime | None
    review: bool = False

    @property
    def age(self) -> tuple[Any, Any, int]:
        """Newer is larger."""
        return self.at, self.annotation.created_at, self.annotation.id


def _keep_newest(found: dict[tuple[int, int], Statement], said: Statement) -> None:
    pair = (said.annotation.task, said.annotator)
    if pair not in found or said.age > found[pair].age:
        found[pair] = said


def _counts(annotation: Annotation, machine: frozenset[int]) -> bool:
    """A skip is an empty answer: a sign of difficulty, never a label, and it takes no earlier answer back.

    An empty answer that is no skip says "nothing there". Who wrote over a skip cannot be told from the author's
    saying so, hence an empty one that others edited does not count.
    """
    if annotation.annotator_id is None or annotation.annotator_id in machine or annotation.answer is None:
        return False
    return bool(annotation.answer) or (not annotation.was_cancelled and not _edited_by_other(annotation))


def _edited_by_other(annotation: Annotation) -> bool:
    return annotation.updated_by is not None and annotation.updated_by != annotation.annotator_id


def _review(annotation: Annotation, controls: Sequence[Control], machine: frozenset[int]) -> Statement | None:
    """The statement of whoever edited it, if that changed what it says; None where nobody did."""
    if not _edited_by_other(annotation) or annotation.updated_by in machine or annotation.was_cancelled:
        return None
    if annotation.answer is not None and all(
            kinds.read(control, annotation.answer) == kinds.read(control, annotation.result) for control in controls):
        return None
    return Statement(annotation, annotation.updated_by or 0, annotation.result, annotation.ground_truth,
                     annotation.updated_at, review=True)


def _row(said: Statement, control: Control) -> dict[str, Any] | None:
    found = kinds.read(control, said.result)
    if found is None:
        return None
    annotation, (label, value) = said.annotation, found
    return {"task": annotation.task, "control": control.name, "annotator_id": said.annotator,
            "project_id": annotation.project_id, "label": label, "value": value, "unique_id": annotation.unique_id,
            "ground_truth": said.ground_truth, "review": said.review,
            "seen_suggestion": None if said.review else annotation.seen_suggestion,
            "guideline_version": None if said.review else annotation.guideline_version,
            "lead_time": None if said.review else annotation.lead_time, "answered_at": said.at}


def _controls(conn: sa.Connection, keys: Sequence[int]) -> dict[int, tuple[Control, ...]]:
    found: dict[int, tuple[Control, ...]] = {}
    for some in chunks(keys):
        rows = conn.execute(sa.select(projects.c.id, projects.c.label_config).join(
            tasks, tasks.c.project_id == projects.c.id).where(tasks.c.key.in_(some)).distinct())
        found |= {row.id: _judged(row.label_config) for row in rows}
    return found


def _judged(xml: str) -> tuple[Control, ...]:
    """Controls that get a consensus; none in a config that cannot be read, which `connect` and `doctor` report."""
    try:
        return parse(xml).judged
    except LabelConfigError:
        return ()
