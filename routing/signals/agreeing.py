"""Whether other models say what the champion says of a task: where they do not, somebody should look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cueloop.store.schema import model_versions, predictions
from routing.signals.rows import by_task
from routing.signals.task import Champion


def models_agree(conn: sa.Connection, project_id: int, control: str, keys: Sequence[int], champion: Champion,
                 predicted: Mapping[int, Sequence[Any]]) -> dict[int, float]:
    """{task: share of the other models that say the champion's label}; absent where none of them says anything.

    Of each other model the newest version counts, whether it ever served or was refused.
    """
    versions = _newest(conn, project_id, champion.model)
    said = by_task(conn, sa.select(predictions.c.task, predictions.c.label).where(
        predictions.c.control == control, sa.tuple_(predictions.c.model, predictions.c.version).in_(versions)),
        predictions.c.task, sorted(predicted)) if versions else {}
    return {task: sum(row.label == predicted[task][0].label for row in rows) / len(rows) for task, rows in said.items()}


def _newest(conn: sa.Connection, project_id: int, but: str) -> list[tuple[str, str]]:
    """(model, newest version) of the project's other models."""
    c = model_versions.c
    rows = conn.execute(sa.select(c.name, c.version).where(c.project_id == project_id, c.name != but)
                        .order_by(c.created_at, c.version))
    return sorted({row.name: row.version for row in rows}.items())
