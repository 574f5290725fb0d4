"""What `team.yaml` says of people: skills, languages, seniority, hours, capacity, cost. Shared by all projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from routing.conditions import Condition


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


NO_TEAM = Team()
