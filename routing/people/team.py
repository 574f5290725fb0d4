"""What `team.yaml` says of people: skills, languages, seniority, hours, capacity, cost. Shared by all projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from routing.language.conditions import Condition

WORDS = ("team", "skill", "language", "seniority")
"""Attributes that everybody has in `team.yaml`; the others are the team's own."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person. What is not said is unknown or not limited."""

    email: str
    """Lower case, as in Label Studio."""
    teams: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    seniority: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """The team's own, e.g. supervisor, culture, employer."""
    qualified: Mapping[str, float] = field(default_factory=dict)
    """{label: accuracy} as declared, until enough answers were measured."""
    hours: float | None = None
    """Seconds of work in seven days."""
    capacity: int | None = None
    """Tasks in one day of their time zone."""
    cost: float | None = None
    """Money an hour."""
    share: float | None = None
    """Most of a project's answers that they may give."""
    never: Condition | None = None
    """Tasks that they must not get."""
    time_zone: str = "UTC"
    line: int = 0
    """Where the file speaks of them."""

    def values(self, attribute: str) -> frozenset[str]:
        """What is known of an attribute, lower case: any of WORDS, or one of the team's own; empty when unknown."""
        plain = {"team": self.teams, "skill": self.skills, "language": self.languages,
                 "seniority": frozenset({self.seniority} - {""})}
        own = self.attributes.get(attribute, "")
        return frozenset(value.casefold() for value in plain.get(attribute, frozenset({own} - {""})))

    def midnight(self, now: datetime) -> datetime:
        """When their day began."""
        here = now.astimezone(ZoneInfo(self.time_zone))
        return here.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Team:
    """A whole team file."""

    file: str = ""
    text: str = ""
    hash: str = ""
    people: Mapping[str, Person] = field(default_factory=dict)
    """By e-mail address."""
    seniority: tuple[str, ...] = ("junior", "senior", "lead")
    """From the least to the most senior."""
    currency: str = ""

    def person(self, email: str) -> Person:
        """Somebody of whom the file says nothing has no team, no skill and no limit."""
        return self.people.get(email.lower()) or Person(email.lower())

    def rank(self, seniority: str) -> int | None:
        """Place of a word in the order of seniority; None for a word that is not in it."""
        order = [word.casefold() for word in self.seniority]
        return order.index(seniority.casefold()) if seniority.casefold() in order else None

    def known(self, attribute: str) -> frozenset[str]:
        """Every value that anybody has of an attribute, as the file spells it."""
        found: set[str] = set()
        for person in self.people.values():
            found |= {"team": person.teams, "skill": person.skills, "language": person.languages}.get(
                attribute, frozenset({person.attributes.get(attribute, "")}))
        return frozenset(found - {""})

    @property
    def costs(self) -> dict[str, float]:
        """{e-mail address: money an hour} where it is said."""
        return {email: person.cost for email, person in self.people.items() if person.cost is not None}


NO_TEAM = Team()
