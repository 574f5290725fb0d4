"""Balance by many moves at once: maximum flows along shortest paths between annotators, to a tolerance.

A draft is nearly optimal for the loads that it makes. What is too much with some goes over others to where there is
room: shortest paths on a graph of the annotators alone (an arc is the cheapest handing on of one task) renew the
prices, and a maximum flow over the moves that then cost no more than the tolerance takes all of them together. That
is the primal-dual method for flows of least cost (Ahuja, Magnanti and Orlin, Network Flows, ch. 9), up to the
tolerance for each move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.assignment.draft import Draft, first
from routing.assignment.moves import Moves, below, near

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

LENGTH = 4
"""Moves that bring one answer to its place, about."""

WIDER = 64
"""Times its tolerance that a move may lose where nothing else helps."""

TURNS = 6
"""Times that moves are picked for one flow: a task makes one move a round, and may be wanted for several."""


@dataclass(slots=True)
class Flow:
    """A draft, the prices at which it is nearly optimal, and the places in use; changed in place."""

    draft: Draft
    price: Array
    """(W + 1,) of annotators, and of the pool of open places and open answers, 0."""
    flow: Ints
    """(W,) places in use; a load above is to go elsewhere, one below is to be filled."""

    @classmethod
    def start(cls, draft: Draft, price: Array) -> Flow:
        """Whose places have a price uses all of them."""
        used = np.where(price > 0, draft.capacity, np.minimum(draft.load, draft.capacity))
        return cls(draft, np.append(price, 0.0), used)

    @property
    def excess(self) -> Ints:
        """(W + 1,) answers too many, or (negative) too few."""
        people = self.draft.load - self.flow
        return np.append(people, -people.sum())

    def run(self, loss: float, budget: float, rounds: int) -> None:
        """Up to so many rounds, until nothing is misplaced. A move may lose `loss`, or more where few are to be made:
        as much as makes `budget` in a round."""
        left, part, wide = self.wrong, 4, 1.0
        most = 2 * float(self.draft.best.most.max()) + loss
        for turn in range(rounds):
            if not left:
                return
            may = max(loss * (min(wide, WIDER) if budget else 1.0), budget / (LENGTH * left))
            look = wide * near(self.draft, self.price, len(self.draft.overlap) // part)
            self._round(may, min(max(look, may), most), turn)
            if self.wrong > left / 2:       # what is cheap does not suffice: look further
                part, wide = 1, 2 * wide
            left = self.wrong

    @property
    def wrong(self) -> int:
        """Misplaced answers."""
        return int(np.maximum(self.excess, 0).sum())

    def _round(self, loss: float, cut: float, turn: int) -> None:
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra, maximum_flow

        moves, pool, excess = below(self.draft, self.price, cut, turn), len(self.flow), self.excess
        size = pool + 1
        arc = moves.start * size + moves.end
        cost = np.full((size, size), np.inf)
        np.minimum.at(cost.reshape(-1), arc, np.maximum(moves.cost, 0.0))
        free, used = self.flow < self.draft.capacity, self.flow > 0
        cost[:-1, -1][free] = np.minimum(cost[:-1, -1][free], np.maximum(-self.price[:-1][free], 0))
        cost[-1, :-1][used] = np.minimum(cost[-1, :-1][used], np.maximum(self.price[:-1][used], 0))
        here, there = np.nonzero(np.isfinite(cost))
        graph = csr_array((cost[here, there], (here, there)), shape=(size, size))
        far = dijkstra(graph, indices=np.flatnonzero(excess > 0), min_only=True)
        shift = np.minimum(far, min(cut, float(far[excess < 0].max())))
        self.price -= shift - shift[-1]
        now = moves.cost + shift[moves.start] - shift[moves.end]
        cheap = now <= loss
        cheap[np.isin(moves.task, self._direct(moves, np.flatnonzero(cheap), now, excess))] = False
        excess = self.excess
        room = np.bincount(arc[cheap], minlength=size * size).reshape(size, size)
        room[:-1, -1] += np.where(self.price[:-1] >= -loss, self.draft.capacity - self.flow, 0)
        room[-1, :-1] += np.where(self.price[:-1] <= loss, self.flow, 0)
        whole = np.zeros((size + 2, size + 2), np.int32)
        whole[:size, :size] = room
        whole[size, :size], whole[:size, size + 1] = np.maximum(excess, 0), np.maximum(-excess, 0)
        found = maximum_flow(csr_array(whole), size, size + 1)
        pushed = np.maximum(found.flow.toarray()[:size, :size], 0).astype(np.int64)
        self._places(pushed, loss)
        self._push(moves, np.flatnonzero(cheap), now, arc, pushed.ravel())

    def _places(self, pushed: Ints, loss: float) -> None:
        """Take places in use and give them back, as far as the flow does."""
        taken = np.where(self.price[:-1] >= -loss, np.minimum(pushed[:-1, -1], self.draft.capacity - self.flow), 0)
        given = np.where(self.price[:-1] <= loss, np.minimum(pushed[-1, :-1], self.flow), 0)
        pushed[:-1, -1] -= taken
        pushed[-1, :-1] -= given
        self.flow += taken - given

    def _direct(self, moves: Moves, some: Ints, cost: Array, excess: Ints) -> Ints:
        """Make moves from where there is too much to where there is too little; the tasks that moved."""
        any_order = np.random.default_rng(0).random(len(cost))      # of moves that cost the same not all the first
        excess, used = excess.copy(), [np.zeros(0, np.int64)]
        for _ in range(TURNS):
            some = some[(excess[moves.start[some]] > 0) & (excess[moves.end[some]] < 0)]
            if not len(some):
                break
            turn = some[np.lexsort((any_order[some], moves.task[some]))]
            turn = turn[np.r_[True, moves.task[turn][1:] != moves.task[turn][:-1]]]
            turn = turn[first(moves.start[turn], cost[turn], np.maximum(excess, 0))]
            turn = turn[first(moves.end[turn], cost[turn], np.maximum(-excess, 0))]
            self._make(moves, turn)
            excess -= np.bincount(moves.start[turn], minlength=len(excess))
            excess += np.bincount(moves.end[turn], minlength=len(excess))
            used.append(moves.task[turn])
            some = some[~np.isin(moves.task[some], used[-1])]
        return np.concatenate(used)

    def _make(self, moves: Moves, turn: Ints) -> None:
        kept = self.draft.best.annotator.shape[1]
        gives, takes = turn[moves.gives[turn] < kept], turn[moves.takes[turn] < kept]
        self.draft.chosen[moves.task[gives], moves.gives[gives]] = False
        self.draft.chosen[moves.task[takes], moves.takes[takes]] = True

    def _push(self, moves: Moves, some: Ints, cost: Array, arc: Ints, pushed: Ints) -> None:
        """Make moves, one for each task, as many on each arc as the flow has."""
        any_order = np.random.default_rng(1).random(len(cost))
        for _ in range(TURNS):
            some = some[pushed[arc[some]] > 0]
            if not len(some):
                return
            turn = some[np.lexsort((any_order[some], moves.task[some]))]
            turn = turn[np.r_[True, moves.task[turn][1:] != moves.task[turn][:-1]]]
            turn = turn[first(arc[turn], cost[turn], pushed)]
            pushed -= np.bincount(arc[turn], minlength=len(pushed))
            self._make(moves, turn)
            some = some[~np.isin(moves.task[some], moves.task[turn])]
