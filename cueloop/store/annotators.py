"""Annotators: Label Studio's users, as we know them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store.schema import annotators
from cueloop.store.upsert import upsert

PERSON, MACHINE = "person", "machine"


@dataclass(frozen=True, slots=True)
class Annotator:
    """One row of `annotators`."""

    id: int
    email: str
    name: str
    queue: str
    """Name of their queue in `cue_queue`."""
    kind: str
    """`person`, or `machine` for the account that owns what the machine accepted."""
    deleted_at: datetime | None


def queue_name(user_id: int) -> str:
    """The name of a user's queue."""
    return f"w{user_id}"


def known(conn: sa.Connection) -> dict[int, Annotator]:
    """All annotators that were ever seen, by id."""
    rows = conn.execute(sa.select(annotators).order_by(annotators.c.id))
    return {row.id: Annotator(**row._mapping) for row in rows}


def people(conn: sa.Connection) -> list[Annotator]:
    """People who can be asked: not the machine, not deleted."""
    return [a for a in known(conn).values() if a.kind == PERSON and a.deleted_at is None]


def machines(conn: sa.Connection) -> frozenset[int]:
    """Ids of accounts whose annotations are not a person's answers."""
    return frozenset(conn.scalars(sa.select(annotators.c.id).where(annotators.c.kind == MACHINE)))


def put(conn: sa.Connection, users: Sequence[Mapping[str, Any]], *, kind: str | None = None) -> None:
    """Write Label Studio's users. Those already known keep their queue, and their kind unless `kind` is given."""
    rows = [{"id": int(user["id"]), "email": str(user.get("email") or ""), "name": _name(user),
             "queue": queue_name(int(user["id"])), "kind": kind or PERSON, "deleted_at": None} for user in users]
    update = ["email", "name", "deleted_at", *(["kind"] if kind else [])]
    upsert(conn, annotators, rows, ["id"], update)


def mark_deleted(conn: sa.Connection, alive: Collection[int], at: datetime) -> int:
    """Whoever is not among Label Studio's users any more was deleted; how many were. Their answers stay."""
    gone = [a.id for a in known(conn).values() if a.deleted_at is None and a.id not in alive]
    if gone:
        conn.execute(annotators.update().where(annotators.c.id.in_(gone)).values(deleted_at=at))
    return len(gone)


def _name(user: Mapping[str, Any]) -> str:
    full = f"{user.get('first_name') or ''} {user.get('last_name') or ''}".strip()
    return full or str(user.get("username") or user.get("email") or user["id"])
