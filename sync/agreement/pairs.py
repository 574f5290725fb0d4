"""Which annotators answered the same tasks, and what each of two said there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sync.agreement.units import Units
from sync.arrays import FloatArray, IntArray

_BLOCK = 4_000_000
"""So many cells of the tasks by annotators table are held at once."""

_GEMM = 30
"""Counting by a product of full matrices handles so many more pairs in a second than by a sparse one."""


def overlaps(units: Units, least: int, most: int) -> tuple[IntArray, bool]:
    """Pairs of annotators (P, 2) with at least `least` tasks in common, most in common first; at most `most` of them.

    The second result says whether there were more.
    """
    people = len(units.annotators)
    if not people or not len(units.task):
        return np.empty((0, 2), np.int64), False
    size = np.bincount(units.task, minlength=units.tasks).astype(np.float64)
    dense = people <= 4000 and units.tasks * people**2 / _GEMM <= (size**2).sum()
    first, second, shared = _dense(units) if dense else _sparse(units)
    enough = shared >= max(least, 1)
    first, second, shared = first[enough], second[enough], shared[enough]
    names = np.argsort(np.argsort(np.array([str(name) for name in units.annotators])))
    low, high = np.minimum(names[first], names[second]), np.maximum(names[first], names[second])
    order = np.lexsort((high, low, -shared))
    swap = names[first] > names[second]
    found = np.column_stack((np.where(swap, second, first), np.where(swap, first, second)))[order]
    return found[:most], len(found) > most


def answers_of(units: Units, pairs: IntArray) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """For each pair: the tasks both answered, and both their labels there."""
    order = np.lexsort((units.task, units.annotator))
    bounds = np.searchsorted(units.annotator[order], np.arange(len(units.annotators) + 1))
    label_of = np.full(units.tasks, -1)
    current = -1
    for first, second in pairs:
        if first != current:
            label_of[:] = -1
            rows = order[bounds[first]:bounds[first + 1]]
            label_of[units.task[rows]] = units.label[rows]
            current = first
        rows = order[bounds[second]:bounds[second + 1]]
        rows = rows[label_of[units.task[rows]] >= 0]
        yield units.task[rows], label_of[units.task[rows]], units.label[rows]


def _dense(units: Units) -> tuple[IntArray, IntArray, FloatArray]:
    people = len(units.annotators)
    order = np.argsort(units.task, kind="stable")
    task, annotator = units.task[order], units.annotator[order]
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
