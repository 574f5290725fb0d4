"""Notices: what people are to be told, each once. They wait here until a mail server took them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import sqlalchemy as sa

from cueloop.store.schema import notices
from cueloop.store.upsert import chunks, upsert

ADMIN = "admin"
"""Recipient that stands for those who run Cueloop."""

FRESH = timedelta(days=7)
"""Older notices are news no more: they are kept, and neither sent nor shown as waiting."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One row of `notices`."""

    key: int
    project_id: int | None
    kind: str
    recipient: str
    """An e-mail address, or ADMIN."""
    subject: str
    text: str
    once: str
    """What makes it one notice, however often it is raised."""
    created_at: datetime
    sent_at: datetime | None
    tries: int
    tried_at: datetime | None
    error: str | None


def add(conn: sa.Connection, *, project_id: int | None, kind: str, recipient: str, subject: str, text: str, once: str,
        at: datetime) -> bool:
    """Put a notice into the outbox; False when one with the same `once` was put there before."""
    known = conn.scalar(sa.select(notices.c.key).where(notices.c.once == once))
    if known is not None:
        return False
    upsert(conn, notices, [{"project_id": project_id, "kind": kind, "recipient": recipient, "subject": subject,
                            "text": text, "once": once, "created_at": at}], key=["once"], update=())
    return True


def waiting(conn: sa.Connection, at: datetime, *, project_id: int | None = None) -> list[Notice]:
    """What nobody was told yet, oldest first: of one project, or of all."""
    query = sa.select(notices).where(notices.c.sent_at.is_(None), notices.c.created_at > at - FRESH)
    return _read(conn, query if project_id is None else query.where(notices.c.project_id == project_id))


def newest(conn: sa.Connection, most: int, *, project_id: int | None = None) -> list[Notice]:
    """The newest notices, sent or not, oldest of them first."""
    query = sa.select(notices.c.key).order_by(notices.c.key.desc()).limit(most)
    if project_id is not None:
        query = query.where(notices.c.project_id == project_id)
    return _read(conn, sa.select(notices).where(notices.c.key.in_(query)))


def claim(conn: sa.Connection, keys: Sequence[int], at: datetime) -> None:
    """Note that these are being sent now, before they are: no other process takes them, nor this one after a crash,
    until it is time to try again."""
    for some in chunks(list(keys)):
        conn.execute(notices.update().where(notices.c.key.in_(some)).values(tries=notices.c.tries + 1, tried_at=at))


def done(conn: sa.Connection, key: int, at: datetime) -> None:
    """A mail server took it."""
    conn.execute(notices.update().where(notices.c.key == key).values(sent_at=at, error=None))


def failed(conn: sa.Connection, keys: Sequence[int], error: str) -> None:
    """These could not be sent, and why."""
    for some in chunks(list(keys)):
        conn.execute(notices.update().where(notices.c.key.in_(some)).values(error=error))


def _read(conn: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[Notice]:
    names = [field.name for field in fields(Notice)]
    return [Notice(**{name: row._mapping[name] for name in names})
            for row in conn.execute(query.order_by(notices.c.key))]
