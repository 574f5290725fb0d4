"""What training says of tasks: what an answer would teach the model, and whether a pre-label is doubted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from cueloop.store import doubts, figures, lessons

FIGURE = "lessons"
"""Report of training that says how much lessons weigh in the order of the queues."""
WEIGHT = 0.5
"""How much they weigh where it does not say."""


def taught(conn: sa.Connection, control: str, keys: Sequence[int]) -> dict[int, float]:
    """{task: what an answer on this control would teach, 0 to 1}; absent where nobody knows."""
    return {task: one.value for (task, name), one in lessons.of_tasks(conn, keys).items() if name == control}


def doubted(conn: sa.Connection, control: str, keys: Sequence[int]) -> dict[int, str]:
    """{task: why what a model said of it on this control is doubted} while no person has looked since."""
    return {task: one.reason for (task, name), one in doubts.of_tasks(conn, keys).items() if name == control}


def weight(conn: sa.Connection, project_id: int) -> float:
    """The part of lessons in the order of the queues: 0 none, 1 nothing else counts."""
    said = figures.read(conn, project_id, figures.PROJECT, FIGURE)
    found = said.get("weight") if isinstance(said, Mapping) else None
    return min(max(float(found), 0.0), 1.0) if isinstance(found, int | float) else WEIGHT
