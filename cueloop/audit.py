"""The audit log: who did what, in a hash chain, so that a later change of any row shows.

hash = sha256(previous hash + canonical JSON of the row); rows are only ever added.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import sqlalchemy as sa

from cueloop.errors import StoreError
from cueloop.store import schema
from cueloop.store.columns import now

GENESIS = "0" * 64
"""What the first row names as its predecessor."""


def record(conn: sa.Connection, actor: str, action: str, subject: str, detail: dict[str, Any]) -> None:
    """Add a row within the caller's writing transaction. `detail` must be JSON and hold no secret."""
    audit = schema.audit
    if conn.dialect.name == "postgresql":  # two writers must not name the same predecessor
        conn.exec_driver_sql("LOCK TABLE audit IN EXCLUSIVE MODE")
    previous = conn.scalar(sa.select(audit.c.hash).order_by(audit.c.key.desc()).limit(1)) or GENESIS
    at = now()
    conn.execute(audit.insert().values(
        at=at, actor=actor, action=action, subject=subject, detail=detail, previous=previous,
        hash=_hash(previous, at.isoformat(), actor, action, subject, detail)))


def verify(conn: sa.Connection) -> int:
    """Walk the chain and count its rows. Raises StoreError naming the first row that was altered."""
    previous, count = GENESIS, 0
    for row in conn.execute(sa.select(schema.audit).order_by(schema.audit.c.key)):
        expected = _hash(previous, row.at.isoformat(), row.actor, row.action, row.subject, row.detail)
        if row.previous != previous or row.hash != expected:
            raise StoreError(f"Audit log: row {row.key} ({row.action} of {row.subject}) was altered, or a row "
                             "before it was removed. Compare with a backup.")
        previous, count = row.hash, count + 1
    return count


def _hash(previous: str, at: str, actor: str, action: str, subject: str, detail: dict[str, Any]) -> str:
    row = json.dumps([at, actor, action, subject, detail], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((previous + row).encode()).hexdigest()
