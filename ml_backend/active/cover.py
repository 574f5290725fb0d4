"""Takes tasks that together stand for as much uncertainty as can be: uncertain, typical and unlike each other at once.

Facility location (Wei, Iyer and Bilmes 2015, "Submodularity in data subset selection and active learning") with
weights: each of many reference texts is as uncertain as the model is of it, and a task is worth what it brings nearer
of them than they are already to something asked. A near-duplicate of what was taken brings nothing; an outlier brings
itself alone.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from ml_backend.active.likeness import Points
from ml_backend.calibration import Floats, Ints

SHARP, BROAD = 4, 2
"""Power of the cosine. Sharp: texts that merely share their topic hardly speak for each other. Broad: they do, which
is what a first look at all topics needs."""
TINY = 1e-6
"""Gain of what brings nothing nearer: then its own value decides."""


def likeness(some: Points, others: Points, sharp: int = SHARP) -> NDArray[np.float32]:
    """(n, m) how far each of `some` (n, d) speaks for each of `others` (m, d), 0 to 1."""
    return np.asarray(np.clip(some @ others.T, 0.0, 1.0) ** sharp, dtype=np.float32)


def cover(speaks: NDArray[np.float32], weight: Floats, own: Floats, many: int, covered: Floats) -> Ints:
    """Up to `many` of n tasks, in the order taken, best first.

    `speaks` (n, m) says how far each speaks for each of m references that weigh `weight` (m,) and are `covered` (m,)
    to this extent already; a task's gain counts `own` (n,) times. Greedy, at least 63 % of the best there is
    (Nemhauser, Wolsey and Fisher 1978), looking again only at those whose old gain still leads (Minoux 1978).
    The same always: of equals the first is taken.
    """
    reached, weights = covered.astype(np.float32), weight.astype(np.float32)

    def gain(place: int) -> float:
        return (float(weights @ np.maximum(speaks[place] - reached, 0.0)) + TINY) * float(own[place])

    queue = [(-gain(place), place, 0) for place in range(len(own))]
    heapq.heapify(queue)
    taken: list[int] = []
    while queue and len(taken) < many:
        _, place, looked = heapq.heappop(queue)
        if looked == len(taken):
            taken.append(place)
            np.maximum(reached, speaks[place], out=reached)
        else:
            heapq.heappush(queue, (-gain(place), place, len(taken)))
    return np.array(taken, dtype=np.int64)
