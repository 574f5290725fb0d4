"""Chooses who is asked about a task: mostly whoever tells most, sometimes another, with a known probability.

Ninety times in a hundred the best; else one drawn from all candidates, those we know least first, so that
expertise is learnt and a backtest can weigh what was not chosen. The draw is by hash: a dry run agrees with the
real one. `routing.choosing.batch` chooses for many tasks at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cueloop.sampling import uniform

EXPLORE = 0.1
"""Share of choices that are made to learn about annotators."""

SPREAD = 0.5
"""Weight of a full queue: of two who tell about as much, the one with less to do is asked."""

FAIR = 2.0
"""Times the average load after which somebody is asked only if nobody else is free."""

KEPT = 50
"""Candidates kept in the decision; of the others only how many they are and their probability."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The annotators who could be asked; arrays (W,) in one order. `free` and `load` change as people are asked."""

    ids: NDArray[np.int64]
    size: NDArray[np.float64]
    """Tasks that their queue is to hold."""
    free: NDArray[np.int64]
    """Places left in their queue."""
    load: NDArray[np.float64]
    """Tasks that they answered or are being asked, in all."""
    answers: NDArray[np.float64]
    """Answers behind what we know of them."""

    def take(self, at: int) -> None:
        """Fill one place in somebody's queue."""
        self.free[at] -= 1
        self.load[at] += 1


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is asked, and who else could have been."""

    people: tuple[int, ...]
    probability: float
    """Of this very choice, in this order."""
    candidates: tuple[dict[str, float | int], ...]
    """The best KEPT of them: annotator_id, value, probability of being asked first."""
    others: int = 0
    """Candidates beyond those."""
    others_probability: float = 0.0
    """Of one of the others being asked first."""


NOBODY = Choice((), 1.0, ())


def choose(pool: Pool, value: NDArray[np.float64], allowed: NDArray[np.bool_], need: int, task: int,
           salt: str, *, price: NDArray[np.float64] | None = None, planned: Sequence[int] = ()) -> Choice:
    """Choose up to `need` people for a task and take their places in the pool.

    `value` (W,) is what each one's answer is worth, `allowed` (W,) who may be asked at all. `price` (W,) is what a
    place of theirs is worth to other tasks; `planned` are those (places in the pool) whom a plan for many tasks
    gives to this one: they come first. Fewer, or nobody, are chosen when there are no more with a free place.
    """
    people: list[int] = []
    probability, first = 1.0, NOBODY
    left = allowed.copy()
    for turn in range(need):
        at = _eligible(pool, left)
        if not len(at):
            break
        worth = _worth(pool, value, at, task, salt) - (0.0 if price is None else price[at])
        chances = _chances(pool, worth, at, planned)
        draw = uniform(task, f"{salt}:{turn}")
        picked = min(int(np.searchsorted(np.cumsum(chances), draw, side="right")), len(at) - 1)
        if turn == 0:
            first = _shown(pool, value, worth, chances, at)
        probability *= float(chances[picked])
        pool.take(int(at[picked]))
        left[at[picked]] = False
        people.append(int(pool.ids[at[picked]]))
    return Choice(tuple(people), probability, first.candidates, first.others, first.others_probability)


def _eligible(pool: Pool, left: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Places of those with room in their queue; those far above the average load only if there are no others."""
    free = left & (pool.free > 0)
    fair = free & (pool.load <= fair_load(pool))
    return np.flatnonzero(fair if fair.any() else free)


def fair_load(pool: Pool) -> float:
    """Load above which somebody is asked only if nobody else is free."""
    return FAIR * float(pool.load.mean()) + 2 if len(pool.load) else 0.0


def _worth(pool: Pool, value: NDArray[np.float64], at: NDArray[np.int64], task: int, salt: str) -> NDArray[np.float64]:
    """Value, less for those whose queue is fuller; equals are told apart by a hash, not by their order."""
    full = 1 - pool.free[at] / np.maximum(pool.size[at], 1)
    tie = np.array([uniform(task, f"{salt}:{person}") for person in pool.ids[at]])
    return np.asarray((value[at] + 1e-6) * (1 - SPREAD * np.clip(full, 0, 1)) * (1 + 1e-6 * tie))


def _chances(pool: Pool, worth: NDArray[np.float64], at: NDArray[np.int64],
             planned: Sequence[int]) -> NDArray[np.float64]:
    """(len(at),) probability that each is picked: the best nearly always, the little known now and then."""
    curious = 1 / np.sqrt(1 + pool.answers[at])
    chances = EXPLORE * curious / curious.sum()
    meant = np.isin(at, planned)
    chances[int(np.argmax(np.where(meant, worth, -np.inf) if meant.any() else worth))] += 1 - EXPLORE
    return np.asarray(chances)


def _shown(pool: Pool, value: NDArray[np.float64], worth: NDArray[np.float64], chances: NDArray[np.float64],
           at: NDArray[np.int64]) -> Choice:
    """A choice of nobody yet, with its candidates: the likeliest, then by worth."""
    order = np.lexsort((-worth, np.arange(len(at)) != np.argmax(chances)))
    shown = tuple({"annotator_id": int(pool.ids[at[i]]), "value": round(float(value[at[i]]), 6),
                   "probability": round(float(chances[i]), 6)} for i in order[:KEPT])
    return Choice((), 1.0, shown, max(0, len(at) - KEPT), round(float(chances[order[KEPT:]].sum()), 6))
