"""Training files that were applied to a project: the newest is in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cueloop import audit
from cueloop.errors import Conflict
from cueloop.store.columns import now
from cueloop.store.schema import training_policies as table

SHORTEST = 8
"""Characters of a hash that are enough to name it."""


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """One row of `training_policies`: the text that was applied, and by whom."""

    hash: str
    file: str
    text: str
    author: str
    created_at: datetime


def in_force(conn: sa.Connection, project_id: int) -> StoredPolicy | None:
    """The newest training file of a project; None where none was ever applied."""
    row = conn.execute(sa.select(table).where(table.c.project_id == project_id)
                       .order_by(table.c.key.desc()).limit(1)).one_or_none()
    return None if row is None else StoredPolicy(row.hash, row.file, row.text, row.author, row.created_at)


def put_in_force(conn: sa.Connection, project_id: int, *, file: str, text: str, hash: str, author: str,  # noqa: A002
                 replaces: str = "") -> bool:
    """Put a training file in force and write that into the audit log. False when it was in force already.

    A file may replace what it put in force itself; what came from elsewhere only when `replaces` is the beginning of
    its hash. Raises Conflict otherwise: somebody changed the policy meanwhile, and nothing is changed.
    """
    held = in_force(conn, project_id)
    if held is not None and held.hash == hash:
        return False
    if held is not None:
        _refuse_stale(held, project_id, file, replaces)
    elif replaces:
        raise Conflict(f"Project {project_id} has no training file yet, so none with hash {replaces}: leave --replaces "
                       "out, or say another --project.")
    conn.execute(table.insert().values(project_id=project_id, hash=hash, file=file, text=text, author=author,
                                       created_at=now()))
    audit.record(conn, author, "training policy applied", f"project {project_id}",
                 {"file": file, "hash": hash, "before": held.hash if held else None})
    return True


def _refuse_stale(held: StoredPolicy, project_id: int, file: str, replaces: str) -> None:
    if replaces:
        if len(replaces) >= SHORTEST and held.hash.startswith(replaces.lower()):
            return
    elif held.file == file:
        return
    show = f"`cueloop training show --project {project_id} --text`"
    what = (f"In project {project_id} {held.file} is in force (hash {held.hash[:12]}, applied by {held.author} on "
            f"{held.created_at:%Y-%m-%d %H:%M} UTC)")
    if replaces:
        raise Conflict(f"{what}, nothing with hash {replaces}: somebody changed it meanwhile. {show} prints it.")
    raise Conflict(f"{what}, from elsewhere than {file}. {show} prints what would be lost; to replace it say "
                   f"--replaces {held.hash[:12]}.")
