"""What is recorded of a project, as a backtest reads it: tasks, answers, known truths, logged choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from routing.simulate.work import Work
from sync.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Logged:
    """One recorded decision to ask somebody: who was asked, with which chance, and the chances of the others."""

    task: int
    """Place of the task."""
    chosen: tuple[int, ...]
    """Places of the people asked, in the order of the draw."""
    probability: float
    chances: Mapping[int, float]
    """{place of a person: chance of being asked first}; of those not listed `others` tells."""
    others: int = 0
    """Candidates beyond those listed."""
    others_chance: float = 0.0
    """Of any one of the others being asked first."""

    def chance(self, person: int, people: int) -> float:
        """With which chance they could have been asked first, of so many `people` in all; 0: not, or nobody knows.

        Who is not listed was surely a candidate if asked, or if all who are not listed were.
        """
        if person in self.chances:
            return self.chances[person]
        surely = person in self.chosen or self.others >= people - len(self.chances)
        return self.others_chance / self.others if self.others and surely else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """N recorded answers to the tasks of `work`, each pair of task and person once."""

    work: Work
    task: IntArray
    person: IntArray
    label: IntArray
    """(N,) places of task and person, index of the label."""
    seconds: FloatArray
    """(N,) what each answer took; NaN: unknown."""
    truth: IntArray
    """(T,) label where it is known (ground truth), else -1."""
    logged: tuple[Logged, ...] = ()
    names: tuple[str, ...] = ()
    """(T,) what a task is called in reports; empty: its key."""
    notes: tuple[str, ...] = field(default=())
    """What a reader must know about these data."""

    @property
    def table(self) -> IntArray:
        """(T, W) the recorded label of each pair, -1 where there is none."""
        table = np.full((len(self.work.keys), len(self.work.people)), -1, np.int64)
        table[self.task, self.person] = self.label
        return table
