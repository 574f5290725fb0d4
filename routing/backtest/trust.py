"""How far the model's probabilities can be believed: learned from tasks of which people said something.

Tasks are sorted by the probability p that the model gave its own prediction, into `BINS` of equal size. The prediction
is right with logit⁻¹(slope · logit p + bias + shift): one slope for all, as a model that is too sure of itself is so
the more the surer it is (Platt 1999), one bias a predicted label, as common labels are right more often, and one shift
a bin. A shift is near that of the next bin (a random walk), so that what is known where people answered reaches where
the machine accepts, with less and less certainty. The other labels share the rest as the model had it, mixed with how
common they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray, normalised

BINS = 8
LEAST = 25
"""Tasks in a bin, at least."""

GRID: FloatArray = np.arange(41) / 5 - 4.0
"""Shifts considered."""

SLOPES: FloatArray = np.arange(14) / 10
HONEST = 0.5
"""Chance, before anything is seen, that the slope is about 1: what the model says was calibrated."""

STEP = 0.7
"""Standard deviation of the difference between the shifts of two neighbouring bins."""

WIDTH = 1.0
"""Standard deviation of a shift before anything is seen."""

COMMON = 0.2
"""Part of what is left for the other labels that follows how common they are."""


class Trust:
    """Draws slope, biases and shifts, and gives each task's prior over labels under them."""

    def __init__(self, model: FloatArray, said: IntArray) -> None:
        """`model` (T, K); `said` places of tasks with a prediction."""
        self.said = said
        self.model = model[said]
        size = len(self.model)
        self.best = self.model.argmax(1)
        claimed = np.clip(self.model[np.arange(size), self.best], 1e-4, 1 - 1e-4)
        self.logit = np.log(claimed / (1 - claimed))
        bins = int(np.clip(size // LEAST, 1, BINS))
        rank = np.argsort(np.argsort(claimed, kind="stable"), kind="stable")
        self.bin = rank * bins // max(size, 1)
        self.shift = np.zeros(bins)
        self.bias = np.zeros(self.model.shape[1])
        self.slope = 1.0
        near = np.abs(SLOPES - 1) < 0.15
        self.before = np.log(np.where(near, HONEST / near.sum(), (1 - HONEST) / (~near).sum()))

    def start(self, rng: np.random.Generator) -> None:
        """Start from what may be before anything is seen."""
        self.shift[:] = rng.normal(0, WIDTH)
        self.slope = float(rng.choice(SLOPES, p=np.exp(self.before)))

    def draw(self, truth: IntArray, known: NDArray[np.bool_], rng: np.random.Generator) -> None:
        """New slope, biases and shifts, given labels `truth` (T,); only tasks `known` (T,) from answers count."""
        use = np.flatnonzero(known[self.said])
        sign = np.where(truth[self.said[use]] == self.best[use], 1.0, -1.0)
        own, label, logit = self.bin[use], self.best[use], self.logit[use]
        total = np.zeros((len(self.bias), len(GRID)))
        np.add.at(total, label, _log(sign[:, None] * ((self.slope * logit + self.shift[own])[:, None] + GRID)))
        for k in range(len(self.bias)):
            self.bias[k] = _one(GRID, total[k] - GRID ** 2 / (2 * WIDTH ** 2), rng)
        total = np.zeros((len(self.shift), len(GRID)))
        np.add.at(total, own, _log(sign[:, None] * ((self.slope * logit + self.bias[label])[:, None] + GRID)))
        for b in range(len(self.shift)):
            chance = total[b] - GRID ** 2 / (2 * WIDTH ** 2)
            for value in [self.shift[i] for i in (b - 1, b + 1) if 0 <= i < len(self.shift)]:
                chance = chance - (GRID - value) ** 2 / (2 * STEP ** 2)
            self.shift[b] = _one(GRID, chance, rng)
        line = logit[:, None] * SLOPES + (self.shift[own] + self.bias[label])[:, None]
        self.slope = _one(SLOPES, self.before + _log(sign[:, None] * line).sum(0), rng)

    def prior(self, shares: FloatArray) -> FloatArray:
        """(len(said), K) chance of each label, before answers; `shares` (K,) how common labels are."""
        rows = np.arange(len(self.said))
        right = np.exp(_log(self.slope * self.logit + self.shift[self.bin] + self.bias[self.best]))
        others = self.model.copy()
        others[rows, self.best] = 0.0
        common = np.broadcast_to(shares, others.shape).copy()
        common[rows, self.best] = 0.0
        rest = (1 - COMMON) * normalised(others + 1e-9) + COMMON * normalised(common + 1e-9)
        rest[rows, self.best] = 1e-12
        prior = (1 - right)[:, None] * normalised(rest)
        prior[rows, self.best] = right
        return np.asarray(normalised(prior))


def _log(x: FloatArray) -> FloatArray:
    """log logit⁻¹(x)."""
    return np.asarray(-np.logaddexp(0.0, -x))


def _one(values: FloatArray, logs: FloatArray, rng: np.random.Generator) -> float:
    """One of evenly spaced values with these log weights, and a little beside it."""
    weight = np.cumsum(np.exp(logs - logs.max()))
    at = min(int(np.searchsorted(weight, rng.random() * weight[-1])), len(values) - 1)
    step = float(values[1] - values[0]) / 2
    return float(values[at]) + float(rng.uniform(-step, step))
