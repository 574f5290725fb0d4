"""Counts that are taken again only when the consensus of a project has changed: the loop asks every second."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from cueloop.store.schema import consensus

T = TypeVar("T")

_kept: WeakKeyDictionary[sa.Engine, dict[tuple[int, Hashable], tuple[datetime | None, Any]]] = WeakKeyDictionary()
"""{(project, what is counted): (newest consensus then, what was counted)} of each store."""


def kept(conn: sa.Connection, project_id: int, what: Hashable, count: Callable[[], T], *, anew: bool) -> T:
    """What `count` said when the newest consensus of the project was the one it is now; else, or `anew`, what it says.

    What a deletion or a slow transaction changes is seen with the next consensus, or by who asks `anew`.
    """
    of_store, newest = _kept.setdefault(conn.engine, {}), _newest(conn, project_id)
    before = of_store.get((project_id, what))
    if before is None or anew or before[0] != newest:
        before = of_store[project_id, what] = newest, count()
    found: T = before[1]
    return found


def _newest(conn: sa.Connection, project_id: int) -> datetime | None:
    """Found by its index, however many there are."""
    return conn.scalar(sa.select(consensus.c.updated_at).where(consensus.c.project_id == project_id)
                       .order_by(consensus.c.updated_at.desc()).limit(1))
