"""Who overrode the router: what people did to a task that it had decided otherwise. Read from the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store import schema
from cueloop.store.decisions import Decision
from routing.context import Context
from routing.deciding.places import Place

BY_HAND = "override"
"""Kind of the decision that notes a task closed or opened in Label Studio itself."""


@dataclass(frozen=True, slots=True)
class Override:
    """One thing that somebody did."""

    what: str
    """outside_queue, edited_machine, deleted_machine, other_label, by_hand."""
    by: int | None
    """Annotator; None: Label Studio does not say who."""
    at: datetime
    says: str
    """The rest of the sentence that begins with who did it."""


def overrides(conn: sa.Connection, given: Context, task: int,
              decided: Sequence[tuple[int, Decision]]) -> list[Override]:
    """Everything of one task (key), oldest first; `decided` are its decisions."""
    note = schema.annotations
    rows = conn.execute(sa.select(
        note.c.annotator_id, note.c.updated_by, note.c.outside_queue, note.c.was_cancelled, note.c.created_at,
        note.c.updated_at, note.c.deleted_at).where(note.c.task == task)).all()
    found = [*(one for row in rows for one in _of_annotation(given, row)), *_labels(conn, given, task, decided)]
    found += [Override("by_hand", None, made.created_at, str(made.inputs.get("why", "")))
              for _, made in decided if made.kind == BY_HAND]
    return sorted(found, key=lambda one: (one.at, one.what, one.by or 0))


def by_hand(place: Place) -> str:
    """What somebody did in Label Studio itself to a task that showed what was wanted; empty for nothing.

    Label Studio closes a task with the last answer, and opens it when one is deleted: that is nobody's doing.
    """
    had = place.route
    shown: dict[str, Any] = had.published or {} if had is not None and not had.dirty else {}
    if "is_labeled" not in shown or "overlap" not in shown or place.is_labeled is None:
        return ""
    if shown["is_labeled"] and not place.is_labeled and len(place.authors) >= shown["overlap"]:
        return "was done and was opened again in Label Studio itself"
    if not shown["is_labeled"] and place.is_labeled and len(place.done_with) < shown["overlap"]:
        return "was asked and was closed in Label Studio itself"
    return ""


def _of_annotation(given: Context, row: Any) -> Iterator[Override]:
    if row.annotator_id in given.machines:
        if row.updated_by is not None and row.updated_by not in given.machines:
            yield Override("edited_machine", row.updated_by, row.updated_at, "edited the machine's annotation")
        if row.deleted_at is not None:
            yield Override("deleted_machine", None, row.deleted_at, "deleted the machine's annotation")
    elif row.outside_queue and row.deleted_at is None:
        did = "skipped" if row.was_cancelled else "answered"
        yield Override("outside_queue", row.annotator_id, row.created_at, f"{did} it without being asked")


def _labels(conn: sa.Connection, given: Context, task: int,
            decided: Sequence[tuple[int, Decision]]) -> Iterator[Override]:
    """People's answers that say something else than what the machine had accepted before."""
    accepted = {made.control: made for _, made in decided if made.kind == "accept"}
    said = schema.answers
    for row in conn.execute(sa.select(said.c.control, said.c.annotator_id, said.c.label, said.c.answered_at).where(
            said.c.task == task, said.c.control.in_(list(accepted)))):
        made = accepted[row.control]
        if row.answered_at >= made.created_at and row.label != made.chosen and row.annotator_id not in given.machines:
            yield Override("other_label", row.annotator_id, row.answered_at,
                           f"says {row.label} where the machine's {made.chosen} was accepted")
