"""Prices of a sample of the tasks, corrected by all of them: Newton's method without smoothing.

How the loads answer to prices is counted: the moves that cost less than a little, between any two annotators.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.assignment.candidates import Candidates
from routing.assignment.draft import Draft, strict
from routing.assignment.moves import below, near

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

CLOSE = 0.002
"""Share of misplaced answers that needs no more correction."""

DAMPED = 1e-7
"""Share of each price's own bend that is added, so that there is always one solution."""


def corrected(best: Candidates, capacity: Ints, overlap: Ints, price: Array, radius: float, steps: int) -> Array:
    """(W,) prices at which every task's best candidates make the loads nearly fit; `radius` is how far they may be
    from right at first."""
    known, least, step = price, np.inf, np.zeros(len(price))
    for _ in range(steps):
        draft = strict(best, capacity, overlap, price)
        dual = worth(draft, price)
        if dual < least:
            rest = (draft.load - capacity).astype(float)
            free = (price > 0) | (rest > 0)
            wrong = float(np.abs(rest[free]).sum())
            known, least, radius = price, dual, 3 * radius
            if wrong < CLOSE * capacity.sum():
                break
            step = np.zeros(len(price))
            step[free] = _newton(draft, price, rest, free, int(max(wrong, 10 * len(price))))
        else:
            radius = min(radius, float(np.abs(step).max())) / 8
        price = np.maximum(known + np.clip(step, -radius, radius), 0)
    return known


def worth(draft: Draft, price: Array) -> float:
    """The dual among candidates, for a draft of the best of each task at these prices."""
    return float(draft.capacity @ price + (draft.best.value - price[draft.best.annotator])[draft.chosen].sum())


def _newton(draft: Draft, price: Array, rest: Array, free: NDArray[np.bool_], tasks: int) -> Array:
    """The step of the prices that are `free`; the moves of so many tasks tell how much is moved by prices."""
    size, every = len(price) + 1, np.append(price, 0)
    cut = max(near(draft, every, tasks), 1e-12)
    moves = below(draft, every, cut)
    moved = np.bincount(moves.start * size + moves.end, minlength=size * size).reshape(size, size) / (cut * moves.share)
    moved = (moved + moved.T) / 2
    bend = np.diag(moved.sum(axis=1)) - moved
    own = np.diag(bend) + 1e-9
    bend = (bend + np.diag(DAMPED * own))[:-1, :-1][np.ix_(free, free)]
    return np.asarray(np.linalg.solve(bend, rest[free]))
