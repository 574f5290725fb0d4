"""What a threshold saves and what its audit costs, at what an answer has cost so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from cueloop.store import figures
from cueloop.store.schema import consensus

HOURS = "hours"
"""Unit of costs where no rate is known (`sync.flow.rates`)."""


@dataclass(frozen=True, slots=True)
class Price:
    """Answers of a task that people decided, and what one took. None is unknown, and `reason` says why."""

    answers: float | None
    hours: float | None
    money: float | None
    currency: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What a threshold would do now: `takes` so many open tasks, of which people would have given `answers`.

    `audits` are the answers that its audit takes instead. Hours and money are what is left after those; None: unknown.
    """

    takes: int
    answers: float | None
    hours: float | None
    money: float | None
    audits: float
    audit_hours: float | None
    audit_money: float | None

    def to_json(self) -> dict[str, Any]:
        """For the command line, rounded."""
        return {name: round(value, 2) if isinstance(value, float) else value for name, value in asdict(self).items()}


def price(conn: sa.Connection, project_id: int, control: str) -> Price:
    """Prices of a project: answers a task from its consensus, time and money from the kept report of flow and cost."""
    answers = conn.scalar(sa.select(sa.func.avg(consensus.c.answers)).where(
        consensus.c.project_id == project_id, consensus.c.control == control, consensus.c.answers > 0))
    flow: Mapping[str, Any] = figures.read(conn, project_id, figures.PROJECT, "flow") or {}
    cost: Mapping[str, Any] = flow.get("cost") or {}
    each = (cost.get("per_answer") or {}).get("value")
    spent: Mapping[str, Any] = cost.get("spent") or {}
    given = spent["people"] / each if each and spent.get("people") else None
    hours = spent["people_hours"] / given if given and spent.get("people_hours") is not None else None
    money = each if each and cost.get("unit") != HOURS else None
    reason = None if money is not None else cost.get("reason") or (
        "what an answer costs is not known yet" if hours is None else "the rate is not declared")
    unit = cost.get("unit") if money is not None else None
    return Price(float(answers) if answers else None, hours, money, unit, reason)


def worth(taken: int, audit_share: float, cost: Price) -> Worth:
    """Of `taken` tasks the machine would take now, `audit_share` of what it might take going to people instead."""
    audits = taken * audit_share / (1 - audit_share) if audit_share < 1 else 0.0
    answers = taken * cost.answers if cost.answers is not None else None

    def of(count: float | None, each: float | None) -> float | None:
        return None if count is None or each is None else count * each

    saved = None if answers is None else answers - audits
    return Worth(taken, answers, of(saved, cost.hours), of(saved, cost.money), audits, of(audits, cost.hours),
                 of(audits, cost.money))
