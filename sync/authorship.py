"""Whose answer an annotation is: its author is who first completed it, an edit by anybody else is a review."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cueloop.seen import SeenAnnotation
from cueloop.store.annotations import Annotation

ON_BEHALF = timedelta(seconds=2)
"""An annotation changed by nobody since it was made has updated_at within this of created_at, whoever posted it."""

Result = list[dict[str, Any]]


def first_seen(seen: SeenAnnotation, project_id: int, task: int) -> Annotation:
    """An annotation that the store does not know. What was so when it was made is filled in by the caller."""
    own = seen.updated_by in (None, seen.completed_by) or seen.updated_at - seen.created_at <= ON_BEHALF
    return Annotation(
        unique_id=seen.unique_id, project_id=project_id, task=task, id=seen.id, annotator_id=seen.completed_by,
        updated_by=seen.updated_by, result=seen.result, answer=_statement(seen) if own else None,
        answered_at=seen.updated_at if own else None, was_cancelled=seen.was_cancelled,
        ground_truth=seen.ground_truth, lead_time=seen.lead_time, created_at=seen.created_at,
        updated_at=seen.updated_at, parent_prediction=seen.parent_prediction,
        parent_annotation=seen.parent_annotation, guideline_version=None, seen_suggestion=None, outside_queue=None,
        deleted_at=None, imported=seen.imported)


def seen_again(stored: Annotation, seen: SeenAnnotation, task: int) -> Annotation:
    """A known annotation as it stands now. Its author stays, and so does their own answer unless they saved anew.

    The moment decides, not `updated_by` alone: Label Studio writes that a moment before the new result.
    """
    saved_anew = seen.updated_at > stored.updated_at
    by_author = stored.annotator_id is not None and seen.updated_by == stored.annotator_id
    answer, at = stored.answer, stored.answered_at
    if saved_anew and by_author:
        answer, at = _statement(seen), seen.updated_at
    return replace(
        stored, task=task, id=seen.id, updated_by=_keep(stored.updated_by, seen.updated_by), result=seen.result,
        answer=answer, answered_at=at, was_cancelled=seen.was_cancelled, ground_truth=seen.ground_truth,
        lead_time=seen.lead_time, updated_at=seen.updated_at,
        parent_prediction=_keep(stored.parent_prediction, seen.parent_prediction),
        parent_annotation=_keep(stored.parent_annotation, seen.parent_annotation), deleted_at=None,
        imported=_imported(stored, seen))


def _imported(stored: Annotation, seen: SeenAnnotation) -> bool | None:
    """What is known stays known. Whoever marks as ground truth what was not marked means it, imported or not.

    An edit alone says nothing about the mark, which Label Studio sets on everything that is imported.
    """
    if seen.ground_truth and not stored.ground_truth:
        return False
    return seen.imported if stored.imported is None else stored.imported


def _statement(seen: SeenAnnotation) -> Result:
    """What the author says with it: nothing, when it is a skip."""
    return [] if seen.was_cancelled else seen.result


def _keep(before: int | None, now: int | None) -> int | None:
    """Label Studio forgets a deleted user or prediction; we do not."""
    return before if now is None else now
