"""What Label Studio showed of tasks and annotations, read once into records; dicts stay at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cueloop.errors import LabelStudioError

CUE = "cue_"
"""Fields of task.data that begin so are ours; the rest is the customer's."""


@dataclass(frozen=True, slots=True)
class SeenAnnotation:
    """One annotation as it stands in Label Studio."""

    unique_id: str
    id: int
    completed_by: int | None
    """None: the user was deleted."""
    updated_by: int | None
    result: list[dict[str, Any]]
    was_cancelled: bool
    ground_truth: bool
    lead_time: float | None
    created_at: datetime
    updated_at: datetime
    parent_prediction: int | None
    parent_annotation: int | None
    suggested: bool
    """There was a prediction of the project's model version when it was made: the label stream showed it."""


@dataclass(frozen=True, slots=True)
class SeenDraft:
    """One unfinished annotation."""

    id: int
    annotator_id: int | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SeenTask:
    """One whole task: a snapshot that holds at least what was true at `updated_at`."""

    id: int
    created_at: datetime
    updated_at: datetime
    data: dict[str, Any]
    """The customer's fields."""
    cue: dict[str, Any]
    """Our fields."""
    overlap: int | None
    is_labeled: bool | None
    annotations: tuple[SeenAnnotation, ...]
    drafts: tuple[SeenDraft, ...]
    predicted: bool
    """It has a prediction in Label Studio."""


def split(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A task's data as (the customer's fields, ours)."""
    customer = {key: value for key, value in data.items() if not key.startswith(CUE)}
    return customer, {key: value for key, value in data.items() if key.startswith(CUE)}


def moment(text: str) -> datetime:
    """A moment as Label Studio writes it, e.g. `2026-11-22T09:31:34.123456Z`."""
    return datetime.fromisoformat(text)


def task(row: Mapping[str, Any]) -> SeenTask:
    """Read a whole task as the client gives it. Raises LabelStudioError naming the task that cannot be read."""
    try:
        customer, cue = split(row["data"])
        return SeenTask(
            id=int(row["id"]), created_at=moment(row["created_at"]), updated_at=moment(row["updated_at"]),
            data=customer, cue=cue, overlap=row.get("overlap"), is_labeled=row.get("is_labeled"),
            annotations=tuple(_annotation(a) for a in row.get("annotations") or ()),
            drafts=tuple(_draft(d) for d in row.get("drafts") or ()),
            predicted=bool(row.get("predictions")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LabelStudioError(f"Label Studio sent task {row.get('id')} in a shape that Cueloop does not know "
                               f"({type(error).__name__}: {error}). Is its version supported?") from None


def _annotation(row: Mapping[str, Any]) -> SeenAnnotation:
    # Annotations older than Label Studio 1.6 may have no unique_id; ids alone are reused on SQLite.
    unique_id = row.get("unique_id") or f"{row['task']}-{row['id']}-{row['created_at']}"
    return SeenAnnotation(
        unique_id=str(unique_id), id=int(row["id"]), completed_by=_person(row.get("completed_by")),
        updated_by=_person(row.get("updated_by")), result=list(row.get("result") or ()),
        was_cancelled=bool(row.get("was_cancelled")), ground_truth=bool(row.get("ground_truth")),
        lead_time=None if row.get("lead_time") is None else float(row["lead_time"]),
        created_at=moment(row["created_at"]), updated_at=moment(row["updated_at"]),
        parent_prediction=row.get("parent_prediction"), parent_annotation=row.get("parent_annotation"),
        suggested=bool(row.get("prediction")))


def _draft(row: Mapping[str, Any]) -> SeenDraft:
    # `user` is an e-mail address here; the id ends `created_username`: "ann@example.com, 12".
    tail = str(row.get("created_username") or "").rpartition(", ")[2]
    return SeenDraft(id=int(row["id"]), annotator_id=int(tail) if tail.isdigit() else None,
                     updated_at=moment(row["updated_at"]))


def _person(value: Any) -> int | None:
    """Label Studio writes a user as an id, or in some answers as a dict with one."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return None if value is None else int(value)
