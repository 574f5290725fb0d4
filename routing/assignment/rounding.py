"""From prices to an assignment: every task takes its best candidates; then who got too many gives some away.

The moves that lose least come first, so that with good prices next to nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.assignment.candidates import Candidates
from routing.assignment.problem import Problem

Ints = NDArray[np.int64]
Array = NDArray[np.float64]

ROUNDS = 40
"""Times at most that work is handed on."""

GAINS = 4
"""Times that all answers are looked through for moves that gain."""


@dataclass(slots=True)
class Draft:
    """An assignment in the making; changed in place."""

    best: Candidates
    capacity: Ints
    overlap: Ints
    chosen: NDArray[np.bool_]
    """(T, K) of the candidates."""

    @property
    def load(self) -> Ints:
        """(W,) tasks that each annotator has."""
        return np.bincount(self.best.annotator[self.chosen], minlength=len(self.capacity))


def drawn(best: Candidates, capacity: Ints, overlap: Ints) -> Draft:
    """Every task takes the candidates that were drawn for it, whatever the capacities."""
    return Draft(best, capacity, overlap, np.arange(best.annotator.shape[1]) < best.taken[:, None])


def strict(best: Candidates, capacity: Ints, overlap: Ints, price: Array) -> Draft:
    """Every task takes its best candidates at these prices, whatever the capacities: optimal for the loads it makes."""
    reduced = best.value - price[best.annotator]
    most = min(int(overlap.max(initial=0)), reduced.shape[1])
    top = np.argsort(-reduced, axis=1, kind="stable")[:, :most]
    taken = (np.arange(most) < overlap[:, None]) & (np.take_along_axis(reduced, top, axis=1) >= 0)
    chosen = np.zeros(reduced.shape, bool)
    np.put_along_axis(chosen, top, taken, axis=1)
    return Draft(best, capacity, overlap, chosen)


def repair(draft: Draft, price: Array) -> None:
    """Make a draft keep the capacities, fill what is open, and take every single move that gains."""
    reduced = draft.best.value - price[draft.best.annotator]
    for _ in range(ROUNDS):
        if not _give_away(draft, reduced):
            break
    _drop(draft, reduced)
    fill(draft)
    for _ in range(GAINS):
        if not _improve(draft):
            break
    fill(draft)


def widen(problem: Problem, draft: Draft, price: Array) -> None:
    """Fill open answers by people who are no candidates; or whoever is best for them hands another task on."""
    offer(problem, draft, price, draft.chosen.sum(axis=1) < draft.overlap)
    fill(draft)
    for _ in range(GAINS):
        had, reduced = int(draft.chosen.sum()), draft.best.value - price[draft.best.annotator]
        fill(draft, np.full(len(draft.capacity), 1 << 40), reduced)
        over = draft.load > draft.capacity
        offer(problem, draft, price, np.asarray(np.any(draft.chosen & over[draft.best.annotator], axis=1)))
        reduced = draft.best.value - price[draft.best.annotator]
        for _ in range(ROUNDS):
            if not _give_away(draft, reduced):
                break
        _drop(draft, reduced)
        fill(draft)
        if int(draft.chosen.sum()) <= had:
            return


def offer(problem: Problem, draft: Draft, price: Array, which: NDArray[np.bool_]) -> None:
    """Make those with places candidates of these tasks, instead of the last ones who are not chosen."""
    spare = np.flatnonzero(draft.capacity > draft.load)
    if not which.any() or not len(spare):
        return
    for start, stop, block in problem.blocks():
        for task in (start + np.flatnonzero(which[start:stop])).tolist():
            worth = block[task - start, spare].astype(float) - price[spare]
            new = spare[np.argsort(-worth, kind="stable")][:np.isfinite(worth).sum()]
            new = new[~np.isin(new, draft.best.annotator[task])]
            free = np.flatnonzero(~draft.chosen[task])
            new = new[:len(free)]
            last = free[len(free) - len(new):]
            draft.best.annotator[task, last], draft.best.value[task, last] = new, block[task - start, new]


def fill(draft: Draft, room: Ints | None = None, worth: Array | None = None) -> None:
    """Give open answers to candidates with places (or with `room`), the most valuable first."""
    worth = draft.best.value if worth is None else worth
    while True:
        spare = draft.capacity - draft.load if room is None else room
        short = np.flatnonzero(draft.chosen.sum(axis=1) < draft.overlap)
        value = np.where(draft.chosen[short] | (spare[draft.best.annotator[short]] <= 0), -np.inf, worth[short])
        if not len(short) or not np.isfinite(value).any():
            return
        at = value.argmax(axis=1)
        gain = value[np.arange(len(short)), at]
        taker = draft.best.annotator[short, at]
        mine = np.flatnonzero(np.isfinite(gain))
        mine = mine[_first(taker[mine], -gain[mine], spare)]
        draft.chosen[short[mine], at[mine]] = True


def _give_away(draft: Draft, reduced: Array) -> bool:
    """Move tasks from those with too many to those with places, cheapest first; whether there is more to do."""
    load = draft.load
    excess, spare = load - draft.capacity, draft.capacity - load
    if not (excess > 0).any():
        return False
    task, slot = np.nonzero(draft.chosen & (excess[draft.best.annotator] > 0))
    gain = np.where(draft.chosen[task] | (spare[draft.best.annotator[task]] <= 0), -np.inf, reduced[task])
    to = gain.argmax(axis=1)
    return _move(draft, task, slot, to, reduced[task, slot] - gain[np.arange(len(task)), to],
                 np.maximum(excess, 0), spare)


def _improve(draft: Draft) -> bool:
    """Move tasks to people with places for whom they are worth more."""
    spare = draft.capacity - draft.load
    task, slot = np.nonzero(draft.chosen & np.any(spare[draft.best.annotator] > 0, axis=1, keepdims=True))
    value = draft.best.value
    gain = np.where(draft.chosen[task] | (spare[draft.best.annotator[task]] <= 0), -np.inf, value[task])
    to = gain.argmax(axis=1)
    cost = value[task, slot] - gain[np.arange(len(task)), to]
    better = cost < -1e-9 * np.abs(value[task, slot]) - 1e-15
    return _move(draft, task[better], slot[better], to[better], cost[better], draft.load, spare)


def _move(draft: Draft, task: Ints, slot: Ints, to: Ints, cost: Array, most_from: Ints, most_to: Ints) -> bool:
    """Make the cheapest of these moves, one a task, within the limits; whether any was made."""
    order = np.flatnonzero(np.isfinite(cost))
    order = order[np.lexsort((task[order], cost[order]))]
    order = order[np.sort(np.unique(task[order], return_index=True)[1])]
    giver, taker = draft.best.annotator[task, slot], draft.best.annotator[task, to]
    order = order[_first(giver[order], np.arange(len(order)), most_from)]
    order = order[_first(taker[order], np.arange(len(order)), most_to)]
    draft.chosen[task[order], slot[order]] = False
    draft.chosen[task[order], to[order]] = True
    return bool(len(order))


def _drop(draft: Draft, reduced: Array) -> None:
    """Take from those with still too many the tasks that lose least."""
    excess = draft.load - draft.capacity
    task, slot = np.nonzero(draft.chosen & (excess[draft.best.annotator] > 0))
    gone = _first(draft.best.annotator[task, slot], reduced[task, slot], np.maximum(excess, 0))
    draft.chosen[task[gone], slot[gone]] = False


def _first(group: NDArray[np.int32] | Ints, cost: Array | Ints, most: Ints) -> Ints:
    """Places of the cheapest in each group, as many as `most` (by group) allows, in ascending order."""
    order = np.lexsort((cost, group))
    sorted_group = group[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_group, sorted_group)
    return np.sort(order[rank < most[sorted_group]])
