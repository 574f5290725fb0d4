"""What each labelled task is for, once and for all: written before a training, read by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from cueloop.store.columns import now
from cueloop.store.schema import splits
from cueloop.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Split:
    """The part of one task."""

    task: int
    part: str
    """train | holdout | apart"""
    cluster: str
    """Tasks that are near-duplicates or of one source share it."""


def of_project(conn: sa.Connection, project_id: int) -> dict[int, Split]:
    """{task: its part} of all tasks of a project that have one, deleted tasks too."""
    rows = conn.execute(sa.select(splits.c.task, splits.c.part, splits.c.cluster).where(
        splits.c.project_id == project_id).order_by(splits.c.task))
    return {row.task: Split(row.task, row.part, row.cluster) for row in rows}


def put(conn: sa.Connection, project_id: int, found: Iterable[Split]) -> None:
    """Write parts; the moment of a task that had one stays."""
    moment = now()
    upsert(conn, splits, [asdict(one) | {"project_id": project_id, "added_at": moment} for one in found],
           update=["part", "cluster"])
