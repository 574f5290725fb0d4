"""The passes of `sync.passes` compiled by numba (extra `fast`): same results, one sweep over the answers each.

Kernels are compiled for the number of labels, so that their inner loops unroll; the machine code is kept beside
this file, or in numba's own folder, where either can be written.
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
"""Up to so many labels a kernel of their own is compiled; more share one."""

NOBODY: IntArray = np.zeros(0, np.int32)
"""Stands for: no label is known."""


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
        sums = self._sums()
        _kernels(self.labels)[0](self.column, self.first, np.ascontiguousarray(posterior, np.float64), sums)
        return by_truth(sums, self.annotators, self.labels)

    def expect(self, confusion: FloatArray, prior: FloatArray) -> FloatArray:
        """See `sync.passes.Passes`."""
        return self._pass(confusion, prior, NOBODY, np.zeros((0, self.labels)))

    def turn(self, confusion: FloatArray, prior: FloatArray, known: IntArray | None = None,
             ) -> tuple[FloatArray, FloatArray]:
        """See `sync.passes.Passes`."""
        sums = self._sums()
        posterior = self._pass(confusion, prior, NOBODY if known is None else known.astype(np.int32), sums)
        return posterior, by_truth(sums, self.annotators, self.labels)

    def _sums(self) -> FloatArray:
        return np.zeros((self.annotators * self.labels, self.labels))

    def _pass(self, confusion: FloatArray, prior: FloatArray, known: IntArray, sums: FloatArray) -> FloatArray:
        posterior = np.empty((self.tasks, self.labels))
        shares = np.log(np.maximum(prior, TINY))
        _kernels(self.labels)[1](self.column, self.first, by_answer(confusion), shares, known, posterior, sums)
        return posterior


def _kernels(labels: int) -> tuple[Callable[..., None], Callable[..., None]]:
    return _compiled(labels if labels <= UNROLLED else 0)


@cache
def _compiled(fixed: int) -> tuple[Callable[..., None], Callable[..., None]]:
    """Kernels for `fixed` labels, or for any number where it is 0."""

    def counts(column: Any, first: Any, posterior: Any, sums: Any) -> None:
        labels = fixed if fixed else posterior.shape[1]
        for t in range(posterior.shape[0]):
            for i in range(first[t], first[t + 1]):
                row = column[i]
                for k in range(labels):
                    sums[row, k] += posterior[t, k]

    def turn(column: Any, first: Any, logs: Any, shares: Any, known: Any, posterior: Any, sums: Any) -> None:
        labels = fixed if fixed else posterior.shape[1]
        own = np.empty(labels)
        for t in range(posterior.shape[0]):
            for k in range(labels):
                own[k] = shares[k]
            for i in range(first[t], first[t + 1]):
                row = column[i]
                for k in range(labels):
                    own[k] += logs[row, k]
            if len(known) and known[t] >= 0:
                for k in range(labels):
                    own[k] = 0.0
                own[known[t]] = 1.0
            else:
                top = own[0]
                for k in range(1, labels):
                    top = max(top, own[k])
                total = 0.0
                for k in range(labels):
                    own[k] = np.exp(own[k] - top)
                    total += own[k]
                for k in range(labels):
                    own[k] /= total
            for k in range(labels):
                posterior[t, k] = own[k]
            if len(sums):
                for i in range(first[t], first[t + 1]):
                    row = column[i]
                    for k in range(labels):
                        sums[row, k] += own[k]

    return _njit(counts), _njit(turn)


def _njit(function: Callable[..., None]) -> Callable[..., None]:
    """Compiled at first use; kept on disk where a folder for it can be written."""
    import numba

    try:
        kept: Callable[..., None] = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder can be written: compile anew in every process
        kept = numba.njit(nogil=True)(function)
    return kept
