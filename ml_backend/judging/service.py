"""Which version serves a project, since when, who put it there, and what served before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cueloop.store import models
from cueloop.store.models import CHAMPION, PINNED, PREVIOUS, ModelVersion
from cueloop.store.schema import aliases, audit
from ml_backend.versions.history import PROMOTED, ROLLED_BACK

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
    version = models.get(conn, name, named[CHAMPION]) if CHAMPION in named else None
    since = alias_since(conn, name, CHAMPION)
    if version is None or since is None:
        return None
    before = models.get(conn, name, named[PREVIOUS]) if PREVIOUS in named else None
    return InService(version, before if before is not None and before.deleted_at is None else None, since,
                     _by_person(conn, version), named.get(PINNED) == version.version)


def alias_since(conn: sa.Connection, name: str, alias: str) -> datetime | None:
    """Since when an alias has pointed where it points; None: there is none."""
    return conn.scalar(sa.select(aliases.c.updated_at).where(aliases.c.name == name, aliases.c.alias == alias))


def _by_person(conn: sa.Connection, version: ModelVersion) -> bool:
    """The gate's own words, or a job's name, in the audit log: it came by itself. Unknown counts as a person."""
    row = conn.execute(sa.select(audit.c.actor, audit.c.detail).where(
        audit.c.action.in_([PROMOTED, ROLLED_BACK]), audit.c.subject == f"{version.name}@{version.version}",
        ).order_by(audit.c.key.desc()).limit(1)).first()
    if row is None:
        return True
    gate = version.card.get("gate") or {}
    return not row.actor.startswith(JOB) and row.detail.get("reason") != gate.get("reason", "")
