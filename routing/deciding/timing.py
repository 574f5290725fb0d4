"""What time does to a plan: since when it stands, until when it is to be answered, how urgent that makes it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from routing.deciding.asking import Standing
from routing.deciding.matching import Matches
from routing.deciding.plans import Plan
from routing.language.rules import Rule
from routing.signals import TaskSignals

HURRY = ((0.5, 0.5), (0.75, 1.0))
"""(share of the time until the deadline that has passed, what it adds to the priority), in order."""

LATE = 1_000.0
"""Added to the priority of a task whose deadline passed: it goes before everything else."""

COUNTED = ("ask", "reopen", "stop")
"""Kinds that begin anew with another number of answers."""


def timed(plan: Plan, rule: Rule | None, matches: Matches, signals: TaskSignals, standing: Standing) -> Plan:
    """The plan with its moments, its urgency, and what its tasks are kept together by."""
    had, now = standing.plan, standing.now
    if plan is had:
        return plan
    mine = rule if rule is not None and plan.rule == rule.name else None
    same = _same(plan, had)
    since = had.since if same and had.since else now.isoformat() if now else None
    plan = replace(plan, since=since, together=_together(mine, signals) if plan.asks else "")
    named = matches.get("priority")
    urgency = (named.priority or 0.0) if named is not None and plan.asks else 0.0
    if mine is None or mine.deadline is None or not plan.asks or now is None or since is None:
        return replace(plan, urgency=urgency)
    late = had.late if same else 0
    due = had.due if same and late and had.due else _later(since, mine.deadline)
    if datetime.fromisoformat(due) <= now:
        late, due = late + 1, _later(now.isoformat(), mine.deadline)
    return replace(plan, late=late, due=due, urgency=urgency + _hurry(now, due, mine.deadline, late))


def steps(due: str, deadline: float) -> tuple[datetime, ...]:
    """The moments at which a deadline makes a task more urgent, the last one being itself."""
    end = datetime.fromisoformat(due)
    return (*(end - timedelta(seconds=deadline * (1 - share)) for share, _ in HURRY), end)


def _same(plan: Plan, had: Plan) -> bool:
    """Whether it goes on with what was wanted before."""
    fields = (plan.kind, plan.rule, plan.control, plan.label) == (had.kind, had.rule, had.control, had.label)
    return fields and (plan.kind not in COUNTED or plan.target == had.target)


def _later(moment: str, seconds: float) -> str:
    return (datetime.fromisoformat(moment) + timedelta(seconds=seconds)).isoformat()


def _hurry(now: datetime, due: str, deadline: float, late: int) -> float:
    if late:
        return LATE
    left = (datetime.fromisoformat(due) - now).total_seconds() / deadline if deadline else 0.0
    return max((added for share, added in HURRY if 1 - left >= share), default=0.0)


def _together(rule: Rule | None, signals: TaskSignals) -> str:
    """The value of the task's field as a text; empty where it has none that is a text, number or truth."""
    if rule is None or not rule.keep_together:
        return ""
    value = signals.value(rule.keep_together)
    return str(value) if isinstance(value, str | int | float) else ""
