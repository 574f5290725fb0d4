"""Decisions: why each thing was done. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from cueloop.store.schema import decisions
from cueloop.store.upsert import chunks

KINDS = ("accept", "audit", "ask", "stop", "escalate", "reopen", "review", "gold", "recheck", "deadline",
         "override")


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision about one control of one task."""

    project_id: int
    task: int
    control: str
    kind: str
    """One of KINDS."""
    rule: str
    rules_hash: str
    inputs: dict[str, Any]
    """The signals that the rule saw; None is unknown."""
    created_at: datetime
    candidates: list[dict[str, Any]] = field(default_factory=list)
    """Who could have been asked, with the value of their answer and the chance of being chosen; best first."""
    chosen: Any = field(default_factory=list)
    """Ids of the annotators who were asked, or the label that stands; an empty list where nothing was chosen."""
    probability: float = 1.0
    """With which it was chosen, given everything known at that moment."""
    model_version: str | None = None
    guideline_version: int | None = None


def add(conn: sa.Connection, decision: Decision) -> int:
    """Write a decision; its key."""
    return int(conn.execute(decisions.insert().values(**asdict(decision)).returning(decisions.c.key)).scalar_one())


def of_task(conn: sa.Connection, task: int) -> list[tuple[int, Decision]]:
    """(key, decision) of a task, oldest first."""
    rows = conn.execute(sa.select(decisions).where(decisions.c.task == task).order_by(decisions.c.key))
    return [(row.key, Decision(**{k: v for k, v in row._mapping.items() if k != "key"})) for row in rows]


def inputs_of(conn: sa.Connection, keys: Sequence[int]) -> dict[int, dict[str, Any]]:
    """{decision: what it saw} of these decisions."""
    return {row.key: row.inputs for some in chunks(list(keys)) for row in conn.execute(
        sa.select(decisions.c.key, decisions.c.inputs).where(decisions.c.key.in_(some)))}
