"""Notices to people: raised in the transaction that gives the reason, delivered by the loop.

A notice names ids and links, never a task's content. Without a mail server it waits, and `cueloop team notices` and
`cueloop status` show it.
"""

from __future__ import annotations

import sqlalchemy as sa

from cueloop.store import notices as outbox
from cueloop.store.columns import now
from cueloop.store.notices import ADMIN

__all__ = ["ADMIN", "raise_once"]

SUBJECT = 150
"""Longest subject, in characters."""


def raise_once(conn: sa.Connection, *, project_id: int | None, kind: str, recipient: str, subject: str, text: str,
               once: str) -> bool:
    """Tell somebody something, within the caller's writing transaction; False when it was raised before.

    `recipient` is an e-mail address or ADMIN. `once` is what makes it one notice, e.g. `deadline:task:17:2026-01-31`:
    whoever raises the same again does nothing. It comes into force with the transaction, or not at all.
    """
    return outbox.add(conn, project_id=project_id, kind=kind, recipient=" ".join(recipient.split()) or ADMIN,
                      subject=" ".join(subject.split())[:SUBJECT], text=text.strip(), once=once, at=now())
