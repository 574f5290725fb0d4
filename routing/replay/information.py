"""Asks whoever tells most about whatever is least settled: expected information, learnt as it goes."""

from __future__ import annotations

import numpy as np

from routing.choosing.belief import pair_information
from routing.replay.learned import Learned, learn
from routing.replay.load import Load
from routing.replay.policy import Visible
from routing.replay.uniform import one_each
from sync.arrays import FloatArray, IntArray

START = 0.3
"""Share of the tasks that get one answer of anybody before anything is known."""

OF_TASKS, OF_ANSWERS = 0.05, 0.01
"""How many answers are asked for at a time: a share of the tasks, or of the answers so far where that is more. The
first answers teach most about people, so it is looked again after few of them."""

TIE = 1e-6
"""Of two pairs that tell the same to so many nats one is drawn."""


class Information:
    """The best that is known here; see docs/routing.md for how it works, and its figures."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._learned: Learned | None = None

    def next(self, seen: Visible, rng: np.random.Generator) -> IntArray:
        """Some answers, one a task at most; see `Policy`."""
        if not len(seen.revealed):
            started = rng.permutation(seen.tasks)[:max(round(START * seen.tasks), 1)]
            return one_each(seen, seen.open & np.isin(seen.task, started), rng)
        self._learned = learn(seen, self._learned)
        places = np.flatnonzero(seen.open)
        value = pair_information(self._learned.belief, self._learned.confusion, seen.task[places],
                                 seen.annotator[places])
        value += TIE * rng.random(len(value))
        return best(seen, places, value, batch(seen), seen.load)


def batch(seen: Visible) -> int:
    """How many answers to ask for at a time."""
    return max(round(OF_TASKS * seen.tasks), round(OF_ANSWERS * len(seen.revealed)), 1)


def best(seen: Visible, places: IntArray, value: FloatArray, many: int, load: Load) -> IntArray:
    """Up to `many` of these open places, the most valuable first, one a task at most, under the cap of `load`.

    Where the cap leaves nobody, the most valuable one of all.
    """
    order = places[np.argsort(-value, kind="stable")]
    task, annotator = seen.task[order].tolist(), seen.annotator[order].tolist()
    taken: set[int] = set()
    wanted: list[int] = []
    for at, place in enumerate(order.tolist()):
        if task[at] not in taken and load.under(annotator[at]):
            wanted.append(place)
            taken.add(task[at])
            load.take(annotator[at])
            if len(wanted) == many:
                break
    return np.array(wanted or order[:1], np.int64)
