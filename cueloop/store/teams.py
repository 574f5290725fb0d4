"""Team files that were applied: the newest is in force, for all projects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cueloop import audit
from cueloop.errors import Conflict
from cueloop.store.columns import now
from cueloop.store.schema import teams


@dataclass(frozen=True, slots=True)
class StoredTeam:
    """One row of `teams`: the text that was applied, and by whom."""

    hash: str
    file: str
    text: str
    author: str
    created_at: datetime


def in_force(conn: sa.Connection) -> StoredTeam | None:
    """The newest team file; None where none was ever applied."""
    row = conn.execute(sa.select(teams).order_by(teams.c.key.desc()).limit(1)).one_or_none()
    return None if row is None else StoredTeam(row.hash, row.file, row.text, row.author, row.created_at)


def put_in_force(conn: sa.Connection, *, file: str, text: str, hash: str, author: str,  # noqa: A002
                 replaces: str | None = None) -> bool:
    """Put a team file in force and write that into the audit log. False when it was in force already.

    `replaces` is the hash, or how it begins, of the file that this one was made from. Raises Conflict when another
    one is in force: somebody changed the team meanwhile.
    """
    before = in_force(conn)
    if before is not None and before.hash == hash:
        return False
    if replaces is not None and (before is None or not replaces or not before.hash.startswith(replaces.lower())):
        had = (f"{before.file} (hash {before.hash[:12]}), applied by {before.author} at "
               f"{before.created_at:%Y-%m-%d %H:%M} UTC") if before else "none"
        raise Conflict(f"The team in force is not the one that {file} was made from ({replaces[:12] or 'none'}): it is "
                       f"{had}. Nothing was changed. Look with `cueloop team show --text`, take over what changed, and "
                       "apply again.")
    conn.execute(teams.insert().values(hash=hash, file=file, text=text, author=author, created_at=now()))
    audit.record(conn, author, "team applied", "team",
                 {"file": file, "hash": hash, "before": before.hash if before else None})
    return True
