"""Which versions of a model served, one after the other, and where a rollback leads.

The audit log is the source: a promotion goes one step on, a rollback goes back for good. So several rollbacks in a row
walk back through the past; what was rolled back from comes into service again only by a promotion.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from cueloop.store import models
from cueloop.store.models import CHAMPION, PREVIOUS, ModelVersion
from cueloop.store.schema import audit

PROMOTED, ROLLED_BACK = "model promoted", "model rolled back"
"""What the audit log calls the two."""


def served(conn: sa.Connection, name: str) -> list[str]:
    """Versions of a model in the order in which they served, without those that were rolled back from. The last one
    is in service."""
    found: list[str] = []
    for row in conn.execute(sa.select(audit.c.action, audit.c.subject, audit.c.detail).where(
            audit.c.action.in_([PROMOTED, ROLLED_BACK]), audit.c.subject.startswith(f"{name}@", autoescape=True),
            ).order_by(audit.c.key)):
        version, replaced = row.subject.removeprefix(f"{name}@"), row.detail.get("instead_of")
        if replaced and found[-1:] != [replaced]:       # came into service by other means, e.g. in an exported home
            found.append(replaced)
        if row.action == ROLLED_BACK and version in found:
            del found[len(found) - found[::-1].index(version):]
        else:
            found.append(version)
    aliases = models.aliases_of(conn, name)
    if not found and PREVIOUS in aliases:
        found.append(aliases[PREVIOUS])
    if CHAMPION in aliases and found[-1:] != [aliases[CHAMPION]]:
        found.append(aliases[CHAMPION])
    return found


def before(conn: sa.Connection, name: str) -> Iterator[ModelVersion]:
    """The versions that one rollback after the other would put in service. Never one that was deleted."""
    past = served(conn, name)
    seen = set(past[-1:])
    for version in reversed(past):
        found = models.get(conn, name, version) if version not in seen else None
        seen.add(version)
        if found is not None and found.deleted_at is None:
            yield found
