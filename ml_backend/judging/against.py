"""A challenger against the champion, by all that the policy asks of it: overall, protected labels, slices."""

from __future__ import annotations

from dataclasses import dataclass

from ml_backend.judging import segments
from ml_backend.judging.comparison import Comparison, compare
from ml_backend.judging.judges import LEAST_JUDGES
from ml_backend.judging.sides import Sides
from ml_backend.judging.verdict import Refusal
from ml_backend.policy.policy import Gate


@dataclass(frozen=True, slots=True)
class Against:
    """What came of it on one control."""

    comparison: Comparison
    refusals: tuple[Refusal, ...] = ()
    """Labels and slices on which it is worse."""
    notes: tuple[str, ...] = ()


def champion(sides: Sides, gate: Gate) -> Against:
    """Compare on n tasks, fewer than `LEAST_JUDGES` decide nothing. Slices are judged where tasks' fields are known."""
    found = compare(sides.control, "the champion", sides.new, sides.old, sides.truth, gate.margin, sides.basis)
    if len(sides.truth) < LEAST_JUDGES:
        return Against(found)
    by_label, of_labels = segments.labels(sides, gate.protected)
    if gate.slices and not sides.examples:
        return Against(found, tuple(by_label), (*of_labels, f"{sides.control}: slices are not judged here"))
    by_slice, of_slices = segments.slices(sides, gate.slices, gate.slice_margin)
    return Against(found, (*by_label, *by_slice), (*of_labels, *of_slices))
