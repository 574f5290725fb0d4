"""The budget of a project: what was spent, what is on its way, and who may be asked for the rest.

* Money is the time that people spent, by their rates (`costs` in the rules, `cost` in team.yaml); time that was not
  measured is taken as usual. What lies in queues counts as spent, at the person's usual time.
* The time of a team is what its people worked in the last seven days (or day), or have in their queues.
* `queue`: nobody is asked for what the budget does not cover. `stop_new`: tasks that somebody answered are finished.
* Somebody whose rate is unknown costs nothing here: `cueloop route check` says whose rates are missing.
* `per_item` whose value is unknown for a task is no limit for that task.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from routing import signals
from routing.context import Context
from routing.deciding.places import Place
from routing.language.columns import BoolArray
from routing.people import limits
from routing.people.crowd import Crowd
from routing.signals import TaskSignals

Array = NDArray[np.float64]
HOUR = 3600.0


class Purse:
    """What is left to spend in one round; it gets emptier as people are asked."""

    def __init__(self, conn: sa.Connection, given: Context, crowd: Crowd) -> None:
        """Reads what was spent, if there is a budget."""
        said = given.rules.budget
        self.given = given
        self._ids = crowd.ids.tolist()
        self.needed = said.money is not None or bool(said.teams) or said.per_item is not None
        self.pace: Array = np.array([window.pace for window in crowd.found])
        self.price: Array = self.pace * hourly(given, crowd) / HOUR
        self.money = np.inf
        self.teams: list[tuple[str, BoolArray, float]] = []
        if not self.needed:
            return
        queued = np.array([len(window.open) for window in crowd.found])
        if said.money is not None:
            spent = limits.seconds(conn, given.project.id, None, crowd.found)
            worked = np.array([spent.get(one, 0.0) for one in crowd.ids.tolist()])
            self.money = said.money - float((worked / HOUR * hourly(given, crowd) + queued * self.price).sum())
        for name, most, period in said.teams:
            mine = np.array([name.casefold() in person.values("team") for person in crowd.people], dtype=bool)
            spent = limits.seconds(conn, given.project.id, given.now - timedelta(seconds=period), crowd.found)
            worked = np.array([spent.get(one, 0.0) for one in crowd.ids.tolist()])
            self.teams.append((name, mine, most - float((worked + queued * self.pace)[mine].sum())))

    def allows(self, begun: bool, left: float = np.inf) -> BoolArray:
        """(W,) who may be asked about a task of which so much of `per_item` is `left`."""
        affordable = self.price <= left + 1e-9
        if begun and self.given.rules.budget.when_spent == "stop_new":
            return np.asarray(affordable)
        affordable &= self.price <= self.money + 1e-9
        for _, mine, seconds in self.teams:
            affordable &= ~mine | (self.pace <= seconds + 1e-9)
        return np.asarray(affordable)

    def why(self, at: int, begun: bool, left: float = np.inf) -> str | None:
        """What keeps somebody from being asked, as a sentence; None when nothing does."""
        if self.allows(begun, left)[at]:
            return None
        if self.price[at] > left + 1e-9:
            return f"an answer of theirs costs about {self.price[at]:.2f}, more than is left for one task"
        spent = next((name for name, mine, seconds in self.teams if mine[at] and self.pace[at] > seconds), None)
        return f"the time of team {spent} is spent" if spent else "the project's money is spent"

    def take(self, at: int) -> None:
        """One more answer of somebody's is on its way."""
        self.money -= float(self.price[at])
        self.teams = [(name, mine, seconds - float(self.pace[at]) * bool(mine[at]))
                      for name, mine, seconds in self.teams]

    def items(self, said: Sequence[TaskSignals], tasks: Sequence[Place]) -> Array:
        """(T,) what is left for each task by `per_item`, when those who are asked have answered."""
        most = self.given.rules.budget.per_item
        left: Array = np.full(len(said), np.inf)
        if most is not None:
            column = most.values(signals.lookup(said, found=self.given.found), len(said))
            price = dict(zip(self._ids, self.price.tolist(), strict=True))
            coming = [sum(price.get(a.annotator_id, 0.0) for a in place.open) for place in tasks]
            cost = np.array([(one.cost or 0.0) + more for one, more in zip(said, coming, strict=True)])
            left[column.known] = (column.values - cost)[column.known]
        return left


def hourly(given: Context, crowd: Crowd) -> Array:
    """(W,) what an hour of everybody costs; 0 where it is unknown."""
    costs = given.rules.declared.costs
    rates: dict[str, float | None] = {email.lower(): rate for email, rate in costs.people.items()}
    return np.array([rates.get(person.email, costs.per_hour) or 0.0 for person in crowd.people])
