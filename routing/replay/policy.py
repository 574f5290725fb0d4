"""What a policy is, and what it may see: answers that were revealed, never another one, never the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from routing.replay.load import Load
from sync.arrays import IntArray


@dataclass(frozen=True, slots=True)
class Visible:
    """N recorded answers of which some are revealed. Arrays are read only.

    `task` and `annotator` (N,) are known of all: that pair could be asked. `label` (N,) is -1 where it is not revealed
    yet, `revealed` are the places (n,) in the order asked. `load` is the runner's count of what each person did.
    """

    task: IntArray
    annotator: IntArray
    label: IntArray
    revealed: IntArray
    load: Load
    tasks: int
    annotators: int
    labels: int

    @property
    def open(self) -> NDArray[np.bool_]:
        """(N,) which answers can still be asked for."""
        return self.label < 0


class Policy(Protocol):
    """Decides which answers to ask for next. It may remember things: a policy is made anew for every replay."""

    def next(self, seen: Visible, rng: np.random.Generator) -> IntArray:
        """Places of open answers to ask for now, in this order; each once. Empty: nothing more is wanted.

        Each must be allowed by `seen.load` at its turn, counting those before it (plan on a copy). How many are asked
        for at a time is the policy's choice, and must not depend on how many will be asked in all: then a smaller
        budget is the beginning of a larger one.
        """


class Unfair(ValueError):
    """A policy asked for an answer that was revealed already, or of somebody above the cap."""
