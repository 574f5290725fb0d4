"""Rows of the store by task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from cueloop.store.upsert import chunks


def by_task(conn: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[int],
            keys: Sequence[int]) -> dict[int, list[Any]]:
    """{task: rows of a query that has a column `task`}, of these tasks only; `column` tells the task."""
    found: dict[int, list[Any]] = {}
    for part in chunks(list(keys)):
        for row in conn.execute(query.where(column.in_(part))):
            found.setdefault(row.task, []).append(row)
    return found
