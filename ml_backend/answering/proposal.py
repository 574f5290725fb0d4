"""What a model version proposes for a task, and what every kind of model in service can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from cueloop.types import Control

if TYPE_CHECKING:
    from ml_backend.protocol import Asked


@dataclass(frozen=True, slots=True)
class Proposal:
    """One answer to one task: what Label Studio would store as one prediction."""

    result: list[dict[str, Any]]
    """Items as Label Studio stores them; several controls make one result."""
    score: float | None
    """Calibrated probability of the least sure control; None where the model tells none."""
    explanation: dict[str, Any] = field(default_factory=dict)
    """Of each control: {"label", "score", "margin", "alternatives": [[label, score]], "for": [[token, weight]],
    "against": [[token, weight]]}."""


class Answering(Protocol):
    """A model version in memory that tasks can be put to. Used by several threads at once."""

    def propose(self, asked: Asked, controls: Sequence[Control], at: Sequence[int]) -> list[list[Proposal]]:
        """For each place in `at`, proposals for `asked.tasks[place]`, likeliest first; [] where it has none.

        `controls` are the project's own, and nothing that they do not have is proposed. A task that cannot be read
        gets []: one bad task of a batch harms no other.
        """
        ...


@runtime_checkable
class Troubled(Protocol):
    """A model of somebody else's that can say what went wrong in it."""

    def problems(self) -> list[str]:
        """In sentences for `/health`, without a word of the data."""
        ...
