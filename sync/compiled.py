"""The passes of `sync.passes` compiled by numba (extra `fast`): same results, several times as fast.

Tasks are handled a block at a time, which stays in the processor's cache from the first sum to the last; the
exponentials in between are numpy's, which are vectorised. For few labels a kernel is compiled for just their number,
so that its inner loops unroll. The machine code is kept beside this file or in numba's own folder, where either can
be written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.passes import TINY, by_answer, by_truth

UNROLLED = 8
"""Up to so many labels each number has kernels of its own; more share theirs."""

BLOCK = 8_192
"""Floats of the posterior handled at a time: 64 KB."""

NOBODY: IntArray = np.zeros(0, np.int32)
"""Stands for: no task's label is known."""

Kernel = Callable[..., None]


@dataclass(frozen=True, slots=True)
class CompiledPasses:
    """Passes over answers as `sync.passes.by_task` gives them."""

    column: IntArray
    first: IntArray
    tasks: int
    annotators: int
    labels: int

    def counts(self, posterior: FloatArray) -> FloatArray:
        """See `sync.passes.Passes`."""
        _, _, scatter = self._kernels()
        sums = np.zeros(self.annotators * self.labels * self.labels)
        flat = np.ascontiguousarray(posterior, np.float64).reshape(-1)
        scatter(self.column, self.first, flat, sums, 0, self.tasks, self.labels)
        return by_truth(sums, self.annotators, self.labels)

    def expect(self, confusion: FloatArray, prior: FloatArray) -> FloatArray:
        """See `sync.passes.Passes`."""
        return self._turn(confusion, prior, NOBODY, None)

    def turn(self, confusion: FloatArray, prior: FloatArray, known: IntArray | None = None,
             ) -> tuple[FloatArray, FloatArray]:
        """See `sync.passes.Passes`."""
        sums = np.zeros(self.annotators * self.labels * self.labels)
        posterior = self._turn(confusion, prior, NOBODY if known is None else known.astype(np.int32), sums)
        return posterior, by_truth(sums, self.annotators, self.labels)

    def _turn(self, confusion: FloatArray, prior: FloatArray, known: IntArray, sums: FloatArray | None) -> FloatArray:
        """Posterior; where there are `sums`, the counts are added to them."""
        gather, finish, scatter = self._kernels()
        logs, shares = by_answer(confusion).reshape(-1), np.log(np.maximum(prior, TINY))
        flat = np.empty(self.tasks * self.labels)
        step = max(BLOCK // self.labels, 1)
        for start in range(0, self.tasks, step):
            end = min(start + step, self.tasks)
            gather(self.column, self.first, logs, shares, flat, start, end, self.labels)
            part = flat[start * self.labels:end * self.labels]
            np.exp(part, out=part)
            finish(known, flat, start, end, self.labels)
            if sums is not None:
                scatter(self.column, self.first, flat, sums, start, end, self.labels)
        return flat.reshape(self.tasks, self.labels)

    def _kernels(self) -> tuple[Kernel, Kernel, Kernel]:
        fixed = self.labels if self.labels <= UNROLLED else 0
        return _gather(fixed), _finish(fixed), _scatter(fixed)


# Indices are cast to unsigned integers: for signed ones numba checks whether each is negative.


@cache
def _gather(fixed: int) -> Kernel:
    """Log weights of each task's labels, the largest 0; compiled for `fixed` labels, any number where that is 0."""

    def gather(column: Any, first: Any, logs: Any, shares: Any, flat: Any, start: int, end: int, given: int) -> None:
        labels = fixed or given
        for task in range(start, end):
            own = np.uint64(task * labels)
            for k in range(labels):
                flat[own + np.uint64(k)] = shares[k]
            for i in range(first[task], first[task + 1]):
                said = np.uint64(column[i]) * np.uint64(labels)
                for k in range(labels):
                    flat[own + np.uint64(k)] += logs[said + np.uint64(k)]
            top = flat[own]
            for k in range(1, labels):
                top = max(top, flat[own + np.uint64(k)])
            for k in range(labels):
                flat[own + np.uint64(k)] -= top

    return _njit(gather)


@cache
def _finish(fixed: int) -> Kernel:
    """Weights of each task scaled to sum to one; certainty where the label is known."""

    def finish(known: Any, flat: Any, start: int, end: int, given: int) -> None:
        labels = fixed or given
        for task in range(start, end):
            own = np.uint64(task * labels)
            total = 0.0
            for k in range(labels):
                total += flat[own + np.uint64(k)]
            scale = 1.0 / total
            for k in range(labels):
                flat[own + np.uint64(k)] *= scale
            if len(known) > 0 and known[task] >= 0:
                for k in range(labels):
                    flat[own + np.uint64(k)] = 0.0
                flat[own + np.uint64(known[task])] = 1.0

    return _njit(finish)


@cache
def _scatter(fixed: int) -> Kernel:
    """Each task's posterior added to the sums of everything that was answered to it."""

    def scatter(column: Any, first: Any, flat: Any, sums: Any, start: int, end: int, given: int) -> None:
        labels = fixed or given
        for task in range(start, end):
            own = np.uint64(task * labels)
            for i in range(first[task], first[task + 1]):
                said = np.uint64(column[i]) * np.uint64(labels)
                for k in range(labels):
                    sums[said + np.uint64(k)] += flat[own + np.uint64(k)]

    return _njit(scatter)


def _njit(function: Kernel) -> Kernel:
    """Compiled at first use; kept on disk where a folder for it can be written."""
    import numba

    try:
        kept: Kernel = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder can be written: compile anew in every process
        kept = numba.njit(nogil=True)(function)
    return kept
