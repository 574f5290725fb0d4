"""How often a project's audits are looked at: the loop asks every second, answers come more slowly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from cueloop.store import figures
from cueloop.store.columns import now

REST = timedelta(seconds=60)
"""Between two looks at the same versions."""


def rested(conn: sa.Connection, project_id: int, name: str, about: dict[str, Any], rest: timedelta) -> bool:
    """Whether it is time to look: `rest` is over, or the report `name` is about other versions, or the clock was set
    back since."""
    moment = figures.moment(conn, project_id, figures.PROJECT, name)
    last = figures.read(conn, project_id, figures.PROJECT, name) or {}
    return (moment is None or not timedelta(0) <= now() - moment < rest
            or any(last.get(key) != value for key, value in about.items()))
