"""The inner loops of `sync.compiled`. Importing this loads numba: it is imported when they are needed.

For few labels a kernel is compiled for just their number, and a task's weights stay in registers. The machine code is
kept beside this file or in numba's own folder, where either can be written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import exp, log
from typing import Any

import numba
from numba.cpython.unsafe import tuple as tuples
from numpy import uint64

UNROLLED = 8
"""Up to so many labels each number has kernels of its own; more share theirs."""

FAINT = 1e-200
"""A product whose sum is below this may have lost weights that matter: it is taken again, in logarithms."""

Kernel = Callable[..., None]

with_item: Any = tuples.tuple_setitem
"""A tuple with one item replaced: what compiled code can keep in registers, as it cannot an array."""


def _njit(function: Kernel) -> Kernel:
    """Compiled at first use; kept on disk where a folder for it can be written."""
    try:
        kept: Kernel = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder can be written: compile anew in every process
        kept = numba.njit(nogil=True)(function)
    return kept


def expecting(labels: int) -> Kernel:
    """Kernel that writes the posteriors of the tasks from `start` to `end` into `flat`."""
    return _expect_few(labels) if labels <= UNROLLED else _expect


def scattering(labels: int) -> Kernel:
    """Kernel that adds those posteriors to the sums of everything that was answered to these tasks."""
    return _scatter_few(labels) if labels <= UNROLLED else _scatter


# Indices are cast to unsigned integers: for signed ones numba checks whether each is negative.


@_njit
def _in_logs(said: Any, chance: Any, prior: Any, own: Any) -> None:
    """Posterior of one task, `own`, from the columns `said` of its answers; nothing gets lost, but it takes longer."""
    labels = len(own)
    for k in range(labels):
        own[k] = log(prior[k])
        for column in said:
            own[k] += log(chance[column * labels + k])
    top, total = own[0], 0.0
    for k in range(1, labels):
        top = max(top, own[k])
    for k in range(labels):
        own[k] = exp(own[k] - top)
        total += own[k]
    for k in range(labels):
        own[k] /= total


@_njit
def _expect(column: Any, first: Any, chance: Any, prior: Any, flat: Any, start: int, end: int) -> None:
    labels = len(prior)
    for task in range(start, end):
        own = uint64(task * labels)
        for k in range(labels):
            flat[own + uint64(k)] = prior[k]
        for i in range(first[task], first[task + 1]):
            said = uint64(column[i]) * uint64(labels)
            for k in range(labels):
                flat[own + uint64(k)] *= chance[said + uint64(k)]
        total = 0.0
        for k in range(labels):
            total += flat[own + uint64(k)]
        if total < FAINT:
            _in_logs(column[first[task]:first[task + 1]], chance, prior, flat[task * labels:(task + 1) * labels])
        else:
            for k in range(labels):
                flat[own + uint64(k)] /= total


@_njit
def _scatter(column: Any, first: Any, flat: Any, sums: Any, start: int, end: int, labels: int) -> None:
    for task in range(start, end):
        own = uint64(task * labels)
        for i in range(first[task], first[task + 1]):
            said = uint64(column[i]) * uint64(labels)
            for k in range(labels):
                sums[said + uint64(k)] += flat[own + uint64(k)]


@cache
def _expect_few(labels: int) -> Kernel:
    ones = (1.0,) * labels

    def expect(column: Any, first: Any, chance: Any, prior: Any, flat: Any, start: int, end: int) -> None:
        for task in range(start, end):
            own = uint64(task * labels)
            weight = ones
            for k in range(labels):
                weight = with_item(weight, k, prior[k])
            for i in range(first[task], first[task + 1]):
                said = uint64(column[i]) * uint64(labels)
                for k in range(labels):
                    weight = with_item(weight, k, weight[k] * chance[said + uint64(k)])
            total = 0.0
            for k in range(labels):
                total += weight[k]
            if total < FAINT:
                _in_logs(column[first[task]:first[task + 1]], chance, prior, flat[task * labels:(task + 1) * labels])
            else:
                scale = 1.0 / total
                for k in range(labels):
                    flat[own + uint64(k)] = weight[k] * scale

    return _njit(expect)


@cache
def _scatter_few(fixed: int) -> Kernel:
    ones = (1.0,) * fixed

    def scatter(column: Any, first: Any, flat: Any, sums: Any, start: int, end: int, labels: int) -> None:
        for task in range(start, end):
            own = uint64(task * fixed)
            weight = ones
            for k in range(fixed):
                weight = with_item(weight, k, flat[own + uint64(k)])
            for i in range(first[task], first[task + 1]):
                said = uint64(column[i]) * uint64(fixed)
                for k in range(fixed):
                    sums[said + uint64(k)] += weight[k]

    return _njit(scatter)
