"""Whether somebody was the last who may be asked: said aloud to the admins, never an empty queue in silence."""

from __future__ import annotations

from collections.abc import Collection

from cueloop.store.annotators import Annotator
from routing.context import Context
from routing.language.actions import Ask, Escalate, Reopen, Review
from routing.language.audience import Audience


def warnings(given: Context, gone: Collection[int], person: Annotator) -> list[str]:
    """One sentence for each rule, and for the project, that has nobody left without `gone`, and had `person`."""
    left = [one for one in given.people if one.id not in gone]
    if not left:
        return ["ATTENTION: nobody else is left who may be asked in this project. Tasks wait until a pause is lifted "
                "or somebody joins."]
    said = []
    for rule in given.rules.rules:
        action = rule.action.ask if isinstance(rule.action, Reopen) else rule.action
        if isinstance(action, Ask | Escalate | Review) and _meets(given, action.who, person) \
                and not any(_meets(given, action.who, one) for one in left):
            said.append(f"ATTENTION: rule {rule.name} has nobody else whom it may ask. Its tasks wait until the pause "
                        "is lifted, or until somebody else qualifies.")
    return said


def _meets(given: Context, who: Audience, person: Annotator) -> bool:
    """What of an audience can be told without a task: names, teams, skills, languages, seniority."""
    email, known = person.email.lower(), given.team.person(person.email)
    if (who.people and email not in who.people) or email in who.never:
        return False
    if who.teams and not _values(who.teams) & known.values("team"):
        return False
    least = given.team.rank(who.seniority) if who.seniority else None
    rank = given.team.rank(known.seniority) if known.seniority else None
    if least is not None and (rank is None or rank < least):
        return False
    return _values(who.skills) <= known.values("skill") and _values(who.languages) <= known.values("language")


def _values(named: Collection[str]) -> frozenset[str]:
    """What is named outright; what stands in a task's field is not known here."""
    return frozenset(value.casefold() for value in named if not value.startswith("task."))
