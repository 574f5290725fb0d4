"""Reports that are kept up to date: agreement, flow, cost, gold candidates. JSON, read by console and reports."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store.columns import now
from cueloop.store.schema import figures
from cueloop.store.upsert import upsert

PROJECT = ""
"""In place of a control: a report about the whole project."""


def write(conn: sa.Connection, project_id: int, control: str, name: str, value: Any) -> None:
    """Replace one report."""
    upsert(conn, figures, [{"project_id": project_id, "control": control, "name": name, "value": value,
                            "updated_at": now()}])


def read(conn: sa.Connection, project_id: int, control: str, name: str) -> Any | None:
    """One report; None while there is none."""
    return conn.scalar(sa.select(figures.c.value).where(
        figures.c.project_id == project_id, figures.c.control == control, figures.c.name == name))


def moment(conn: sa.Connection, project_id: int, control: str, name: str) -> datetime | None:
    """When a report was made; None while there is none."""
    return conn.scalar(sa.select(figures.c.updated_at).where(
        figures.c.project_id == project_id, figures.c.control == control, figures.c.name == name))


def keep_controls(conn: sa.Connection, project_id: int, controls: Collection[str]) -> None:
    """Forget reports about controls that the label config no longer has."""
    conn.execute(figures.delete().where(figures.c.project_id == project_id,
                                        figures.c.control.not_in([PROJECT, *controls])))
