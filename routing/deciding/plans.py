"""Plans: what the rules want for a task, until something changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from routing.language.audience import ANYBODY, Audience


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of a task."""

    kind: str = "none"
    """accept, ask, reopen, review, stop, escalate, or none: no rule matches."""
    rule: str = ""
    rules_hash: str = ""
    control: str = ""
    """The control that decided it."""
    n: int = 0
    """People asked for at a time."""
    target: int = 0
    """Answers wanted in all."""
    max: int | None = None
    expertise: str = "all_labels"
    who: Audience = ANYBODY
    """Who may be asked."""
    since: str | None = None
    """When it began, as ISO time: durations such as a deadline count from here."""
    due: str | None = None
    """Until when it is to be answered, as ISO time."""
    urgency: float = 0.0
    """What a rule, and a deadline that is near or passed, add to its priority."""
    late: int = 0
    """How often its deadline passed: each time it goes to others, who get as long."""
    together: str = ""
    """Tasks with the same text here go to the same people."""
    scope: str = ""
    """What a reviewer is to look at."""
    returns_to: str = ""
    """Who is told of a review: author."""
    label: str | None = None
    """Label that the machine accepts, or on which people stopped."""
    posterior: float | None = None
    """Its probability when people stopped."""
    version: str | None = None
    """Model version whose predictions are accepted."""
    audit: str = ""
    """Name of the rule by which the machine would have accepted it: people see it blind instead."""
    why: str = ""

    @property
    def asks(self) -> bool:
        """Whether people are wanted."""
        return self.kind in ("ask", "reopen", "review", "escalate")

    def to_json(self) -> dict[str, Any]:
        """For the store."""
        return {name: getattr(self, name) for name in self.__slots__} \
            | {"who": {} if self.who == ANYBODY else _plain(self.who.to_json())}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Plan:
        """Back from the store; what another release wrote and this one does not know is left out."""
        named = {"people": tuple(row["people"])} if row.get("people") else {}      # as releases before 0004 wrote it
        return cls(**{name: value for name, value in row.items() if name in cls.__slots__ and name != "who"},
                   who=Audience.from_json(row.get("who") or named))


def _plain(value: Any) -> Any:
    """As it comes back from the store, so that a plan that did not change is seen not to have."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


NONE = Plan()
