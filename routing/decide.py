"""Pure decisions: rules and signals give each task a plan. Nothing here reads or writes anything.

* For each kind of action, the first rule whose condition is known to be true counts.
* Vetoes (`forbid`) of all matching rules hold.
* Of the kinds that are left, the first of `vocabulary.ACTIONS` takes effect: escalate, stop, accept, ask.
* `ask: {n}` means n MORE answers than there were when the rule began to hold; until they came, it stands.
* The machine accepts only what nobody answered, and never a task of the audit sample.
* What is done stays done while scores wobble: see `_accepted` and `_done`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from routing.plans import NONE, Plan
from routing.rules import Accept, Ask, Escalate, Rule, Rules
from routing.signals import TaskSignals, lookup
from routing.vocabulary import ACTIONS

SLACK = 0.1
"""How far the probability of a done task may fall, as annotators become better known, before it is opened again."""

Matches = Mapping[str, Rule]
"""{kind of action: the rule that counts for it} of one task."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a task stands apart from its signals."""

    plan: Plan
    """The plan in force so far."""
    held_out: bool = False
    """It belongs to the audit sample, or must stay blind for another reason."""
    accepted: bool = False
    """The machine's annotation stands in Label Studio, or is on its way."""
    answered_by: frozenset[str] = frozenset()
    """E-mail addresses of the people who answered it."""


def match(rules: Rules, signals: Sequence[TaskSignals]) -> list[Matches]:
    """For each task the rules that count, by kind of action."""
    found: list[dict[str, Rule]] = [{} for _ in signals]
    vetoes: list[set[str]] = [set() for _ in signals]
    columns = lookup(signals)
    for rule in rules.rules:
        for at in rule.when.true(columns, len(signals)).nonzero()[0]:
            vetoes[at] |= rule.forbid
            if rule.kind:
                found[at].setdefault(rule.kind, rule)
    return [{kind: rule for kind, rule in each.items() if kind not in veto}
            for each, veto in zip(found, vetoes, strict=True)]


def decide(rules: Rules, control: str, matches: Matches, signals: TaskSignals, standing: Standing) -> Plan:
    """The plan for one control of one task."""
    plan = _fresh(rules, control, matches, signals, standing)
    if standing.plan.kind == "accept" and standing.accepted and plan.kind != "stop":
        return _accepted(rules, plan, signals, standing)
    return _done(rules, plan, signals, standing.plan) if standing.plan.kind == "stop" else plan


def combine(plans: Sequence[Plan]) -> Plan:
    """One plan for a task with several controls: whatever needs people comes first."""
    if not plans:
        return NONE
    for kind in ("escalate", "ask", "none"):
        wanted = [plan for plan in plans if plan.kind == kind]
        if wanted:
            return max(wanted, key=lambda plan: plan.target)
    accepting = [plan for plan in plans if plan.kind == "accept"]
    return accepting[0] if accepting else plans[0]


def _fresh(rules: Rules, control: str, matches: Matches, signals: TaskSignals, standing: Standing) -> Plan:
    audit = standing.plan.audit
    accepting = matches.get("accept")
    if accepting is not None and standing.held_out:
        audit = audit or accepting.name
    for kind in ACTIONS:
        rule = matches.get(kind)
        if rule is None:
            continue
        base = Plan(kind=kind, rule=rule.name, rules_hash=rules.hash, control=control, audit=audit)
        plan = _one(base, rule, signals, standing)
        if plan is not None:
            return plan
    if accepting is not None and standing.held_out:      # only the machine was to see it: one blind look
        return _ask(Plan(kind="ask", rule=accepting.name, rules_hash=rules.hash, control=control, audit=audit),
                    Ask(n=1, max=1), signals, standing)
    return Plan(rules_hash=rules.hash, control=control, audit=audit, why="no rule matches: nobody is asked")


def _one(base: Plan, rule: Rule, signals: TaskSignals, standing: Standing) -> Plan | None:
    """The plan of one rule; None when it cannot take effect and the next kind has its turn."""
    action = rule.action
    if isinstance(action, Escalate):
        return _escalate(base, action, signals, standing)
    if isinstance(action, Accept):
        if standing.held_out or signals.answers or signals.predicted is None:
            return None
        return replace(base, label=signals.predicted, version=signals.model_version, why="the machine is sure enough")
    if isinstance(action, Ask):
        return _ask(base, action, signals, standing)
    return _stop(base, signals, "nobody is asked any more")


def _ask(base: Plan, action: Ask, signals: TaskSignals, standing: Standing) -> Plan:
    had = standing.plan
    if action.max is not None and signals.answers >= action.max:
        return _stop(base, signals, f"{action.max} answers are the most it may get")
    stands = (had.kind == "ask" and (had.rule, had.n, had.control) == (base.rule, action.n, base.control)
              and had.target > signals.answers)
    target = had.target if stands else signals.answers + action.n
    if action.max is not None:
        target = min(target, action.max)
    return replace(base, n=action.n, target=target, max=action.max, expertise=action.expertise, who=action.who,
                 why=f"{target} answers are wanted, {signals.answers} are there")


def _escalate(base: Plan, action: Escalate, signals: TaskSignals, standing: Standing) -> Plan:
    judges = sorted(standing.answered_by & set(action.who.people))
    if judges:
        return _stop(base, signals, f"{judges[0]} decided it")
    had = standing.plan
    stands = had.kind == "escalate" and had.rule == base.rule and had.target > signals.answers
    target = had.target if stands else signals.answers + 1
    return replace(base, n=1, target=target, who=action.who, why="one of the people it is escalated to decides")


def _stop(base: Plan, signals: TaskSignals, why: str) -> Plan:
    return replace(base, kind="stop", target=signals.answers, label=signals.label, posterior=signals.posterior, why=why)


def _done(rules: Rules, plan: Plan, signals: TaskSignals, had: Plan) -> Plan:
    """What people stopped on stays so, unless answers, label or rules changed, or its probability fell clearly.

    Every answer anywhere moves all probabilities a little: without this, tasks near a threshold would be closed
    and opened all day, at the cost of a write each time and of answers that tell nothing.
    """
    same = (had.rules_hash, had.target, had.label) == (rules.hash, signals.answers, signals.label)
    fell = (had.posterior or 0.0) - (signals.posterior or 0.0)
    if same and fell <= SLACK and plan.kind != "escalate":
        return had
    return plan


def _accepted(rules: Rules, plan: Plan, signals: TaskSignals, standing: Standing) -> Plan:
    """What was accepted stays so, unless the champion or a person now says otherwise, or the rules changed.

    Without this, every new version would reopen whatever fell just below the threshold.
    """
    had = standing.plan
    if plan.kind == "accept" and plan.label == had.label:
        return had
    now_said = signals.label if signals.answers else signals.predicted
    if now_said in (None, had.label) and (had.rules_hash == rules.hash or plan.kind == "none"):
        return had
    return plan

