"""An assignment in the making: which candidates each task has chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.assignment.candidates import Candidates

Ints = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(slots=True)
class Draft:
    """Changed in place."""

    best: Candidates
    capacity: Ints
    overlap: Ints
    chosen: NDArray[np.bool_]
    """(T, K) of the candidates."""

    @property
    def load(self) -> Ints:
        """(W,) tasks that each annotator has."""
        return np.bincount(self.best.annotator[self.chosen], minlength=len(self.capacity))

    @property
    def open(self) -> NDArray[np.bool_]:
        """(T,) tasks that have fewer answers than wanted."""
        return np.asarray(self.chosen.sum(axis=1) < self.overlap)


def strict(best: Candidates, capacity: Ints, overlap: Ints, price: Array, loose: float = 0.0) -> Draft:
    """Every task takes its best candidates at these prices, whatever the capacities: optimal for the loads it makes,
    but for up to `loose` for each answer, by which those that are alike are shuffled."""
    reduced = best.value - price[best.annotator]
    if loose:
        reduced += loose * np.random.default_rng(1).random(reduced.shape, np.float32)
    most = min(int(overlap.max(initial=0)), reduced.shape[1])
    top = np.argsort(-reduced, axis=1, kind="stable")[:, :most]
    taken = (np.arange(most) < overlap[:, None]) & (np.take_along_axis(reduced, top, axis=1) >= 0)
    chosen = np.zeros(reduced.shape, bool)
    np.put_along_axis(chosen, top, taken, axis=1)
    return Draft(best, capacity, overlap, chosen)


def first(group: NDArray[np.int32] | Ints, cost: Array | Ints, most: Ints) -> Ints:
    """Places of the cheapest in each group, as many as `most` (by group) allows, in ascending order."""
    order = np.lexsort((cost, group))
    sorted_group = group[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_group, sorted_group)
    return np.sort(order[rank < most[sorted_group]])
