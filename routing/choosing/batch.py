"""Chooses who is asked about many waiting tasks at once.

Task by task, the first tasks would take the places of scarce specialists that later ones need more. So the tasks and
the places are assigned together (`routing.assign`), and each task is then offered to the people so found; a tenth of
the choices still explores, with a known probability.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cueloop.sampling import uniform
from routing.assign import assign
from routing.choosing.choose import NOBODY, Choice, Pool, choose, fair_load

TIE = 1e-6
"""Share of a value by which equals are told apart: by lot, or whoever stands first in a list would get everything."""

ROOM = 1.5
"""Places offered for each answer wanted, where there are so many: queues fill alike, and nobody gets everything."""


def batch(pool: Pool, value: NDArray[np.float64], allowed: NDArray[np.bool_], need: Sequence[int],
          tasks: Sequence[int], salts: Sequence[str]) -> list[Choice]:
    """Choose people for tasks, which are given in the order of their priority; one choice for each.

    `value` (T, W) is what each one's answer to each task is worth, `allowed` (T, W) who may be asked, `need` (T,)
    how many are wanted, `tasks` (T,) keys, `salts` (T,) make the draws of a task differ from its earlier ones. The
    places are taken in the pool. A task of which nobody is chosen gets a choice of nobody.

    Where places are too few, the first tasks get them: what is planned together is no more than there is room for.
    """
    chosen = [NOBODY] * len(tasks)
    start = 0
    while start < len(tasks) and pool.free.any():
        stop = _run(pool, allowed, need, start)
        lots = np.random.default_rng(int(uniform(tasks[start], f"lots:{salts[start]}") * 2**53))
        for at, planned, price in _plan(pool, value, allowed, need, range(start, stop), lots):
            chosen[at] = choose(pool, value[at], allowed[at], need[at], tasks[at], salts[at], price=price,
                                planned=planned)
        start = stop
    return chosen


def _run(pool: Pool, allowed: NDArray[np.bool_], need: Sequence[int], start: int) -> int:
    """Up to where tasks from `start` on find room: as many answers as there are places for anybody who may give one."""
    left, free = int(pool.free.sum()), pool.free > 0
    for at in range(start, len(need)):
        left -= int(min(need[at], (allowed[at] & free).sum()))
        if left < 0:
            return max(at, start + 1)
    return len(need)


def _plan(pool: Pool, value: NDArray[np.float64], allowed: NDArray[np.bool_], need: Sequence[int],
          some: range, lots: np.random.Generator) -> list[tuple[int, list[int], NDArray[np.float64]]]:
    """(place of the task, places in the pool of those planned for it, price of each one's place) of each task."""
    at = np.array(some)
    wanted = np.array([need[i] for i in some])
    worth = np.maximum(value[at], 0.0) + 1e-9       # of no value is still better than to leave a task waiting
    worth *= 1 + TIE * lots.random(worth.shape)
    found = assign(worth.T, _places(pool, int(wanted.sum())), wanted, allowed=allowed[at].T)
    planned: dict[int, list[int]] = {}
    for who, what in zip(found.pairs[0].tolist(), found.pairs[1].tolist(), strict=True):
        planned.setdefault(what, []).append(who)
    return [(int(i), planned.get(n, []), found.price) for n, i in enumerate(at)]


def _places(pool: Pool, wanted: int) -> NDArray[np.int64]:
    """(W,) places to offer: queues are filled to one level, which has half as much room again as is wanted.

    Those far above the average load are offered none as long as the others' places suffice.
    """
    free: NDArray[np.int64] = np.maximum(pool.free, 0)
    fair = np.where(pool.load <= fair_load(pool), free, 0)
    free = fair if fair.sum() >= wanted else free
    if free.sum() <= ROOM * wanted:
        return free
    size = np.maximum(pool.size, 1)
    held = np.maximum(size - pool.free, 0)
    low, high = 0.0, 1.0
    for _ in range(30):
        level = (low + high) / 2
        enough = np.minimum(np.ceil(np.maximum(level * size - held, 0)), free).sum() >= ROOM * wanted
        low, high = (low, level) if enough else (level, high)
    return np.asarray(np.minimum(np.ceil(np.maximum(high * size - held, 0)), free), np.int64)
