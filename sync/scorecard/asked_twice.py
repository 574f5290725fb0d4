"""Tasks that the same annotator was asked twice, on hidden copies, read from the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.store import annotations as annotation_store
from cueloop.store.schema import tasks
from cueloop.types import Control
from sync import kinds
from sync.observations import Observations


@dataclass(frozen=True, slots=True)
class Copy:
    """One annotator's answers to one task (indices of the observations), first as itself, then as a copy.

    An answer is a label, or a value as the observations have it (`sync.kinds`)."""

    annotator: int
    task: int
    first: Any
    second: Any


def copies(conn: sa.Connection, project_id: int, control: Control, seen: Observations) -> tuple[Copy, ...]:
    """All pairs of answers, of the same annotator to a task and to its copy. A skip is no answer."""
    original = dict(conn.execute(sa.select(tasks.c.key, tasks.c.copy_of).where(
        tasks.c.project_id == project_id, tasks.c.copy_of > 0, tasks.c.deleted_at.is_(None))).all())   # by its index
    if not original:
        return ()
    second: dict[tuple[Any, Any], Any] = {}
    for made in sorted(annotation_store.of_tasks(conn, sorted(original)), key=lambda one: (
            one.answered_at or one.created_at, one.created_at, one.id)):
        if made.deleted_at is None and not made.was_cancelled and made.answer is not None:
            said = kinds.read(control, made.answer)
            if said is not None:
                second[original[made.task], made.annotator_id] = said
    again = {task for task, _ in second}
    asked = np.fromiter((key in again for key in seen.tasks), bool, len(seen.tasks))
    structured = bool(seen.value)
    found = []
    for row in np.flatnonzero(asked[seen.task] & ~seen.review).tolist():
        task, annotator = int(seen.task[row]), int(seen.annotator[row])
        key = seen.tasks[task], seen.annotators[annotator]
        if key in second:
            label, value = second[key]
            first = seen.value[row] if structured else seen.labels[seen.label[row]]
            found.append(Copy(annotator, task, first, _value(control, label, value) if structured else label))
    return tuple(found)


def _value(control: Control, label: str, value: Any) -> Any:
    """The answer as the observations have it: a choice whose labels are ordered is the label's position, from 1."""
    if value is None and label in control.labels:
        return control.labels.index(label) + 1
    return value
