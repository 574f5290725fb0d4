"""Plans that need people: ask, reopen, review, escalate. Each says how it ends. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from cueloop.store.adjudications import Verdict
from routing.deciding.matching import Matches
from routing.deciding.plans import Plan
from routing.language.actions import Ask, Escalate, Review
from routing.language.audience import Audience
from routing.language.rules import Rule, Rules
from routing.people import qualify
from routing.people.team import NO_TEAM, Team
from routing.signals import TaskSignals


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a task stands apart from its signals."""

    plan: Plan
    """The plan in force so far."""
    held_out: bool = False
    """It belongs to the audit sample."""
    accepted: bool = False
    """The machine's annotation stands in Label Studio, or is on its way."""
    answered_by: frozenset[str] = frozenset()
    """E-mail addresses of the people who answered it."""
    blind: bool = False
    """No suggestion may be shown on it, for whatever reason."""
    acted: frozenset[str] = frozenset()
    """E-mail addresses of those who submitted or corrected something on it since the plan in force began."""
    now: datetime | None = None
    """Deadlines count from here; None: there is no clock, and nothing is ever late."""
    team: Team = NO_TEAM
    verdict: Verdict | None = None
    """What somebody decided of this control whom a rule had asked to; it stands."""
    judge: str = ""
    """Their e-mail address."""

    @property
    def unseen(self) -> bool:
        """The machine's label may not stand without a person."""
        return self.held_out or self.blind


def stop(base: Plan, signals: TaskSignals, why: str) -> Plan:
    """Nobody is asked any more."""
    return replace(base, kind="stop", target=signals.answers, label=signals.label, posterior=signals.posterior, why=why)


def ask(base: Plan, action: Ask, signals: TaskSignals, standing: Standing, *, enough: bool = False) -> Plan:
    """n more answers than there were when this began, never more than `max`; the end when `until` is known true."""
    had = standing.plan
    if enough:
        return stop(base, signals, "what it was asked until is reached")
    if action.max is not None and signals.answers >= action.max:
        return stop(base, signals, f"{action.max} answers are the most it may get")
    judge = _decided(base, action.who, standing)
    if judge:
        return stop(base, signals, f"{judge} decided it, for nobody else was found in time")
    stands = (had.kind == base.kind and (had.rule, had.n, had.control) == (base.rule, action.n, base.control)
              and had.target > signals.answers)
    target = had.target if stands else signals.answers + action.n
    if action.max is not None:
        target = min(target, action.max)
    return replace(base, n=action.n, target=target, max=action.max, expertise=action.expertise, who=action.who,
                   why=f"{target} answers are wanted, {signals.answers} are there")


def reopen(base: Plan, action: Ask, signals: TaskSignals, standing: Standing, *, holds: bool,
           enough: bool) -> Plan | None:
    """A closed task is asked again, until n more answers came: whether it is closed must not matter meanwhile.

    Then the rule has its say again only while its condition `holds`, and never past `max`.
    """
    had = standing.plan
    closed = had.kind == "stop" or (had.kind == "accept" and standing.accepted)
    mine = had.kind == "reopen" and (had.rule, had.control) == (base.rule, base.control)
    if not closed and not mine:
        return None
    if closed and (enough or (action.max is not None and signals.answers >= action.max)):
        return None         # it stays as it is
    plan = ask(base, action, signals, standing, enough=enough)
    if mine and had.target <= signals.answers:
        if not holds:
            return None
        return replace(plan, why=f"{had.n} more came and its condition still holds: {plan.why}") \
            if plan.kind == "reopen" else plan
    return replace(plan, why=f"opened again: {plan.why}") if plan.kind == "reopen" else plan


def opened_by(rules: Rules, control: str, matches: Matches, standing: Standing) -> Rule | None:
    """The rule that opened a task again and still waits for answers, whether or not its condition holds now."""
    had = standing.plan
    if had.kind != "reopen" or had.control != control or "forbid:reopen" in matches:
        return None
    return next((rule for rule in rules.rules if rule.name == had.rule and rule.kind == "reopen"), None)


def review(base: Plan, action: Review, signals: TaskSignals, standing: Standing) -> Plan:
    """One person looks at the answers and corrects them; done when they submitted or edited after being asked."""
    had = standing.plan
    mine = had.rule == base.rule and had.control == base.control
    if mine and had.kind == "stop":         # reviewed under this rule, once and for all
        return stop(base, signals, had.why)
    reviewers = [email for email in sorted(standing.acted) if _meets(action.who, signals, standing, email)]
    if mine and had.kind == "review" and reviewers:
        return stop(base, signals, f"{reviewers[0]} reviewed it")
    return replace(base, n=1, target=signals.answers + 1, who=action.who, scope=action.scope,
                   returns_to=action.returns_to, why="somebody is to look at the answers and correct them")


def escalate(base: Plan, action: Escalate, signals: TaskSignals, standing: Standing) -> Plan:
    """Adjudication: done when one of these people answered, or corrected an answer since."""
    had = standing.plan
    mine = had.kind == "escalate" and had.rule == base.rule
    judges = judging(action.who, signals, standing, standing.answered_by | (standing.acted if mine else frozenset()))
    if judges:
        return stop(base, signals, f"{judges[0]} decided it")
    target = had.target if mine and had.target > signals.answers else signals.answers + 1
    return replace(base, n=1, target=target, who=action.who, why="one of the people it is escalated to decides")


def judging(who: Audience, signals: TaskSignals, standing: Standing, people: frozenset[str]) -> list[str]:
    """Those of these people (e-mail addresses) to whom a task is escalated."""
    return [email for email in sorted(people) if _meets(who, signals, standing, email)]


def deciders(signals: TaskSignals, standing: Standing) -> list[str]:
    """Who has decided what the plan in force wanted decided, or has because nobody was found in time."""
    had = standing.plan
    if had.kind == "escalate":
        found = judging(had.who, signals, standing, standing.acted)
        return found or _instead(had, standing)
    return _instead(had, standing)


def decided(plan: Plan, signals: TaskSignals, standing: Standing) -> Plan:
    """What somebody decided is done, whatever rules say of it now, but for one that opens it again or another one
    that escalates it."""
    verdict = standing.verdict
    if verdict is None or plan.kind == "reopen" or (plan.kind == "escalate" and plan.rule != verdict.rule):
        return plan
    return Plan(kind="stop", rule=verdict.rule, rules_hash=plan.rules_hash, control=plan.control, audit=plan.audit,
                target=signals.answers, label=verdict.label, posterior=1.0, why=f"{standing.judge} decided it")


def _meets(who: Audience, signals: TaskSignals, standing: Standing, email: str) -> bool:
    """Whether somebody is one of those who were to be asked, or was let in when nobody was found."""
    person, team = standing.team.person(email), standing.team
    if standing.now is None:
        return qualify.refusal(qualify.resolve(who, signals.data), person, team) is None
    return qualify.stays(who, signals.data, person, team, since=standing.plan.since, now=standing.now)


def _decided(base: Plan, who: Audience, standing: Standing) -> str:
    """Who decided because nobody was found to answer: one of those to whom `if_nobody` escalates; empty for nobody."""
    had = standing.plan
    if (had.kind, had.rule) != (base.kind, base.rule):
        return ""
    return next(iter(_instead(replace(had, who=who), standing)), "")


def _instead(had: Plan, standing: Standing) -> list[str]:
    """Who of those to whom `if_nobody` escalates did something, once nobody else was found in time."""
    if standing.now is None or not qualify.overdue(had.who, had.since, standing.now):
        return []
    return [email for email in sorted(standing.acted) if qualify.deciding(had.who, standing.team.person(email))]
