"""What the gate says of a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ml_backend.judging.comparison import Comparison

PROMOTED, REFUSED, SHADOW = "promoted", "refused", "shadow"
"""Into service; not; into shadow mode, where fresh blind answers judge it first."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a candidate may not serve."""

    control: str
    kind: str
    """worse | not comparable | label | slice | calibration | majority | never predicted | not converged"""
    of: str
    """The label or slice it is about; empty: the whole control."""
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of a candidate, and why."""

    outcome: str
    """promoted | refused | shadow"""
    reason: str
    comparisons: tuple[Comparison, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be judged, and what is allowed all the same."""

    @property
    def promoted(self) -> bool:
        """Whether it goes into service at once."""
        return self.outcome == PROMOTED

    def as_dict(self) -> dict[str, object]:
        """For the card."""
        return asdict(self) | {"promoted": self.promoted}


def verdict(
    comparisons: Sequence[Comparison], refusals: Sequence[Refusal] = (), notes: Sequence[str] = (),
    passed: str = PROMOTED,
) -> Verdict:
    """Refused for every comparison that is worse and for every further refusal; else `passed`."""
    found = [Refusal(c.control, "worse" if c.accuracy_chance is not None else "not comparable", "", c.reason)
             for c in comparisons if not c.no_worse] + list(refusals)
    said = [one.reason for one in found] or [c.reason for c in comparisons]
    return Verdict(REFUSED if found else passed, "; ".join([*said, *notes]), tuple(comparisons), tuple(found),
                   tuple(notes))
