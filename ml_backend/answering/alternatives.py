"""From what a model says of each control of a task to the answers that people are shown: the likeliest, and another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cueloop.label_config import to_result
from cueloop.types import Control

LEAST_ALTERNATIVE = 0.1
"""Probability from which on a second answer is worth showing."""

Second = tuple[str, float] | None
"""A label with its probability."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of one control of a task."""

    control: Control
    label: str
    score: float
    """Calibrated probability of `label`."""
    second: Second
    """The likeliest other label with its probability; None where there is no other."""
    explanation: dict[str, Any] = field(default_factory=dict)
    """See `Proposal.explanation`, of this control."""
    marked: Sequence[dict[str, Any]] | None = None
    """Items as Label Studio stores them, where it marks regions; None for a choice."""

    def items(self, label: str, score: float) -> list[dict[str, Any]]:
        """What is shown for that label; regions are shown as they are."""
        return to_result(self.control, label, score) if self.marked is None else list(self.marked)


def answers(said: Sequence[Said]) -> list[tuple[list[dict[str, Any]], float]]:
    """(result, score) of the likeliest answer of a task, then of the likeliest other one if it is likely enough.

    Several controls make one answer. Its score is that of the least sure one, whose second label the other shows.
    """
    if not said:
        return []
    doubtful = min(said, key=lambda one: one.score) if len(said) > 1 else said[0]
    found = [([item for one in said for item in one.items(one.label, one.score)], doubtful.score)]
    if doubtful.second is not None and doubtful.second[1] >= LEAST_ALTERNATIVE:
        label, score = doubtful.second
        found.append(([item for one in said for item in (
            one.items(label, score) if one is doubtful else one.items(one.label, one.score))], score))
    return found
