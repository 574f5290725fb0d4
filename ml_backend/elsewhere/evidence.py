"""What people say, blind: the answers by which a pipeline of others is calibrated and judged.

A task counts when its consensus rests on people's answers, all of them given without a suggestion on screen, and the
label is the one that people alone would have. So no pipeline is measured by answers that it, or any other model, drew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cueloop.store.schema import annotators, answers, consensus, tasks
from cueloop.types import Control

LEAST_PROBABILITY = 0.5
"""A consensus that is not more likely than not judges nobody."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What people say of one control of one task."""

    label: str
    weight: float
    """Probability that it is right."""
    regions: Sequence[Mapping[str, Any]] | None = None
    """Regions that people agree on; None for a choice."""


def read(conn: sa.Connection, project_id: int, control: Control) -> dict[int, Truth]:
    """{task: what people say of it, blind}, by key."""
    found: dict[int, Truth] = {}
    for row in conn.execute(_query(project_id, control.name)):
        truth = _regions(row) if not control.modelled else _choice(row, control.labels)
        if truth is not None:
            found[row.task] = truth
    return found


def count(conn: sa.Connection, project_id: int, control: str) -> int:
    """How many tasks have a consensus of blind answers on a control."""
    return int(conn.scalar(sa.select(sa.func.count()).select_from(_query(project_id, control).subquery())) or 0)


def _query(project_id: int, control: str) -> sa.Select[Any]:
    said = answers.alias()
    about = (said.c.task == consensus.c.task, said.c.control == control)
    machine = sa.select(annotators.c.id).where(annotators.c.kind == "machine")
    by_people = sa.select(said.c.task).where(*about, said.c.annotator_id.not_in(machine)).exists()
    suggested = sa.select(said.c.task).where(
        *about, sa.or_(said.c.seen_suggestion.is_(None), said.c.seen_suggestion)).exists()
    return (sa.select(consensus.c.task, consensus.c.label, consensus.c.probability, consensus.c.people,
                      consensus.c.value)
            .join(tasks, tasks.c.key == consensus.c.task)
            .where(consensus.c.project_id == project_id, consensus.c.control == control, consensus.c.answers > 0,
                   tasks.c.deleted_at.is_(None), tasks.c.copy_of.is_(None), by_people,
                   sa.or_(tasks.c.blind, ~suggested))
            .order_by(consensus.c.task))


def _choice(row: Any, labels: Sequence[str]) -> Truth | None:
    label, probability = row.label, row.probability
    if isinstance(row.value, dict) and "distribution" in row.value:     # no single truth: the commonest answer
        shares = {name: float(one.get("share", 0.0)) for name, one in row.value["distribution"].items()}
        label, probability = max(shares.items(), key=lambda item: item[1], default=("", 0.0))
    elif row.people:
        label, probability = max(row.people.items(), key=lambda item: item[1])
    return Truth(label, probability) if label in labels and probability >= LEAST_PROBABILITY else None


def _regions(row: Any) -> Truth | None:
    if not isinstance(row.value, list):
        return None
    return Truth(row.label, row.probability, [one for one in row.value if isinstance(one, dict)])
