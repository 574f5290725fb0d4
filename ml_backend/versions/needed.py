"""Which versions of a model must stay, and why: what serves, what may serve next, and where a rollback leads."""

from __future__ import annotations

from itertools import islice

import sqlalchemy as sa

from cueloop.store import models
from cueloop.store.models import ALIASES
from cueloop.store.schema import rollouts
from ml_backend.versions import history

ROLLBACKS = 2
"""Rollbacks in a row that stay possible."""


def needed(conn: sa.Connection, name: str) -> dict[str, str]:
    """{version: why it must stay}."""
    found: dict[str, list[str]] = {}
    for alias, version in models.aliases_of(conn, name).items():
        found.setdefault(version, []).append(alias)
    found = {version: sorted(said, key=_order) for version, said in found.items()}
    for earlier in islice(history.before(conn, name), ROLLBACKS):
        found.setdefault(earlier.version, []).append("a rollback leads to it")
    for row in conn.execute(sa.select(rollouts.c.version, rollouts.c.project_id).where(
            rollouts.c.name == name, rollouts.c.ended_at.is_(None))):
        found.setdefault(row.version, []).append(f"on its way into project {row.project_id}")
    return {version: ", ".join(said) for version, said in found.items()}


def _order(alias: str) -> int:
    return ALIASES.index(alias) if alias in ALIASES else len(ALIASES)
