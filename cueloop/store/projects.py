"""Projects that Cueloop looks after: how far each was pulled, and what is still to be done for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.errors import NotFound
from cueloop.store.schema import changes, projects
from cueloop.store.upsert import chunks, listed, upsert

LIVE = ("pilot", "connected")
"""Modes in which the sync loop works for a project."""


@dataclass(frozen=True, slots=True)
class Project:
    """One row of `projects`."""

    id: int
    title: str
    label_config: str
    mode: str
    pilot: dict[str, Any] | None
    connected_at: datetime
    cursor: datetime | None
    """Label Studio's `updated_at` up to which everything is in the store; None: nothing was pulled yet."""
    swept_at: datetime | None
    rules_hash: str | None
    guideline_version: int | None
    model: str | None
    routed: dict[str, Any] | None
    """What the last routing had seen: hash of the rules, version of the champion, moment."""
    dirty: dict[str, Any] | None
    declared: dict[str, Any] | None = None
    """What the rules in force declare: see `cueloop.declared`."""


def get(conn: sa.Connection, project_id: int) -> Project:
    """One project. Raises NotFound when Cueloop does not know it."""
    row = conn.execute(sa.select(projects).where(projects.c.id == project_id)).one_or_none()
    if row is None:
        raise NotFound(f"Project {project_id} is not connected: run `cueloop connect --project {project_id}`.")
    return Project(**row._mapping)


def live(conn: sa.Connection) -> list[Project]:
    """Projects that the sync loop works for, by id."""
    rows = conn.execute(sa.select(projects).where(projects.c.mode.in_(LIVE)).order_by(projects.c.id))
    return [Project(**row._mapping) for row in rows]


def put(conn: sa.Connection, project_id: int, *, title: str, label_config: str, mode: str, connected_at: datetime,
        pilot: dict[str, Any] | None = None) -> None:
    """Write down that a project is connected. One that was known keeps its cursor, rules, model and guideline.

    It keeps `connected_at` while the loop works for it; what happened in a gap is unknown.
    """
    before = conn.scalar(sa.select(projects.c.mode).where(projects.c.id == project_id))
    row = {"id": project_id, "title": title, "label_config": label_config, "mode": mode, "pilot": pilot,
           "connected_at": connected_at}
    kept = {"id", "connected_at"} if before in LIVE else {"id"}
    upsert(conn, projects, [row], ["id"], [name for name in row if name not in kept])


def describe(conn: sa.Connection, project_id: int, *, title: str, label_config: str) -> None:
    """Follow Label Studio when somebody renames the project or changes its label config."""
    _set(conn, project_id, title=title, label_config=label_config)


def declare(conn: sa.Connection, project_id: int, declared: dict[str, Any]) -> None:
    """Keep what the rules in force declare about quality, for rooms that do not read rules (`cueloop.declared`)."""
    _set(conn, project_id, declared=declared)


def advance(conn: sa.Connection, project_id: int, cursor: datetime) -> None:
    """Everything up to `cursor` (Label Studio's clock) is in the store. Never goes back."""
    conn.execute(projects.update().where(
        projects.c.id == project_id, sa.or_(projects.c.cursor.is_(None), projects.c.cursor < cursor),
    ).values(cursor=cursor))


def swept(conn: sa.Connection, project_id: int, at: datetime) -> None:
    """A sweep that began `at` has ended."""
    _set(conn, project_id, swept_at=at)


def note_changes(conn: sa.Connection, project_id: int, keys: Iterable[int], *, moved: bool = False) -> None:
    """These tasks changed: the loop's steps must see them, also when the process ends before they could.

    `moved`: nobody said anything new of them, a full run only gave them another consensus.
    """
    tasks = listed(conn, sorted(keys)).subquery()
    conn.execute(changes.insert().from_select(
        ["project_id", "task", "moved"], sa.select(sa.literal(project_id), *tasks.c, sa.literal(moved))))


def only_moved(conn: sa.Connection, project_id: int) -> set[int]:
    """Tasks (keys) with pending changes that are all moves of their consensus."""
    rows = conn.execute(sa.select(changes.c.task, changes.c.moved).where(changes.c.project_id == project_id)).all()
    return {row.task for row in rows} - {row.task for row in rows if not row.moved}


def pending_changes(conn: sa.Connection, project_id: int) -> dict[int, int]:
    """{mark: task} of changes that the loop's steps still have to see."""
    rows = conn.execute(sa.select(changes.c.key, changes.c.task).where(changes.c.project_id == project_id))
    return {row.key: row.task for row in rows}


def forget_changes(conn: sa.Connection, marks: Collection[int]) -> None:
    """All steps saw the changes with these marks."""
    for some in chunks(sorted(marks)):
        conn.execute(changes.delete().where(changes.c.key.in_(some)))


def _set(conn: sa.Connection, project_id: int, **values: Any) -> None:
    conn.execute(projects.update().where(projects.c.id == project_id).values(**values))
