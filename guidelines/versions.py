"""Versions of a project's guideline: add one from Markdown, ask which was in force, read the history.

Versions are only ever added. To go back, add the old text again: whoever labelled in between followed
something else, and that must stay visible.
"""

from __future__ import annotations

from datetime import datetime

from cueloop import audit
from cueloop.errors import DataError
from cueloop.store import Store
from cueloop.store import guidelines as rows
from cueloop.store.columns import now
from cueloop.store.guidelines import Guideline


def add(store: Store, project_id: int, text: str, *, author: str, note: str = "") -> Guideline:
    """Add the next version; `guidelines.push.push` puts it in force.

    The text of the newest version is not added twice: that version is returned. Raises DataError for an empty text.
    """
    if not text.strip():
        raise DataError("The guideline is empty: write what annotators should do, in Markdown.")
    with store.write() as conn:
        store.lock(conn, f"guidelines {project_id}")
        known = rows.history(conn, project_id)
        if known and known[-1].text == text:
            return known[-1]
        added = rows.add(conn, project_id, text, author, note)
        audit.record(conn, author, "guideline added", f"project {project_id}",
                     {"version": added.version, "note": note})
    return added


def in_force(store: Store, project_id: int, at: datetime | None = None) -> Guideline | None:
    """The version in force at that moment (default: now); None when there was none."""
    with store.read() as conn:
        version = rows.in_force(conn, project_id, at or now())
        return None if version is None else rows.get(conn, project_id, version)


def history(store: Store, project_id: int) -> list[Guideline]:
    """All versions, oldest first."""
    with store.read() as conn:
        return rows.history(conn, project_id)
