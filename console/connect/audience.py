"""Who is asked, and about which tasks: everybody about all, or a pilot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from console.connect import people
from console.connect.site import Row, Site
from cueloop.errors import DataError
from cueloop.store import projects
from cueloop.store.schema import projects as table


@dataclass(frozen=True, slots=True)
class Audience:
    """What the project's row says of it."""

    mode: str
    pilot: dict[str, Any] | None
    team: Sequence[Row]
    """Accounts that are asked."""


def audience(site: Site, named: Sequence[str], only: str, *, everybody: bool) -> Audience:
    """A pilot for those named, on tasks whose field has a value (`only`: `field=value`).

    Without either a running pilot goes on as it is, unless it is to end (`everybody`). Raises NotFound for an
    unknown name and DataError for an odd `only`.
    """
    running = None if everybody else _running(site)
    if not named and not only and running is not None:
        still = {str(user["id"]) for user in site.users} & {str(number) for number in running["annotators"]}
        return Audience("pilot", running, people.team(site, sorted(still)) if still else [])
    team = people.team(site, named)
    if not named and not only:
        return Audience("connected", None, team)
    return Audience("pilot", {"annotators": [user["id"] for user in team], "filter": _filter(only)}, team)


def live_mode(site: Site) -> str | None:
    """The mode of a project that the loop works for already, else None."""
    with site.store.read() as conn:
        mode = conn.scalar(sa.select(table.c.mode).where(table.c.id == site.project_id))
    return mode if mode in projects.LIVE else None


def _running(site: Site) -> dict[str, Any] | None:
    with site.store.read() as conn:
        row = conn.execute(sa.select(table.c.mode, table.c.pilot).where(table.c.id == site.project_id)).one_or_none()
    return row.pilot if row is not None and row.mode == "pilot" else None


def _filter(only: str) -> dict[str, str] | None:
    if not only:
        return None
    field, equals, value = only.partition("=")
    if not equals or not field:
        raise DataError(f"--filter {only!r}: write it as FIELD=VALUE, for a field of the tasks' data.")
    return {"field": field, "value": value}
