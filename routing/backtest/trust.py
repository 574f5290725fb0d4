"""How far the model's probabilities can be believed: learned from tasks of which people said something.

Tasks are sorted by the probability p that the model gave its own prediction, into `BINS` of equal size. In each the
prediction is right with logit⁻¹(logit p + shift), one shift a bin. A shift is near that of the next bin (a random
walk), so that what is known where people answered reaches where the machine accepts, with less and less certainty.
The other labels share the rest as the model had it, mixed with how common they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray, normalised

BINS = 8
LEAST = 25
"""Tasks in a bin, at least."""

GRID = np.linspace(-6.0, 6.0, 61)
"""Shifts considered."""

STEP = 0.6
"""Standard deviation of the difference between the shifts of two neighbouring bins."""

WIDTH = 1.5
"""Standard deviation of a shift before anything is seen: a model may well be much too sure of itself."""

COMMON = 0.2
"""Part of what is left for the other labels that follows how common they are."""


class Trust:
    """Draws shifts, and gives each task's prior over labels under them."""

    def __init__(self, model: FloatArray, said: IntArray) -> None:
        """`model` (T, K); `said` places of tasks with a prediction."""
        self.said = said
        self.model = model[said]
        size, self.labels = self.model.shape
        self.best = self.model.argmax(1)
        claimed = np.clip(self.model[np.arange(size), self.best], 1e-4, 1 - 1e-4)
        self.logit = np.log(claimed / (1 - claimed))
        bins = int(np.clip(size // LEAST, 1, BINS))
        rank = np.argsort(np.argsort(claimed, kind="stable"), kind="stable")
        self.bin = rank * bins // max(size, 1)
        self.shift = np.zeros(bins)
        right = 1 / (1 + np.exp(-(self.logit[:, None] + GRID)))
        self.log_right, self.log_wrong = np.log(right), np.log1p(-right)

    def start(self, rng: np.random.Generator) -> None:
        """Start from what may be before anything is seen."""
        self.shift[:] = rng.normal(0, WIDTH)

    def draw(self, truth: IntArray, known: NDArray[np.bool_], rng: np.random.Generator) -> None:
        """New shifts, given labels `truth` (T,); only tasks that are `known` (T,) of people's answers count."""
        use = np.flatnonzero(known[self.said])
        right = truth[self.said[use]] == self.best[use]
        logs = np.where(right[:, None], self.log_right[use], self.log_wrong[use])
        total = np.zeros((len(self.shift), len(GRID)))
        np.add.at(total, self.bin[use], logs)
        for b in range(len(self.shift)):
            near = [self.shift[i] for i in (b - 1, b + 1) if 0 <= i < len(self.shift)]
            chance = total[b] - GRID ** 2 / (2 * WIDTH ** 2)
            for value in near:
                chance = chance - (GRID - value) ** 2 / (2 * STEP ** 2)
            weight = np.cumsum(np.exp(chance - chance.max()))
            at = int(np.searchsorted(weight, rng.random() * weight[-1]))
            self.shift[b] = GRID[min(at, len(GRID) - 1)] + rng.uniform(-0.1, 0.1)

    def prior(self, shares: FloatArray) -> FloatArray:
        """(len(said), K) chance of each label, before answers; `shares` (K,) how common labels are."""
        rows = np.arange(len(self.said))
        right = 1 / (1 + np.exp(-(self.logit + self.shift[self.bin])))
        others = self.model.copy()
        others[rows, self.best] = 0.0
        common = np.broadcast_to(shares, others.shape).copy()
        common[rows, self.best] = 0.0
        rest = (1 - COMMON) * normalised(others + 1e-9) + COMMON * normalised(common + 1e-9)
        rest[rows, self.best] = 0.0
        prior = (1 - right)[:, None] * normalised(rest + 1e-12 * (others >= 0))
        prior[rows, self.best] = right
        return np.asarray(normalised(prior))
