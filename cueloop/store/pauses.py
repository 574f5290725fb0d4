"""Pauses: who is asked nothing more in a project, why, and who lifted it. Rows are never deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store.schema import pauses
from cueloop.store.upsert import chunks

BY_HAND = ""
"""Rule of a pause that a person made."""


@dataclass(frozen=True, slots=True)
class Paused:
    """One row of `pauses`."""

    project_id: int
    annotator_id: int
    rule: str
    """Its name in the rules file, or BY_HAND."""
    rules_hash: str
    reason: str
    """What is told to the annotator."""
    created_at: datetime
    details: dict[str, Any] = field(default_factory=dict)
    """What the rule saw."""
    training: dict[str, int] | None = None
    """{"right": n, "of": m}: with n right of the last m they are asked again; None: an admin lifts it."""
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    key: int = 0


def add(conn: sa.Connection, pause: Paused) -> int:
    """Write a new pause; its key. Raises IntegrityError when the person is paused already."""
    row = {name: value for name, value in asdict(pause).items() if name != "key"}
    return int(conn.execute(pauses.insert().values(**row).returning(pauses.c.key)).scalar_one())


def lift(conn: sa.Connection, key: int, at: datetime, by: str) -> None:
    """The person is asked again."""
    conn.execute(pauses.update().where(pauses.c.key == key, pauses.c.lifted_at.is_(None))
                 .values(lifted_at=at, lifted_by=by))


def open_of(conn: sa.Connection, project_id: int) -> dict[int, Paused]:
    """{annotator: their open pause} of a project."""
    rows = conn.execute(sa.select(pauses).where(pauses.c.project_id == project_id, pauses.c.lifted_at.is_(None))
                        .order_by(pauses.c.key))
    return {row.annotator_id: Paused(**row._mapping) for row in rows}


def of_people(conn: sa.Connection, project_id: int, people: Collection[int]) -> dict[int, list[Paused]]:
    """{annotator: all their pauses in a project, oldest first}."""
    found: dict[int, list[Paused]] = {}
    for some in chunks(sorted(people)):
        for row in conn.execute(sa.select(pauses).where(
                pauses.c.project_id == project_id, pauses.c.annotator_id.in_(some)).order_by(pauses.c.key)):
            found.setdefault(row.annotator_id, []).append(Paused(**row._mapping))
    return found
