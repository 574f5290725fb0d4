"""How much each person has done so far, beside the most that a cap lets them do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray

START = 2
"""Answers that everybody may give however few were asked for yet: a share of nearly nothing is nothing."""


@dataclass(slots=True)
class Load:
    """Answers `given` and `left` to give per person, (W,) each.

    With a `cap` nobody's part of what was asked so far may be more than `cap` times their `share` (W,) of all recorded
    answers, and `START` answers. `None` lets everybody do as much as there is.
    """

    share: FloatArray
    left: IntArray
    given: IntArray
    cap: float | None = None
    asked: int = 0

    @classmethod
    def of(cls, recorded: IntArray, cap: float | None = None) -> Load:
        """Nothing given yet; `recorded` (W,) counts each one's recorded answers."""
        return cls(recorded / max(recorded.sum(), 1), recorded.copy(), np.zeros(len(recorded), np.int64), cap)

    def copy(self) -> Load:
        """The same, to plan with."""
        return Load(self.share, self.left.copy(), self.given.copy(), self.cap, self.asked)

    def under(self, person: int) -> bool:
        """Whether one more answer of this person stays under the cap."""
        if self.cap is None:
            return True
        return bool(self.given[person] + 1 <= self.cap * self.share[person] * (self.asked + 1) + START)

    def allowed(self) -> NDArray[np.bool_]:
        """Who may be asked next (W,): those with answers left and under the cap; all with answers left where the cap
        leaves nobody."""
        some = self.left > 0
        if self.cap is None:
            return some
        under = some & (self.given + 1 <= self.cap * self.share * (self.asked + 1) + START)
        return under if under.any() else some

    def take(self, person: int) -> None:
        """Count one more answer of this person."""
        self.given[person] += 1
        self.left[person] -= 1
        self.asked += 1
