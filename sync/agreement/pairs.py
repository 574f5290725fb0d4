"""Which annotators answered the same tasks, and what each of two said there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sync.agreement.units import Units
from sync.arrays import FloatArray, IntArray

LEAST = 5
"""Two annotators are compared if they share so many tasks or more: kappa of fewer is biased, and often not defined."""

_BLOCK = 4_000_000
"""So many cells of the tasks by annotators table are held at once."""

_PEOPLE = 4000
"""Up to so many annotators a full matrix of pairs is small."""

_GEMM = 30
"""Counting by a product of full matrices handles so many more pairs in a second than by a sparse one."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pairs of annotators (P, 2) with a task in common, most in common first: `shared` (P,) says how many tasks.

    Of more pairs than asked for only the first are here; `enough(n)` counts those with n tasks or more among all.
    """

    pairs: IntArray
    shared: IntArray
    all_shared: IntArray

    def enough(self, least: int) -> int:
        return int(np.count_nonzero(self.all_shared >= least))


def overlaps(units: Units, most: int) -> Overlaps:
    """The `most` pairs with most tasks in common; of equal ones by name. In each pair the first name comes first."""
    people = len(units.annotators)
    if not people or not len(units.task):
        return Overlaps(np.empty((0, 2), np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    size = np.bincount(units.task, minlength=units.tasks).astype(np.float64)
    dense = people <= _PEOPLE and units.tasks * people**2 / _GEMM <= (size**2).sum()
    first, second, shared = _dense(units) if dense else _sparse(units)
    some = shared >= 1
    first, second = first[some], second[some]
    common: IntArray = shared[some].astype(np.int64)
    names = np.argsort(np.argsort(np.array([str(name) for name in units.annotators]), kind="stable"))
    low, high = np.minimum(names[first], names[second]), np.maximum(names[first], names[second])
    order = np.lexsort((high, low, -common))[:most]
    first, second = first[order], second[order]
    swap = names[first] > names[second]
    pairs = np.column_stack((np.where(swap, second, first), np.where(swap, first, second)))
    return Overlaps(pairs, common[order], common)


def answers_of(units: Units, pairs: IntArray) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """For each pair: the tasks both answered, and both their labels there."""
    small = np.uint16 if len(units.annotators) < 2**16 else np.int64  # 16 bits are sorted by counting
    order = np.argsort(units.annotator.astype(small), kind="stable")
    task, label = units.task[order], units.label[order]
    bounds = np.searchsorted(units.annotator[order], np.arange(len(units.annotators) + 1))
    label_of = np.full(units.tasks, -1)
    current = -1
    for first, second in pairs:
        if first != current:
            label_of[:] = -1
            own = slice(bounds[first], bounds[first + 1])
            label_of[task[own]] = label[own]
            current = first
        other = slice(bounds[second], bounds[second + 1])
        said = label_of[task[other]]
        both = said >= 0
        yield task[other][both], said[both], label[other][both]


def _dense(units: Units) -> tuple[IntArray, IntArray, FloatArray]:
    people = len(units.annotators)
    task, annotator = units.task, units.annotator
    if (np.diff(task) < 0).any():
        order = np.argsort(task, kind="stable")
        task, annotator = task[order], annotator[order]
    shared = np.zeros((people, people), np.float32 if units.tasks < 2**24 else np.float64)
    step = max(1, _BLOCK // people)
    for start in range(0, units.tasks, step):
        low, high = np.searchsorted(task, (start, start + step))
        block = np.zeros((min(step, units.tasks - start), people), shared.dtype)
        block[task[low:high] - start, annotator[low:high]] = 1
        shared += block.T @ block
    first, second = np.triu_indices(people, 1)
    return first, second, shared[first, second].astype(np.float64)


def _sparse(units: Units) -> tuple[IntArray, IntArray, FloatArray]:
    from scipy import sparse

    matrix = sparse.csr_array((np.ones(len(units.task)), (units.task, units.annotator)),
                              shape=(units.tasks, len(units.annotators)))
    shared = sparse.triu(matrix.T @ matrix, 1).tocoo()
    return shared.row, shared.col, shared.data
