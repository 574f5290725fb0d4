"""Exact repair: shortest paths over which too many tasks of one annotator reach places of another.

The assignment is a flow; with prices as potentials all reduced costs are positive, and each shortest path (Dijkstra)
that brings one task from where there are too many to where there is room keeps it optimal for the loads it has
(Ahuja, Magnanti and Orlin, Network Flows, ch. 9). At the end it is optimal, and the prices prove it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from routing.assignment.draft import Draft
from routing.assignment.flow import Flow

Array = NDArray[np.float64]
Move = tuple[int, int, int]
"""Task, the candidate that gives it (or -1), the candidate that takes it (or -1)."""

NOTHING: Move = (-1, -1, -1)


@dataclass(slots=True)
class Paths:
    """The residual graph: annotators, and a pool (the last node) of open places and open answers."""

    draft: Draft
    price: Array
    """(W + 1,) potentials; the pool's is 0."""
    flow: NDArray[np.int64]
    """(W,) places taken from the pool; a load above it is excess, one below it room that must be filled."""
    rows: dict[int, tuple[Array, list[Move]]] = field(default_factory=dict)
    of: dict[int, set[int]] = field(default_factory=dict)
    """Tasks of each annotator."""

    @classmethod
    def start(cls, begun: Flow) -> Paths:
        """From a draft that is optimal at these prices for its loads."""
        draft = begun.draft
        task, slot = np.nonzero(draft.chosen)
        held: dict[int, set[int]] = {}
        for who, what in zip(draft.best.annotator[task, slot].tolist(), task.tolist(), strict=True):
            held.setdefault(who, set()).add(what)
        return cls(draft, begun.price, begun.flow, of=held)

    @property
    def excess(self) -> NDArray[np.int64]:
        """(W + 1,) too many, or (negative) too few."""
        people = self.draft.load - self.flow
        return np.append(people, -people.sum())

    def balance(self) -> None:
        """Follow shortest paths until nothing is misplaced."""
        excess = self.excess
        while (excess > 0).any():
            if not self._augment(excess):
                raise AssertionError("every place and every answer can be left open, so there is always a path")

    def _augment(self, excess: NDArray[np.int64]) -> bool:
        far = np.where(excess > 0, 0.0, np.inf)
        came, done = np.full(len(far), -1), np.zeros(len(far), bool)
        while True:
            here = int(np.argmin(np.where(done, np.inf, far)))
            if done[here] or not np.isfinite(far[here]):
                return False
            done[here] = True
            if excess[here] < 0:
                break
            step = np.maximum(self._row(here)[0] - self.price[here] + self.price, 0.0)
            closer = ~done & (far[here] + step < far)
            far[closer], came[closer] = far[here] + step[closer], here
        self.price -= np.minimum(far, far[here])        # in place: the prices of the flow
        self.price -= self.price[-1]
        excess[here] += 1
        touched: set[int] = set()
        while came[here] >= 0:
            self._apply(int(came[here]), here, touched)
            here = int(came[here])
        excess[here] -= 1
        self._forget(touched)
        return True

    def _apply(self, giver: int, taker: int, touched: set[int]) -> None:
        pool = len(self.flow)
        task, gives, takes = self.rows[giver][1][taker]
        if task < 0:        # a place of the pool is taken or given back
            self.flow[giver if taker == pool else taker] += 1 if taker == pool else -1
            self.rows.pop(giver if taker == pool else taker, None)
            self.rows.pop(pool, None)
            return
        touched.add(task)
        if gives >= 0:
            self.draft.chosen[task, gives] = False
            self.of[giver].discard(task)
        if takes >= 0:
            self.draft.chosen[task, takes] = True
            self.of.setdefault(taker, set()).add(task)

    def _forget(self, touched: set[int]) -> None:
        """Rows that these tasks may have changed."""
        for task in touched:
            for who in self.draft.best.annotator[task].tolist():
                if task in self.of.get(who, ()):
                    self.rows.pop(who, None)
        for who in list(self.rows):
            if any(NOTHING[0] < move[0] and move[0] in touched for move in self.rows[who][1]):
                del self.rows[who]
        self.rows.pop(len(self.flow), None)

    def _row(self, node: int) -> tuple[Array, list[Move]]:
        if node not in self.rows:
            self.rows[node] = self._from_pool() if node == len(self.flow) else self._from(node)
        return self.rows[node]

    def _from(self, who: int) -> tuple[Array, list[Move]]:
        """What it costs to hand one task of `who` to each other, or to the pool."""
        cost, moves = np.full(len(self.price), np.inf), [NOTHING] * len(self.price)
        tasks = np.array(sorted(self.of.get(who, ())), np.int64)
        best, chosen = self.draft.best, self.draft.chosen[tasks]
        people, value = best.annotator[tasks], best.value[tasks]
        if len(tasks):
            slot = (people == who).argmax(axis=1)
            mine = value[np.arange(len(tasks)), slot]
            least = int(mine.argmin())
            cost[-1], moves[-1] = mine[least], (int(tasks[least]), int(slot[least]), -1)
            row, to = np.nonzero(~chosen & np.isfinite(value))
            _best(cost, moves, people[row, to], mine[row] - value[row, to],
                  (tasks[row], slot[row], to))
        if self.flow[who] < self.draft.capacity[who] and cost[-1] > 0:
            cost[-1], moves[-1] = 0.0, NOTHING
        return cost, moves

    def _from_pool(self) -> tuple[Array, list[Move]]:
        """What it costs (less than nothing: gains) that each takes an open answer, or gives up a place."""
        cost, moves = np.full(len(self.price), np.inf), [NOTHING] * len(self.price)
        cost[:-1][self.flow > 0] = 0.0
        tasks = np.flatnonzero(self.draft.chosen.sum(axis=1) < self.draft.overlap)
        value, chosen = self.draft.best.value[tasks], self.draft.chosen[tasks]
        row, to = np.nonzero(~chosen & np.isfinite(value))
        _best(cost, moves, self.draft.best.annotator[tasks][row, to], -value[row, to],
              (tasks[row], np.full(len(row), -1), to))
        return cost, moves


def _best(cost: Array, moves: list[Move], to: NDArray[np.int32], price: Array,
          move: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]) -> None:
    """Keep the cheapest way to each annotator, where it is cheaper than what is known."""
    order = np.lexsort((price, to))
    first = order[np.r_[True, to[order][1:] != to[order][:-1]]] if len(order) else order
    for at in first.tolist():
        who = int(to[at])
        if price[at] < cost[who]:
            cost[who], moves[who] = price[at], (int(move[0][at]), int(move[1][at]), int(move[2][at]))
