"""The passes of `sync.passes` compiled by numba (extra `fast`): same results, several times as fast.

A posterior is a plain product of chances: no logarithms and no exponentials, unless it is so small that it must be
(`sync.kernels`). Tasks are handled a block at a time, which stays in the processor's cache from one loop to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.passes import TINY, by_truth, pinned

BLOCK = 8_192
"""Floats of the posterior handled at a time: 64 KB."""


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
        from sync.kernels import scattering

        sums = np.zeros(self.annotators * self.labels * self.labels)
        flat = np.ascontiguousarray(posterior, np.float64).reshape(-1)
        scattering(self.labels)(self.column, self.first, flat, sums, 0, self.tasks, self.labels)
        return by_truth(sums, self.annotators, self.labels)

    def expect(self, confusion: FloatArray, prior: FloatArray) -> FloatArray:
        """See `sync.passes.Passes`."""
        return self._turn(confusion, prior, None, None)

    def turn(self, confusion: FloatArray, prior: FloatArray, known: IntArray | None = None,
             ) -> tuple[FloatArray, FloatArray]:
        """See `sync.passes.Passes`."""
        sums = np.zeros(self.annotators * self.labels * self.labels)
        posterior = self._turn(confusion, prior, known, sums)
        return posterior, by_truth(sums, self.annotators, self.labels)

    def _turn(self, confusion: FloatArray, prior: FloatArray, known: IntArray | None,
              sums: FloatArray | None) -> FloatArray:
        """Posterior; where there are `sums`, the counts are added to them."""
        from sync.kernels import expecting, scattering

        expect, scatter = expecting(self.labels), scattering(self.labels)
        chance = np.maximum(confusion.transpose(0, 2, 1), TINY).reshape(-1)
        shares = np.maximum(prior, TINY)
        flat = np.empty(self.tasks * self.labels)
        posterior = flat.reshape(self.tasks, self.labels)
        step = max(BLOCK // self.labels, 1)
        for start in range(0, self.tasks, step):
            end = min(start + step, self.tasks)
            expect(self.column, self.first, chance, shares, flat, start, end)
            pinned(posterior[start:end], None if known is None else known[start:end])
            if sums is not None:
                scatter(self.column, self.first, flat, sums, start, end, self.labels)
        return posterior
