"""Handing on of single tasks, from one annotator to another or to nobody, and what that loses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.assignment.draft import Draft

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

ACTIVE = 40_000
"""Tasks at most whose moves are looked at in one go; of more, every second, or third..."""


@dataclass(frozen=True, slots=True)
class Moves:
    """(M,): the task, its candidates that give and take (the pool's comes after the last), who these are, the cost."""

    task: Ints
    gives: Ints
    takes: Ints
    start: Ints
    end: Ints
    cost: Array
    share: float
    """How many of the tasks that have such moves were looked at."""


def near(draft: Draft, price: Array, tasks: int) -> float:
    """The cost below which so many tasks have a move."""
    _, _, margin = _margin(draft, price)
    margin = margin[np.isfinite(margin)]        # not of tasks that want nobody
    if not len(margin):
        return 0.0
    return max(float(np.partition(margin, tasks)[tasks] if tasks < len(margin) else margin.max()), 0.0)


def _margin(draft: Draft, price: Array) -> tuple[Array, NDArray[np.bool_], Array]:
    """(T, K) values less prices, (T,) tasks with open answers, and (T,) the cost of each task's cheapest move."""
    best, chosen = draft.best, draft.chosen
    reduced = best.value - price[best.annotator]
    short = draft.open
    low = np.minimum(np.where(chosen, reduced, np.inf).min(axis=1), np.where(short, 0.0, np.inf))
    margin = low - np.maximum(np.where(chosen, -np.inf, reduced).max(axis=1), 0)
    return reduced, short, margin


def below(draft: Draft, price: Array, cut: float, turn: int = 0) -> Moves:
    """Those that cost no more than `cut` at these (W + 1,) prices, the pool's last; `turn` changes which tasks are
    looked at where there are many."""
    best, chosen = draft.best, draft.chosen
    reduced, short, margin = _margin(draft, price)
    some = np.flatnonzero(margin <= cut)
    every = -(-len(some) // ACTIVE) or 1
    some = some[turn % every::every]
    column = np.full((len(some), 1), len(price) - 1)
    people = np.hstack([best.annotator[some], column])
    worth = np.hstack([reduced[some], np.zeros((len(some), 1))])
    may = np.hstack([~chosen[some] & np.isfinite(reduced[some]), np.ones((len(some), 1), bool)])
    giving = np.hstack([chosen[some], short[some, None]])
    row, gives = np.nonzero(giving & (worth - np.where(may, worth, -np.inf).max(axis=1, keepdims=True) <= cut))
    cost = worth[row, gives][:, None] - worth[row]
    at, takes = np.nonzero(may[row] & (cost <= cut))
    row, gives, cost = row[at], gives[at], cost[at, takes]
    real = (gives < best.annotator.shape[1]) | (takes < best.annotator.shape[1])
    row, gives, takes, cost = row[real], gives[real], takes[real], cost[real]
    return Moves(some[row], gives, takes, people[row, gives].astype(np.int64), people[row, takes].astype(np.int64),
                 cost, 1 / every)
