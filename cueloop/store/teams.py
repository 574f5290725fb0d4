"""Team files that were applied: the newest is in force, for all projects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cueloop import audit
from cueloop.errors import Conflict
from cueloop.store.columns import now
from cueloop.store.schema import teams

SHORTEST = 8
"""Characters of a hash that are enough to name it."""


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
                 replaces: str = "") -> bool:
    """Put a team file in force and write that into the audit log. False when it was in force already.

    A file may replace what it put in force itself; what came from elsewhere only when `replaces` is the beginning of
    its hash. Raises Conflict otherwise: somebody changed the team meanwhile, and nothing is changed.
    """
    held = in_force(conn)
    if held is not None and held.hash == hash:
        return False
    if held is not None:
        _refuse_stale(held, file, replaces)
    conn.execute(teams.insert().values(hash=hash, file=file, text=text, author=author, created_at=now()))
    audit.record(conn, author, "team applied", "team",
                 {"file": file, "hash": hash, "before": held.hash if held else None})
    return True


def _refuse_stale(held: StoredTeam, file: str, replaces: str) -> None:
    named = len(replaces) >= SHORTEST and held.hash.startswith(replaces.lower())
    if named or (not replaces and held.file == file):
        return
    what = f"{held.file} (hash {held.hash[:12]}, applied by {held.author} on {held.created_at:%Y-%m-%d %H:%M} UTC)"
    if replaces:
        raise Conflict(f"In force is {what}, not a team with hash {replaces}: somebody changed it meanwhile. "
                       "`cueloop team show --text` prints it.")
    raise Conflict(f"In force is {what}, from elsewhere than {file}. `cueloop team show --text` prints what would be "
                   f"lost; to replace it say --replaces {held.hash[:12]}.")
