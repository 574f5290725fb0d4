"""The rules in force in a project. The store's copy counts, whatever happens to the file afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop import audit
from cueloop.store.columns import now
from cueloop.store.schema import projects, rules
from cueloop.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class StoredRules:
    """One row of `rules`: the text that was put in force, and by whom."""

    hash: str
    file: str
    text: str
    audit_share: float
    created_at: datetime
    author: str


def in_force(conn: sa.Connection, project_id: int) -> StoredRules | None:
    """The rules in force in a project; None when none were ever applied."""
    row = conn.execute(sa.select(rules).join(
        projects, sa.and_(projects.c.id == rules.c.project_id, projects.c.rules_hash == rules.c.hash),
    ).where(projects.c.id == project_id)).one_or_none()
    return _stored(row)


def of_hash(conn: sa.Connection, project_id: int, hash: str) -> StoredRules | None:  # noqa: A002
    """Rules that were ever in force in a project; None for a hash of others."""
    return _stored(conn.execute(sa.select(rules).where(
        rules.c.project_id == project_id, rules.c.hash == hash)).one_or_none())


def _stored(row: sa.Row[Any] | None) -> StoredRules | None:
    if row is None:
        return None
    return StoredRules(row.hash, row.file, row.text, row.audit_share, row.created_at, row.author)


def put_in_force(conn: sa.Connection, project_id: int, *, file: str, text: str, hash: str,  # noqa: A002
                 audit_share: float, author: str) -> bool:
    """Put rules in force and write that into the audit log. False when they were in force already."""
    before = in_force(conn, project_id)
    if before is not None and before.hash == hash:
        return False
    row = {"project_id": project_id, "hash": hash, "file": file, "text": text, "audit_share": audit_share,
           "created_at": now(), "author": author}
    upsert(conn, rules, [row], ["project_id", "hash"], ["file", "created_at", "author"])
    conn.execute(projects.update().where(projects.c.id == project_id).values(rules_hash=hash))
    audit.record(conn, author, "rules applied", f"project {project_id}",
                 {"file": file, "hash": hash, "before": before.hash if before else None})
    return True
