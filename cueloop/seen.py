"""What Label Studio showed of tasks and annotations, read once into records; dicts stay at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cueloop.errors import LabelStudioError

CUE = "cue_"
"""Fields of task.data that begin so are ours; the rest is the customer's."""


UNTOUCHED = timedelta(seconds=2)
"""An annotation that nobody saved since it was made has `updated_at` within this of `created_at`."""

IMPORT = timedelta(minutes=10)
"""An annotation made later than this after its task cannot have come in the task's import."""


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
    imported: bool | None
    """It came with an import; None: cannot be told any more."""


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
            annotations=tuple(_annotation(a, moment(row["created_at"])) for a in row.get("annotations") or ()),
            drafts=tuple(_draft(d) for d in row.get("drafts") or ()),
            predicted=bool(row.get("predictions")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LabelStudioError(f"Label Studio sent task {row.get('id')} in a shape that Cueloop does not know "
                               f"({type(error).__name__}: {error}). Is its version supported?") from None


def _annotation(row: Mapping[str, Any], task_made: datetime) -> SeenAnnotation:
    # Annotations older than Label Studio 1.6 may have no unique_id; ids alone are reused on SQLite.
    unique_id = row.get("unique_id") or f"{row['task']}-{row['id']}-{row['created_at']}"
    return SeenAnnotation(
        unique_id=str(unique_id), id=int(row["id"]), completed_by=_person(row.get("completed_by")),
        updated_by=_person(row.get("updated_by")), result=list(row.get("result") or ()),
        was_cancelled=bool(row.get("was_cancelled")), ground_truth=bool(row.get("ground_truth")),
        lead_time=None if row.get("lead_time") is None else float(row["lead_time"]),
        created_at=moment(row["created_at"]), updated_at=moment(row["updated_at"]),
        parent_prediction=row.get("parent_prediction"), parent_annotation=row.get("parent_annotation"),
        suggested=bool(row.get("prediction")), imported=_imported(row, task_made))


def _imported(row: Mapping[str, Any], task_made: datetime) -> bool | None:
    """Whether an annotation came with the import of its task; None where that cannot be told.

    Label Studio 1.23.2 does not say so: `last_action` is null whoever made an annotation, and `import_id` is the id
    that the imported row had, if any. But an import writes rows past the code that every other way goes through,
    which fills `updated_by` with whoever saved and counts the regions: so `result_count` 0 beside a result, or
    nobody as `updated_by`, tells an imported annotation until somebody saves it.
    """
    if row.get("import_id") is not None or row.get("last_action") == "imported":
        return True
    if row.get("parent_prediction") is not None or row.get("parent_annotation") is not None:
        return False        # made in bulk out of a prediction or another annotation, or in the editor
    if row.get("result") and row.get("result_count") == 0:
        return True
    made, saved = moment(row["created_at"]), moment(row["updated_at"])
    if saved - made <= UNTOUCHED:
        by_nobody = row.get("updated_by") is None and not row.get("result_count")
        return (None if row.get("completed_by") is None else True) if by_nobody else False
    return False if made - task_made > IMPORT else None


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
