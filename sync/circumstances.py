"""What was so when an annotation was made: guideline in force, a suggestion on screen, whether it was asked for.

Unknown is a value: nothing is claimed about the time before the project was connected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.seen import SeenAnnotation, SeenTask
from cueloop.store.annotations import Annotation
from cueloop.store.annotators import queue_name
from cueloop.store.projects import Project
from cueloop.store.schema import assignments, guidelines, predictions, tasks
from cueloop.store.upsert import chunks

SUGGESTED = ("prediction", "prediction-changed")
"""`origin` of a region that came out of a prediction."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the store knows about a batch of tasks and may matter to annotations made on them."""

    connected_at: datetime
    routed: bool
    """Rules are in force: who is asked what is decided, not left to chance."""
    guidelines: tuple[tuple[datetime, int], ...]
    """(in force since, version), oldest first."""
    blind: frozenset[int]
    pushed: frozenset[int]
    """Tasks that we ever sent a prediction for."""
    asked: Mapping[tuple[int, int], datetime]
    """When (task, annotator) was first asked."""

    def guideline(self, made: datetime) -> int | None:
        """The guideline version in force at a moment, None where that is unknown."""
        if made < self.connected_at:
            return None
        return next((version for since, version in reversed(self.guidelines) if since <= made), None)

    def suggestion(self, annotation: Annotation, seen: SeenAnnotation, task: SeenTask) -> bool | None:
        """Whether a prediction was on the author's screen.

        Sure when the annotation came out of one or the label stream had one to show; sure not when there was
        none at all; else unknown, because the quick view shows predictions of any version.
        """
        if annotation.parent_prediction is not None or seen.suggested or _suggested(seen.result):
            return True
        if annotation.created_at < self.connected_at:
            return None
        nothing_to_show = annotation.task in self.blind or (not task.predicted and annotation.task not in self.pushed)
        return False if nothing_to_show else None

    def outside(self, annotation: Annotation, task: SeenTask) -> bool | None:
        """Whether the author made it without having been asked to."""
        if annotation.created_at < self.connected_at or not self.routed or annotation.annotator_id is None:
            return None
        queued = f",{queue_name(annotation.annotator_id)}," in str(task.cue.get("cue_queue") or "")
        return not queued and (annotation.task, annotation.annotator_id) not in self.asked


def load(conn: sa.Connection, project: Project, keys: Sequence[int]) -> Circumstances:
    """Read what matters for annotations on these tasks."""
    in_force = conn.execute(sa.select(guidelines.c.in_force_at, guidelines.c.version).where(
        guidelines.c.project_id == project.id, guidelines.c.in_force_at.is_not(None))
        .order_by(guidelines.c.in_force_at, guidelines.c.version))
    return Circumstances(
        connected_at=project.connected_at, routed=project.rules_hash is not None,
        guidelines=tuple((row.in_force_at, row.version) for row in in_force),
        blind=frozenset(_keys(conn, tasks.c.key, tasks.c.blind, keys)),
        pushed=frozenset(_keys(conn, predictions.c.task, predictions.c.sent_at.is_not(None)
                               | predictions.c.pushed_at.is_not(None), keys)),
        asked=_asked(conn, keys))


def _asked(conn: sa.Connection, keys: Sequence[int]) -> dict[tuple[int, int], datetime]:
    first = sa.func.min(assignments.c.created_at).label("at")
    return {(row.task, row.annotator_id): row.at for some in chunks(keys) for row in conn.execute(
        sa.select(assignments.c.task, assignments.c.annotator_id, first).where(assignments.c.task.in_(some))
        .group_by(assignments.c.task, assignments.c.annotator_id))}


def _keys(conn: sa.Connection, column: Any, condition: Any, keys: Sequence[int]) -> list[int]:
    return [key for some in chunks(keys)
            for key in conn.scalars(sa.select(column).where(column.in_(some), condition))]


def _suggested(result: Sequence[Mapping[str, Any]]) -> bool:
    return any(region.get("origin") in SUGGESTED for region in result)
