"""People's answers to tasks whose truth is known, marked: what pausing and training rest on.

Counted is what the scorecard counts (`sync.scorecard.gold`): own answers, no edits of others', to a task with a ground
truth that is somebody else's, with no suggestion known to have been on screen. It is read from single answers, so that
a pause needs no report and can count from a moment on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store.ground_truth import counts
from cueloop.store.schema import annotations as notes
from cueloop.store.schema import answers, tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control

NEAR = 0.05
"""A number is right when it is so near to the truth: as a share of the scale, or of the truth where there is none."""

RIGHT = 0.8
"""An answer that can be partly right counts as right in training from here on."""


@dataclass(frozen=True, slots=True)
class Marked:
    """One answer to a task whose truth is known."""

    annotator: int
    task: int
    credit: float
    """1 right, 0 wrong; between for regions (F1 of overlap) and free texts (likeness)."""
    at: datetime

    @property
    def right(self) -> bool:
        """Right, or nearly so."""
        return self.credit >= RIGHT


def read(conn: sa.Connection, project_id: int, control: Control, people: Collection[int], *,
         imported: bool) -> list[Marked]:
    """Marked answers of these people to a control, oldest first. `imported`: whether marks that an import set count."""
    own, truth, made = answers.alias("own"), answers.alias("truth"), notes.alias("made")
    copy = tasks.alias("copy")
    found: dict[tuple[int, int], Any] = {}
    for some in chunks(sorted(people)):
        # by the index of people (`+ 0` keeps SQLite from another): a project may have a million answers
        for row in conn.execute(
                sa.select(own.c.annotator_id, own.c.task, own.c.label, own.c.value, own.c.answered_at,
                          truth.c.label.label("true"), truth.c.value.label("true_value"))
                .select_from(made)
                .join(own, sa.and_(own.c.task == made.c.task, own.c.control == control.name,
                                   own.c.annotator_id == made.c.annotator_id, own.c.unique_id == made.c.unique_id))
                .join(truth, sa.and_(truth.c.task == own.c.task, truth.c.control == control.name, truth.c.ground_truth,
                                     truth.c.annotator_id != own.c.annotator_id))
                .join(notes, sa.and_(notes.c.unique_id == truth.c.unique_id, counts(imported)))
                .join(tasks, sa.and_(tasks.c.key == own.c.task, tasks.c.deleted_at.is_(None)))
                .where(made.c.project_id + 0 == project_id, made.c.annotator_id.in_(some), ~own.c.review,
                       made.c.task.not_in(sa.select(copy.c.key).where(copy.c.copy_of > 0)), ~own.c.ground_truth,
                       own.c.seen_suggestion.is_not(sa.true()))
                .order_by(truth.c.answered_at, truth.c.annotator_id)):
            found[row.annotator_id, row.task] = row     # of several truths the last one holds
    rows = sorted(found.values(), key=lambda row: (row.answered_at, row.task))
    marks = _credits(control, [(row.label, row.value, row.true, row.true_value) for row in rows])
    return [Marked(row.annotator_id, row.task, credit, row.answered_at)
            for row, credit in zip(rows, marks, strict=True)]


def _credits(control: Control, pairs: Sequence[tuple[str, Any, str, Any]]) -> list[float]:
    """How right each answer is: (label, value, the true label, the true value)."""
    from sync.kinds import REGIONS

    if control.kind in REGIONS:
        return _regions(control, pairs)
    if control.kind == "text":
        return [_alike(value, true) for _, value, _, true in pairs]
    if control.kind == "number":
        low, high = control.scale or (0.0, 0.0)
        return [float(abs(value - true) <= NEAR * ((high - low) or abs(true)) + 1e-9) for _, value, _, true in pairs]
    return [float(label == true) for label, _, true, _ in pairs]


def _regions(control: Control, pairs: Sequence[tuple[str, Any, str, Any]]) -> list[float]:
    from sync.observations import observe
    from sync.regions.judge import task_agreement

    if not pairs:
        return []
    size = range(len(pairs))
    seen = observe([at for at in size for _ in "ab"], [who for _ in size for who in "ab"],
                   [text for label, _, true, _ in pairs for text in (label, true)],
                   value=[value for _, own, _, true in pairs for value in (own, true)])
    return [float(found or 0.0) for found in (task_agreement(control, seen)[at] for at in size)]


def _alike(value: Sequence[str], true: Sequence[str]) -> float:
    from rapidfuzz.distance import Levenshtein

    from sync.values.likeness import normal_form

    return float(Levenshtein.normalized_similarity(normal_form(value), normal_form(true)))
