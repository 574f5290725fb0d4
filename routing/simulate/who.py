"""Who may be asked about a simulated task: what its plan demands of people (`routing.people.qualify`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from routing.choosing.expertise import Expertise
from routing.language.audience import ANYBODY
from routing.people import qualify
from routing.simulate.state import State
from sync.arrays import FloatArray


class Who:
    """Looks people up for the tasks of a state."""

    def __init__(self, state: State) -> None:
        """Everybody as `team.yaml` knows them."""
        work = self.work = state.work
        self.state = state
        self.named = work.emails or ("",) * len(work.people)
        self.crowd = [work.team.person(email) for email in self.named]
        self.picky = any(person.never is not None for person in self.crowd)

    def emails(self, people: Sequence[int]) -> frozenset[str]:
        """Addresses of these people (places)."""
        return frozenset(self.named[w] for w in people)

    def at_once(self, task: int, need: int) -> int:
        """How many to choose at a time: where those who are asked must fit together, one after the other."""
        who = self.state.plan[task].who
        return 1 if who.not_same or who.mix else need

    def may(self, task: int, known: Expertise, belief: FloatArray) -> NDArray[np.bool_]:
        """(W,) who may be asked. Where nobody may and the rule says who then, those: there is no clock to wait for."""
        plan = self.state.plan[task]
        if plan.who == ANYBODY and not self.picky:
            return np.ones(len(self.crowd), bool)
        data = self.work.data[task] if self.work.data else {}
        right: list[float | None] = [None] * len(self.crowd)
        if plan.who.qualified is not None:
            right = list(np.einsum("wkk,k->w", known.confusion, belief / belief.sum()).tolist())
        seats = max(1, plan.target - len(self.state.given[task]))
        involved = [self.crowd[w] for w in self.state.authors[task]]
        found = np.array([qualify.meets(plan.who, data, person, self.work.team, right=right[w], involved=involved,
                                        seats=seats) for w, person in enumerate(self.crowd)], bool)
        if plan.who.if_nobody is not None and not (found & self.state.open[task]).any():
            found = qualify.allowed(qualify.resolve(plan.who, data), self.crowd, self.work.team, right, late=True)
        return found
