"""Model versions and the aliases that say which of them serves. Rows only; the files are the registry's."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store.columns import now
from cueloop.store.schema import aliases, model_versions, projects
from cueloop.store.upsert import upsert

DEFAULT = "default"
"""The name that stands for "the model of this project"."""
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
"""In service; trained last and not in service; what a rollback would put in service."""
SHADOW, PINNED = "shadow", "pinned"
"""Predicts beside the champion, unseen; in service until a person says otherwise."""
ALIASES = (CHAMPION, PINNED, SHADOW, CHALLENGER, PREVIOUS)
ELSEWHERE = "elsewhere"
"""Kind of a version whose predictions were pushed: it was not trained here, and there is nothing to load."""
OWN_CLASS = "label-studio-ml"
"""Kind of a version of a team's own class."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One trained model, for good: nothing about it changes after it was written."""

    name: str
    version: str
    project_id: int | None
    """None: trained offline from a CSV file."""
    kind: str
    path: str
    """Where its files are, below the artifacts URL: `blobs`, or of old versions a folder of their own."""
    sha256: dict[str, str]
    card: dict[str, Any]
    created_at: datetime
    deleted_at: datetime | None = None
    """When its files were deleted; the card stays."""


def insert(conn: sa.Connection, version: ModelVersion) -> None:
    """Add a version. Raises sqlalchemy's IntegrityError when it exists: versions are immutable."""
    conn.execute(model_versions.insert().values(**asdict(version)))


def put(conn: sa.Connection, version: ModelVersion) -> None:
    """Add a version that grows (predictions pushed from elsewhere), or write its card and hashes anew."""
    upsert(conn, model_versions, [asdict(version)], ["name", "version"], update=["sha256", "card"])


def get(conn: sa.Connection, name: str, version: str) -> ModelVersion | None:
    """One version, or None."""
    row = conn.execute(sa.select(model_versions).where(
        model_versions.c.name == name, model_versions.c.version == version)).first()
    return None if row is None else ModelVersion(**row._mapping)


def versions(conn: sa.Connection, name: str | None = None) -> list[ModelVersion]:
    """All versions (of one model, if named), newest first."""
    query = sa.select(model_versions).order_by(model_versions.c.created_at.desc(), model_versions.c.version.desc())
    if name is not None:
        query = query.where(model_versions.c.name == name)
    return [ModelVersion(**row._mapping) for row in conn.execute(query)]


def newest(conn: sa.Connection, project_id: int) -> ModelVersion | None:
    """The version that was trained last on a project's data, of whatever model, in service or not; none pushed."""
    row = conn.execute(sa.select(model_versions).where(
        model_versions.c.project_id == project_id, model_versions.c.kind != ELSEWHERE,
    ).order_by(model_versions.c.created_at.desc()).limit(1)).first()
    return None if row is None else ModelVersion(**row._mapping)


def delete(conn: sa.Connection, name: str, version: str) -> None:
    """Mark a version as deleted; its row stays, so that lineage leads through it."""
    conn.execute(model_versions.update().where(
        model_versions.c.name == name, model_versions.c.version == version, model_versions.c.deleted_at.is_(None)
    ).values(deleted_at=now()))


def needed_contents(conn: sa.Connection) -> set[str]:
    """SHA-256 of the files of all versions that are not deleted."""
    rows = conn.scalars(sa.select(model_versions.c.sha256).where(model_versions.c.deleted_at.is_(None)))
    return {hash_ for hashes in rows for hash_ in hashes.values()}


def aliases_of(conn: sa.Connection, name: str) -> dict[str, str]:
    """{alias: version} of one model."""
    return {row.alias: row.version for row in conn.execute(sa.select(aliases).where(aliases.c.name == name))}


def set_alias(conn: sa.Connection, name: str, alias: str, version: str | None) -> None:
    """Point an alias at a version, or take it away (None)."""
    conn.execute(aliases.delete().where(aliases.c.name == name, aliases.c.alias == alias))
    if version is not None:
        conn.execute(aliases.insert().values(name=name, alias=alias, version=version, updated_at=now()))


def name_for(conn: sa.Connection, project_id: int, name: str = DEFAULT) -> str:
    """Name of the model meant: `name`, or for "default" the one that serves this project.

    Two projects never share a model by accident: without a choice it is named after the project.
    """
    if name != DEFAULT:
        return name
    chosen = conn.scalar(sa.select(projects.c.model).where(projects.c.id == project_id))
    return chosen or f"project-{project_id}"


def champion(conn: sa.Connection, project_id: int) -> ModelVersion | None:
    """The version in service for a project; None while it has no trained model."""
    name = name_for(conn, project_id)
    version = aliases_of(conn, name).get(CHAMPION)
    return None if version is None else get(conn, name, version)
