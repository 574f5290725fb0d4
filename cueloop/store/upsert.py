"""Insert many rows, or update those that are there: one statement that SQLite and PostgreSQL both know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cueloop.store.columns import JsonRows

T = TypeVar("T")

CHUNK = 500
"""Values per `IN` list, well below the oldest SQLite's limit of 999 variables."""


def upsert(conn: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]],
           key: Sequence[str] | None = None, update: Sequence[str] | None = None) -> None:
    """Write `rows`; where a row with the same `key` (default: the primary key) stands, set `update` (all else).

    An empty `update` keeps the row that stands.
    """
    if rows:
        conn.execute(_statement(conn, table, list(rows[0]), key, update), [dict(row) for row in rows])


def upsert_columns(conn: sa.Connection, table: sa.Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """The same for very many rows that come as columns, by primary key: on SQLite in half the time.

    There the driver gets the rows as they are, past what SQLAlchemy does for each. Every column of the table that has
    a default of SQLAlchemy's must be among them.
    """
    names = list(columns)
    if not columns or not len(columns[names[0]]):
        return
    statement = _statement(conn, table, names)
    if conn.dialect.name != "sqlite":
        conn.execute(statement, [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)])
        return
    compiled = statement.compile(dialect=conn.dialect, column_keys=names)
    ready = {name: _bound(table.c[name], values, conn.dialect) for name, values in columns.items()}
    order = compiled.positiontup or names
    conn.exec_driver_sql(str(compiled), list(zip(*(ready[name] for name in order), strict=True)))


def _statement(conn: sa.Connection, table: sa.Table, names: Sequence[str], key: Sequence[str] | None = None,
               update: Sequence[str] | None = None) -> Any:
    statement = (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(table)
    key = key or [column.name for column in table.primary_key]
    changed = [name for name in names if name not in key] if update is None else update
    if changed:
        return statement.on_conflict_do_update(
            index_elements=list(key), set_={name: statement.excluded[name] for name in changed})
    return statement.on_conflict_do_nothing(index_elements=list(key))


def _bound(column: sa.Column[Any], values: Sequence[Any], dialect: sa.Dialect) -> Sequence[Any]:
    """Values as the driver takes them. Neighbours that are one object (a moment, a NULL) are converted once."""
    if isinstance(values, JsonRows):
        return values.texts()
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    found: list[Any] = []
    last, converted = object(), None
    for value in values:
        if value is not last:
            last, converted = value, process(value)
        found.append(converted)
    return found


def listed(conn: sa.Connection, numbers: Sequence[int]) -> sa.Select[tuple[int]]:
    """Select these whole numbers, a row each: one value to bind, however many there are."""
    if conn.dialect.name == "postgresql":
        return sa.select(sa.func.unnest(sa.cast(list(numbers), postgresql.ARRAY(sa.BigInteger()))))
    return sa.select(sa.func.json_each(json.dumps(list(numbers))).table_valued("value").c.value)


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """`values` in pieces that fit one statement."""
    for start in range(0, len(values), size):
        yield values[start:start + size]
