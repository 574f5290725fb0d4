"""Notices to people: raised in the transaction that gives the reason, delivered by the loop.

A notice names ids and links, never a task's content. Without a mail server it waits, and `cueloop team notices` and
`cueloop status` show it.

A mail server gets each at least once: what a process that died may or may not have handed over is handed over again,
as the same letter (`Message-ID`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from time import monotonic

import sqlalchemy as sa

from cueloop import logs, mail, settings
from cueloop.mail import Letter, MailError, Refused
from cueloop.settings import Settings
from cueloop.store import Store
from cueloop.store import notices as outbox
from cueloop.store.columns import now
from cueloop.store.notices import ADMIN, Notice

__all__ = ["ADMIN", "deliver", "raise_once", "step"]

SUBJECT = 150
"""Longest subject, in characters."""

SECONDS = 4.0
"""Longest time that one delivery takes: the loop has other work."""

AT_ONCE = 20
"""Notices handed over in one session."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
"""Until something that failed is tried again: doubled each time, up to an hour."""

log = logs.get(__name__)


def raise_once(conn: sa.Connection, *, project_id: int | None, kind: str, recipient: str, subject: str, text: str,
               once: str) -> bool:
    """Tell somebody something, within the caller's writing transaction; False when it was raised before.

    `recipient` is an e-mail address or ADMIN. `once` is what makes it one notice, e.g. `deadline:task:17:2026-01-31`:
    whoever raises the same again does nothing. It comes into force with the transaction, or not at all.
    """
    return outbox.add(conn, project_id=project_id, kind=kind, recipient=" ".join(recipient.split()) or ADMIN,
                      subject=" ".join(subject.split())[:SUBJECT], text=text.strip(), once=once, at=now())


def step(store: Store, client: object, project_id: int, changed: Collection[int]) -> None:
    """Loop step: deliver what waits, of every project."""
    deliver(store, settings.load())


def deliver(store: Store, given: Settings, *, at: datetime | None = None, seconds: float = SECONDS) -> int:
    """Hand over to the mail server what waits and is due; how many it took. Does nothing where none is set.

    Safe to end at any moment, and for several processes at once. Raises SettingsError for a URL that is none.
    """
    url, sender = given.smtp_url.get_secret_value(), given.mail_from.strip()
    if not url or not sender:
        return 0
    server, moment, until = mail.parse(url), at or now(), monotonic() + seconds
    with store.read() as conn:
        if not _due(outbox.waiting(conn, moment), moment, given):
            return 0
    with store.write() as conn:
        store.lock(conn, "notices")
        due = _due(outbox.waiting(conn, moment), moment, given)[:AT_ONCE]
        outbox.claim(conn, [notice.key for notice in due], moment)
    sent, left = 0, list(due)
    try:
        with mail.session(server, sender, until) as send:
            while left:
                sent += _send(store, send, left[0], _recipients(left[0], given))
                left.pop(0)
    except MailError as error:
        with store.write() as conn:
            outbox.failed(conn, [notice.key for notice in left], str(error))
        log.warning("notices wait: the mail server does not take them", waiting=len(left), error=str(error))
    if sent:
        log.info("notices sent", notices=sent)
    return sent


def _send(store: Store, send: mail.Send, notice: Notice, to: Sequence[str]) -> bool:
    """Hand over one; False when the server refuses just this one."""
    number = hashlib.sha256(notice.once.encode()).hexdigest()[:32]
    about = f"\n\n-- \nCueloop, project {notice.project_id}" if notice.project_id is not None else "\n\n-- \nCueloop"
    try:
        send(Letter(f"cueloop.{number}", tuple(to), notice.subject, notice.text + about, notice.created_at))
    except Refused as error:
        log.warning("a notice was refused", notice=notice.key, kind=notice.kind, error=str(error))
        with store.write() as conn:
            outbox.failed(conn, [notice.key], str(error))
        return False
    with store.write() as conn:
        outbox.done(conn, notice.key, now())
    return True


def _due(waiting: Sequence[Notice], at: datetime, given: Settings) -> list[Notice]:
    """Those whose time has come and who have an address."""
    return [notice for notice in waiting if _recipients(notice, given)
            and (notice.tried_at is None or at - notice.tried_at >= _wait(notice.tries))]


def _wait(tries: int) -> timedelta:
    doubled = 1 << min(max(tries - 1, 0), 20)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def _recipients(notice: Notice, given: Settings) -> list[str]:
    """Addresses of one notice; none for the admin's while nobody is named."""
    if notice.recipient == ADMIN:
        return [address.strip() for address in given.mail_admin.split(",") if address.strip()]
    return [notice.recipient] if "@" in notice.recipient else []
