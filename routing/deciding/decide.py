"""Pure decisions: rules and signals give each task a plan. Nothing here reads or writes anything.

* Of the kinds of action that match (`matching`), the first of `vocabulary.ACTIONS` takes effect: escalate,
  reopen, stop, accept, review, ask.
* `ask: {n}` means n MORE answers than there were when the rule began to hold; until they came, it stands.
* The machine accepts only what nobody answered, and never a task that must stay blind.
* What somebody decided whom a rule had asked to stays decided (`asking.decided`).
* What is done stays done while scores wobble (`settled`), unless a rule opens it again, or a doubt (`doubting`).
* What belongs to the rule that takes effect: a deadline, and who its tasks are kept together with (`timing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from routing.deciding import asking, doubting, settled, timing
from routing.deciding.asking import Standing, stop
from routing.deciding.matching import Matches, match
from routing.deciding.plans import NONE, Plan
from routing.language.actions import Accept, Ask, Escalate, Reopen, Review
from routing.language.rules import Rule, Rules
from routing.language.vocabulary import ACTIONS
from routing.signals import TaskSignals

__all__ = ["Matches", "Standing", "combine", "decide", "match"]

URGENT = ("escalate", "reopen", "ask", "review", "none")
"""With several controls the task's plan is the first of these that one of them has: what needs people."""


def decide(rules: Rules, control: str, matches: Matches, signals: TaskSignals, standing: Standing) -> Plan:
    """The plan for one control of one task."""
    plan, rule = _fresh(rules, control, matches, signals, standing)
    plan = settled.keep(rules, asking.decided(plan, signals, standing), signals, standing)
    plan = doubting.reopened(plan, matches, signals, standing)
    return timing.timed(plan, rule, matches, signals, standing)


def combine(plans: Sequence[Plan]) -> Plan:
    """One plan for a task with several controls: whatever needs people comes first."""
    if not plans:
        return NONE
    for kind in URGENT:
        wanted = [plan for plan in plans if plan.kind == kind]
        if wanted:
            chosen = max(wanted, key=lambda plan: plan.target)
            urgency = chosen.urgency or next((plan.urgency for plan in plans if plan.urgency), 0.0)
            return replace(chosen, urgency=urgency) if chosen.asks else chosen
    accepting = [plan for plan in plans if plan.kind == "accept"]
    return accepting[0] if accepting else plans[0]


def _fresh(rules: Rules, control: str, matches: Matches, signals: TaskSignals,
           standing: Standing) -> tuple[Plan, Rule | None]:
    """What the rules want by themselves, and the rule that wants it."""
    accepting = matches.get("accept")
    audit = standing.plan.audit or (accepting.name if accepting is not None and standing.held_out else "")
    for kind in ACTIONS:
        rule = matches.get(kind) or (asking.opened_by(rules, control, matches, standing) if kind == "reopen" else None)
        if rule is not None:
            base = Plan(kind=kind, rule=rule.name, rules_hash=rules.hash, control=control, audit=audit)
            plan = _one(base, rule, matches, signals, standing)
            if plan is not None:
                return plan, rule
    accepting = accepting or (matches.get("audit") if standing.held_out else None)
    if accepting is not None and standing.unseen:      # only the machine was to see it: one blind look
        base = Plan(kind="ask", rule=accepting.name, rules_hash=rules.hash, control=control, audit=audit)
        return asking.ask(base, Ask(n=1, max=1), signals, standing), accepting
    return Plan(rules_hash=rules.hash, control=control, audit=audit, why="no rule matches: nobody is asked"), None


def _one(base: Plan, rule: Rule, matches: Matches, signals: TaskSignals, standing: Standing) -> Plan | None:
    """The plan of one rule; None when it cannot take effect and the next kind has its turn."""
    action, enough = rule.action, f"until:{rule.name}" in matches
    if isinstance(action, Escalate):
        return asking.escalate(base, action, signals, standing)
    if isinstance(action, Reopen):
        return asking.reopen(base, action.ask, signals, standing, holds="reopen" in matches, enough=enough)
    if isinstance(action, Accept):
        return _accept(base, signals, standing)
    if isinstance(action, Review):
        return asking.review(base, action, signals, standing)
    if isinstance(action, Ask):
        return asking.ask(base, action, signals, standing, enough=enough)
    return stop(base, signals, "nobody is asked any more")


def _accept(base: Plan, signals: TaskSignals, standing: Standing) -> Plan | None:
    if standing.unseen or signals.answers or signals.predicted is None:
        return None
    return replace(base, label=signals.predicted, version=signals.model_version, why="the machine is sure enough")
