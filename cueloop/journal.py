"""What was changed in Label Studio and what was there before, so that `disconnect` can undo it.

A row is written before the change (`intended`), confirmed after it (`done`) and closed when it is taken back
(`undone`). A process may die between any two of these: an intended row says "it may have happened", so both
going on and undoing look at Label Studio first. Secrets are never written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store import Store
from cueloop.store.columns import now
from cueloop.store.schema import journal

INTENDED, DONE, UNDONE = "intended", "done", "undone"
SECRET_WORDS = ("token", "password", "pass", "secret", "authorization", "api_key", "cookie", "headers")
"""A field whose name has one of these is written as stars."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of `journal`."""

    key: int
    project_id: int
    kind: str
    """What sort of thing was changed, e.g. `webhook`; says who knows how to undo it."""
    target: str
    """Which one, as known before the change, e.g. its address."""
    before: Any
    after: Any
    state: str
    at: datetime
    undone_at: datetime | None


def intend(store: Store, project_id: int, kind: str, target: str, before: Any = None) -> Entry:
    """Announce a change. What was announced before and never confirmed is taken up again, with its `before`."""
    with store.write() as conn:
        store.lock(conn, f"journal {project_id}")
        for entry in _rows(conn, project_id, kind):
            if entry.state == INTENDED and entry.target == target:
                return entry
        return announce(conn, project_id, kind, target, before)


def announce(conn: sa.Connection, project_id: int, kind: str, target: str, before: Any = None) -> Entry:
    """Announce a change whose target is new, in the transaction in which the caller decides on it."""
    key = conn.execute(journal.insert().values(
        project_id=project_id, kind=kind, target=target, before=redacted(before), state=INTENDED, at=now()
    ).returning(journal.c.key)).scalar_one()
    return _get(conn, key)


def done(store: Store, entry: Entry, after: Any = None) -> Entry:
    """Confirm a change; `after` is what undoing it needs to know, e.g. the new thing's id."""
    with store.write() as conn:
        return confirm(conn, entry, after)


def confirm(conn: sa.Connection, entry: Entry, after: Any = None) -> Entry:
    """Confirm a change in the transaction that rests on it."""
    conn.execute(journal.update().where(journal.c.key == entry.key).values(state=DONE, after=redacted(after)))
    return _get(conn, entry.key)


def entries(conn: sa.Connection, project_id: int, kind: str, state: str | None = None) -> list[Entry]:
    """Changes of a kind, oldest first; of one state, or all."""
    return _rows(conn, project_id, kind, state)


def undone(store: Store, entry: Entry) -> None:
    """The change was taken back, or never came about."""
    with store.write() as conn:
        conn.execute(journal.update().where(journal.c.key == entry.key).values(state=UNDONE, undone_at=now()))


def standing(store: Store, project_id: int, kind: str | None = None) -> list[Entry]:
    """Changes that were not undone, newest first: the order in which to undo them."""
    with store.read() as conn:
        return [entry for entry in reversed(_rows(conn, project_id, kind)) if entry.state != UNDONE]


def redacted(value: Any) -> Any:
    """The same JSON with stars for secrets."""
    if isinstance(value, dict):
        return {key: "***" if any(word in str(key).lower() for word in SECRET_WORDS) else redacted(item)
                for key, item in value.items()}
    return [redacted(item) for item in value] if isinstance(value, list | tuple) else value


def _rows(conn: sa.Connection, project_id: int, kind: str | None, state: str | None = None) -> list[Entry]:
    query = sa.select(journal).where(journal.c.project_id == project_id).order_by(journal.c.key)
    if kind is not None:
        query = query.where(journal.c.kind == kind)
    if state is not None:
        query = query.where(journal.c.state == state)
    return [Entry(**row._mapping) for row in conn.execute(query)]


def _get(conn: sa.Connection, key: int) -> Entry:
    return Entry(**conn.execute(sa.select(journal).where(journal.c.key == key)).one()._mapping)
