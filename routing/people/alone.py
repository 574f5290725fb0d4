"""Whether somebody was the last who may be asked: said aloud to the admins, never an empty queue in silence."""

from __future__ import annotations

from collections.abc import Collection

from cueloop.store.annotators import Annotator
from routing.context import Context
from routing.language.actions import Ask, Escalate, Reopen, Review
from routing.language.audience import Audience
from routing.people.team_advice import might


def warnings(given: Context, gone: Collection[int], person: Annotator) -> list[str]:
    """One sentence for each rule, and for the project, that has nobody left without `gone`, and had `person`."""
    left = [one for one in given.people if one.id not in gone]
    if not left:
        return ["ATTENTION: nobody else is left who may be asked in this project. Tasks wait until a pause is lifted "
                "or somebody joins."]
    said = []
    for rule in given.rules.rules:
        action = rule.action.ask if isinstance(rule.action, Reopen) else rule.action
        if isinstance(action, Ask | Escalate | Review) and _might(given, action.who, person) \
                and not any(_might(given, action.who, one) for one in left):
            said.append(f"ATTENTION: rule {rule.name} has nobody else whom it may ask. Its tasks wait until the pause "
                        "is lifted, or until somebody else qualifies.")
    return said


def _might(given: Context, who: Audience, one: Annotator) -> bool:
    return might(who, given.team.person(one.email), given.team)
