"""Edits of somebody's annotations by others, read from the versions that the store keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from cueloop.store.schema import annotation_versions, tasks
from cueloop.store.schema import annotations as annotation_table
from cueloop.store.upsert import chunks
from cueloop.types import Control
from sync import kinds
from sync.authorship import ON_BEHALF
from sync.scorecard.same import canonical


@dataclass(frozen=True, slots=True)
class Edit:
    """One annotation of `author` (index) that `reviewer` (key) edited last: whether the answer to this control differed
    from what the author had said; None where that is not known."""

    author: int
    reviewer: Any
    task: Any
    changed: bool | None


def edits(conn: sa.Connection, project_id: int, control: Control, annotator_at: Mapping[Any, int],
          not_people: Collection[int]) -> tuple[Edit, ...]:
    """Annotations that people other than their author saved. What was posted on behalf of somebody is no edit."""
    version, made = annotation_versions.c, annotation_table.c
    foreign = (sa.select(made.unique_id).distinct()
               .join(annotation_versions, version.unique_id == made.unique_id)
               .join(tasks, tasks.c.key == made.task)
               .where(made.project_id == project_id, made.deleted_at.is_(None), made.annotator_id.is_not(None),
                      tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None),
                      version.updated_by.is_not(None), version.updated_by != made.annotator_id))
    found: list[Edit] = []
    for some in chunks(sorted(conn.scalars(foreign))):
        rows = conn.execute(
            sa.select(made.unique_id, made.annotator_id, made.created_at, made.task, version.updated_by,
                      version.updated_at, version.was_cancelled, version.result)
            .join(annotation_versions, version.unique_id == made.unique_id).where(made.unique_id.in_(some))
            .order_by(made.unique_id, version.updated_at, version.key)).all()
        for _, versions in groupby(rows, key=itemgetter(0)):
            edit = _edit(control, versions, annotator_at, not_people)
            if edit is not None:
                found.append(edit)
    return tuple(found)


def _edit(control: Control, versions: Iterable[Any], annotator_at: Mapping[Any, int],
          not_people: Collection[int]) -> Edit | None:
    """What others did to one annotation, from its versions in order; None when nobody else saved it."""
    own: Any = _UNKNOWN
    last: Edit | None = None
    for row in versions:
        said = None if row.was_cancelled else kinds.read(control, row.result)
        by_author = row.updated_by in (None, row.annotator_id) or row.updated_at - row.created_at <= ON_BEHALF
        if by_author:
            own = said
        elif row.updated_by not in not_people and row.annotator_id in annotator_at:
            differs = None if own is _UNKNOWN else canonical(said) != canonical(own)
            if last is not None and last.changed:   # a change that a second reviewer took back was one all the same
                differs = True
            last = Edit(annotator_at[row.annotator_id], row.updated_by, row.task, differs)
    return last


_UNKNOWN = object()
