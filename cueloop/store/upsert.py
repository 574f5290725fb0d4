"""Insert many rows, or update those that are there: one statement that SQLite and PostgreSQL both know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

CHUNK = 500
"""Values per `IN` list, well below the oldest SQLite's limit of 999 variables."""


def upsert(conn: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]],
           key: Sequence[str] | None = None, update: Sequence[str] | None = None) -> None:
    """Write `rows`; where a row with the same `key` (default: the primary key) stands, set `update` (all else).

    An empty `update` keeps the row that stands.
    """
    if not rows:
        return
    statement = (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(table)
    key = key or [column.name for column in table.primary_key]
    names = [name for name in rows[0] if name not in key] if update is None else update
    if names:
        statement = statement.on_conflict_do_update(
            index_elements=list(key), set_={name: statement.excluded[name] for name in names})
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(key))
    conn.execute(statement, [dict(row) for row in rows])


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """`values` in pieces that fit one statement."""
    for start in range(0, len(values), size):
        yield values[start:start + size]
