"""Plans: what the rules want for a task, until something changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of a task."""

    kind: str = "none"
    """accept, ask, stop, escalate, or none: no rule matches."""
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
    people: tuple[str, ...] = ()
    """E-mail addresses of those who may be asked; empty: anyone."""
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
        return self.kind in ("ask", "escalate")

    def to_json(self) -> dict[str, Any]:
        """For the store."""
        return asdict(self) | {"people": list(self.people)}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Plan:
        """Back from the store."""
        return cls(**{**row, "people": tuple(row.get("people", ()))})


NONE = Plan()
