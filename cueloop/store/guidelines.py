"""Guidelines in the store: versions that are only ever added, and when each came into force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.errors import NotFound
from cueloop.store.columns import now
from cueloop.store.schema import guidelines, projects


@dataclass(frozen=True, slots=True)
class Guideline:
    """One version of a project's guideline. `in_force_at` is None for one that was never put in force."""

    project_id: int
    version: int
    text: str
    """Markdown."""
    author: str
    note: str
    created_at: datetime
    in_force_at: datetime | None


def add(conn: sa.Connection, project_id: int, text: str, author: str, note: str) -> Guideline:
    """Add the next version; it is not in force yet."""
    last = conn.scalar(sa.select(sa.func.max(guidelines.c.version)).where(guidelines.c.project_id == project_id))
    added = Guideline(project_id, (last or 0) + 1, text, author, note, now(), None)
    conn.execute(guidelines.insert().values(
        project_id=project_id, version=added.version, text=text, author=author, note=note,
        created_at=added.created_at, in_force_at=None))
    return added


def put_in_force(conn: sa.Connection, project_id: int, version: int, at: datetime) -> None:
    """From `at` on this version is the one that annotators follow. A version comes into force once.

    Raises NotFound when there is no such version.
    """
    get(conn, project_id, version)
    conn.execute(guidelines.update().where(
        guidelines.c.project_id == project_id, guidelines.c.version == version,
        guidelines.c.in_force_at.is_(None)).values(in_force_at=at))
    conn.execute(projects.update().where(projects.c.id == project_id).values(guideline_version=version))


def in_force(conn: sa.Connection, project_id: int, at: datetime) -> int | None:
    """The version that was in force at that moment; None: there was none, or it is unknown."""
    return conn.scalar(
        sa.select(guidelines.c.version)
        .where(guidelines.c.project_id == project_id, guidelines.c.in_force_at <= at)
        .order_by(guidelines.c.in_force_at.desc(), guidelines.c.version.desc()).limit(1))


def get(conn: sa.Connection, project_id: int, version: int) -> Guideline:
    """One version. Raises NotFound that lists the versions there are."""
    found = {g.version: g for g in history(conn, project_id)}
    if version not in found:
        known = ", ".join(map(str, found)) or "none"
        raise NotFound(f"Project {project_id} has no guideline version {version}; there is: {known}. "
                       "Add one with `cueloop guidelines add FILE`.")
    return found[version]


def history(conn: sa.Connection, project_id: int) -> list[Guideline]:
    """All versions, oldest first."""
    rows = conn.execute(sa.select(guidelines).where(guidelines.c.project_id == project_id)
                        .order_by(guidelines.c.version))
    return [_guideline(row) for row in rows]


def _guideline(row: Any) -> Guideline:
    return Guideline(**row._mapping)
