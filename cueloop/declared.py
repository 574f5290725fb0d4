"""What a rules file declares about quality, apart from its rules: read by routing, needed by sync.

    controls: {cue: {labels: distribution}}        # no single truth; `ordered`: labels in order, near misses are near
    gold: {share: 6%, imported: false}             # ground truth among the work; whether imported marks count
    recheck: {share: 2%, after: 3d}                # the same person is asked again, on a hidden copy
    costs: {currency: EUR, per_hour: 20, people: {"a@b.c": 35}, machine_per_hour: 0.4}

Routing checks the file and stores this; sync only reads it. Absent parts have the defaults below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

ONE, ORDERED, DISTRIBUTION = "one", "ordered", "distribution"


@dataclass(frozen=True, slots=True)
class Gold:
    """Ground truth among an annotator's work: one task in 1/`share`; 0: none is mixed in.

    `imported`: whether annotations that came with an import count as ground truth when Label Studio says so, which
    it says of every imported annotation unless told otherwise."""

    share: float = 0.0
    imported: bool = False

    def counts(self, imported: bool | None) -> bool:
        """Whether a mark as ground truth counts on an annotation that came with an import (None: not known)."""
        return self.imported or not imported


@dataclass(frozen=True, slots=True)
class Recheck:
    """Work that the same person is asked again, blind, on a hidden copy, `after` so many seconds; 0: none."""

    share: float = 0.0
    after: float = 3 * 86_400.0


@dataclass(frozen=True, slots=True)
class Costs:
    """What an hour costs: of people (by email; `per_hour` for anybody else) and of the machine. None: unknown."""

    currency: str = ""
    per_hour: float | None = None
    people: Mapping[str, float] = field(default_factory=dict)
    machine_per_hour: float | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """All declarations of the rules in force; `labels` maps a control to ORDERED or DISTRIBUTION."""

    labels: Mapping[str, str] = field(default_factory=dict)
    gold: Gold = Gold()
    recheck: Recheck = Recheck()
    costs: Costs = Costs()

    def to_json(self) -> dict[str, Any]:
        """As stored in `projects.declared`."""
        return asdict(self)


def of(stored: Mapping[str, Any] | None) -> Declared:
    """From `projects.declared`; defaults where nothing was declared."""
    if not stored:
        return Declared()
    return Declared(labels=stored.get("labels") or {}, gold=Gold(**stored.get("gold") or {}),
                    recheck=Recheck(**stored.get("recheck") or {}), costs=Costs(**stored.get("costs") or {}))
