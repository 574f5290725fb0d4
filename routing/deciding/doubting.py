"""What is doubted is looked at once more, though it is closed: tasks whose model was found bad. Pure.

A model that was taken back had pre-labelled tasks: what the machine accepted on its word, and what people agreed to
with its suggestion before their eyes, may be wrong. Each is opened for one more person, whatever rules say of closed
tasks. A rule that names `doubted` decides instead, where its action takes effect, and so does one that forbids to
reopen.
"""

from __future__ import annotations

from dataclasses import replace

from routing.deciding import asking
from routing.deciding.asking import Standing
from routing.deciding.matching import Matches
from routing.deciding.plans import Plan
from routing.language.actions import Ask
from routing.language.rules import Rule
from routing.language.vocabulary import ACTIONS
from routing.signals import TaskSignals

RULE = "doubt"
"""Stands for the rule in such a plan."""


def opens(matches: Matches, signals: TaskSignals) -> bool:
    """Whether a doubt opens the task again, if it is closed."""
    if not signals.doubted or "forbid:reopen" in matches:
        return False
    rule = next((matches[kind] for kind in ACTIONS if kind in matches), None)
    return rule is None or not _names(rule)


def reopened(plan: Plan, matches: Matches, signals: TaskSignals, standing: Standing) -> Plan:
    """The plan, or that one more person is to be asked."""
    had = standing.plan
    looked = had.rule == RULE and not signals.doubted
    if looked and plan.kind == "none":
        return asking.stop(replace(plan, rule=RULE), signals, "somebody has looked at it again")
    closed = had.kind in ("accept", "stop") or had.rule == RULE or standing.accepted
    if standing.verdict is not None or not opens(matches, signals) or not (plan.kind in ("accept", "stop") or closed):
        return plan
    if plan.asks and not (plan.kind == "ask" and plan.n <= 1):
        return plan             # rules want more than one look, or somebody in particular
    base = Plan(kind="reopen", rule=RULE, rules_hash=plan.rules_hash, control=plan.control, audit=plan.audit)
    return replace(asking.ask(base, Ask(n=1), signals, standing), why=f"one more person is to look: {signals.doubt}")


def _names(rule: Rule) -> bool:
    return any(name == "doubted" or name.endswith(").doubted") for name in rule.when.names)
