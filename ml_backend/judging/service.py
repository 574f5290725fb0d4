"""Which version serves a project, since when, who put it there, and what served before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cueloop.store import models
from cueloop.store.models import ModelVersion
from cueloop.store.schema import aliases, audit

PROMOTED, ROLLED_BACK = "model promoted", "model rolled back"
"""What the audit log calls the two ways into service."""
JOB = "job "
"""How the names of those begin who act by themselves."""


@dataclass(frozen=True, slots=True)
class InService:
    """The version that serves a project."""

    version: ModelVersion
    before: ModelVersion | None
    """What a rollback would put in service."""
    since: datetime
    by_person: bool
    """A person put it there, against or without the gate."""
    pinned: bool


def read(conn: sa.Connection, project_id: int) -> InService | None:
    """What serves a project; None while nothing does."""
    name = models.name_for(conn, project_id)
    named = models.aliases_of(conn, name)
    version = models.get(conn, name, named["champion"]) if "champion" in named else None
    since = alias_since(conn, name, "champion")
    if version is None or since is None:
        return None
    before = models.get(conn, name, named["previous"]) if "previous" in named else None
    return InService(version, before if before is not None and before.deleted_at is None else None, since,
                     _by_person(conn, version), named.get("pinned") == version.version)


def alias_since(conn: sa.Connection, name: str, alias: str) -> datetime | None:
    """Since when an alias has pointed where it points; None: there is none."""
    return conn.scalar(sa.select(aliases.c.updated_at).where(aliases.c.name == name, aliases.c.alias == alias))


def taken_back(conn: sa.Connection, name: str, version: str) -> bool:
    """Whether a version was rolled back from last: then only a person puts it in service again."""
    found = conn.execute(sa.select(audit.c.action, audit.c.subject, audit.c.detail).where(
        audit.c.action.in_([PROMOTED, ROLLED_BACK]), audit.c.subject.startswith(f"{name}@", autoescape=True),
        ).order_by(audit.c.key.desc()))
    for row in found:
        if row.subject == f"{name}@{version}":
            return False
        if row.detail.get("instead_of") == version:
            return bool(row.action == ROLLED_BACK)
    return False


def _by_person(conn: sa.Connection, version: ModelVersion) -> bool:
    """The gate's own words, or a job's name, in the audit log: it came by itself. Unknown counts as a person."""
    row = conn.execute(sa.select(audit.c.actor, audit.c.detail).where(
        audit.c.action.in_([PROMOTED, ROLLED_BACK]), audit.c.subject == f"{version.name}@{version.version}",
        ).order_by(audit.c.key.desc()).limit(1)).first()
    if row is None:
        return True
    gate = version.card.get("gate") or {}
    return not row.actor.startswith(JOB) and row.detail.get("reason") != gate.get("reason", "")
