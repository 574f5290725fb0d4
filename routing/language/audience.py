"""Who may be asked about a task: what a rule demands of people. `routing.people.qualify` tells who meets it.

Texts that begin with `task.` are read from the task's data when somebody is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mix:
    """Of those asked and those who answered, at least `at_least` must have this value of an attribute."""

    attribute: str
    """What `team.yaml` says of a person: language, skill, team, seniority, or an attribute of the team's own."""
    value: str
    """A text, or `task.FIELD`."""
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Nobody:
    """What happens when nobody who may be asked was found for `after` seconds."""

    after: float
    widen: tuple[str, ...] = ()
    """Teams or skills whose people may then be asked as well, whatever else was demanded."""
    escalate: tuple[str, ...] = ()
    """E-mail addresses or teams of those who then decide."""


@dataclass(frozen=True, slots=True)
class Audience:
    """All demands hold at once; an empty one demands nothing."""

    people: tuple[str, ...] = ()
    """E-mail addresses; lower case."""
    teams: tuple[str, ...] = ()
    """Any of these."""
    skills: tuple[str, ...] = ()
    """All of these."""
    languages: tuple[str, ...] = ()
    """All of these."""
    seniority: str = ""
    """At least this one, in the order that `team.yaml` gives."""
    qualified: float | None = None
    """Least accuracy on the labels in question, as measured or declared."""
    never: tuple[str, ...] = ()
    """E-mail addresses, or `task.FIELD`s with one, of people who must not be asked, e.g. who wrote the text."""
    not_same: tuple[str, ...] = ()
    """Attributes in which those who are asked or answered must all differ, e.g. supervisor."""
    mix: tuple[Mix, ...] = ()
    if_nobody: Nobody | None = None

    def to_json(self) -> dict[str, Any]:
        """For a plan in the store: only what is demanded."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "", (), [])}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Audience:
        """Back from the store."""
        nobody = row.get("if_nobody")
        return cls(**{**_tuples(row), "mix": tuple(Mix(**mix) for mix in row.get("mix", ())),
                      "if_nobody": Nobody(**_tuples(nobody)) if nobody else None})


def _tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}


ANYBODY = Audience()
