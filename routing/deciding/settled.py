"""What is done stays done while scores wobble: pure.

Every answer anywhere moves all probabilities a little. Without this, tasks near a threshold would be closed and
opened all day, at the cost of a write each time and of answers that tell nothing.
"""

from __future__ import annotations

from routing.deciding.asking import Standing
from routing.deciding.plans import Plan
from routing.language.rules import Rules
from routing.signals import TaskSignals

SLACK = 0.1
"""How far the probability of a done task may fall, as annotators become better known, before it is opened again."""


def keep(rules: Rules, plan: Plan, signals: TaskSignals, standing: Standing) -> Plan:
    """The plan that was in force where it still holds, else the new one. A rule that reopens always counts."""
    had = standing.plan
    if plan.kind == "reopen":
        return plan
    if had.kind == "accept" and standing.accepted and plan.kind != "stop":
        return _accepted(rules, plan, signals, had)
    return _done(rules, plan, signals, had) if had.kind == "stop" else plan


def _done(rules: Rules, plan: Plan, signals: TaskSignals, had: Plan) -> Plan:
    """What people stopped on, unless answers, label or rules changed, or its probability fell clearly."""
    same = (had.rules_hash, had.target, had.label) == (rules.hash, signals.answers, signals.label)
    fell = (had.posterior or 0.0) - (signals.posterior or 0.0)
    if same and fell <= SLACK and plan.kind != "escalate":
        return had
    return plan


def _accepted(rules: Rules, plan: Plan, signals: TaskSignals, had: Plan) -> Plan:
    """What was accepted, unless the champion or a person now says otherwise, or the rules changed.

    Without this, every new version would reopen whatever fell just below the threshold.
    """
    if plan.kind == "accept" and plan.label == had.label:
        return had
    now_said = signals.label if signals.answers else signals.predicted
    if now_said in (None, had.label) and (had.rules_hash == rules.hash or plan.kind == "none"):
        return had
    return plan
