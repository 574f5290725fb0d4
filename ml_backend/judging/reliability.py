"""Whether scores can be believed: the reliability curve, and the calibration error that chance alone makes.

The expected calibration error of few tasks is above 0 even for a model that says exactly what is true; how much is
found by drawing right and wrong as its scores say (Bröcker and Smith 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml_backend.calibration import BINS, Floats, Ints

DRAWS = 200
"""Times that right and wrong are drawn."""
SEED = 20_261
BLOCK = 2_000_000
"""Draws held at a time."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Tasks whose scores lie from `low` to `high`."""

    low: float
    high: float
    tasks: int
    score: float
    """Their mean score."""
    accuracy: float
    """The share of them that is right."""


def curve(probabilities: Floats, truth: Ints, bins: int = BINS) -> list[Bin]:
    """The bins that hold tasks, by the score of the first label; of probabilities (n, K) and labels (n,)."""
    score, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    at = _bins(score, bins)
    return [Bin(number / bins, (number + 1) / bins, int(here.sum()), float(score[here].mean()),
                float(right[here].mean())) for number in range(bins) if (here := at == number).any()]


def by_chance(probabilities: Floats, bins: int = BINS) -> float:
    """Mean calibration error of a model that is right exactly as often as its scores (n, K) say, on n tasks."""
    score = np.clip(probabilities.max(axis=1), 0.0, 1.0)
    at, count = _bins(score, bins), len(score)
    if not count:
        return 0.0
    rng, total, left = np.random.default_rng(SEED), 0.0, DRAWS
    while left:
        some = min(left, max(1, BLOCK // count))
        gap = (rng.random((some, count)) < score) - score
        sums = np.zeros((some, bins))
        for number in np.unique(at):
            sums[:, number] = gap[:, at == number].sum(axis=1)
        total += float(np.abs(sums).sum())
        left -= some
    return total / (DRAWS * count)


def _bins(score: Floats, bins: int) -> Ints:
    found: Ints = np.minimum((score * bins).astype(np.int64), bins - 1)
    return found
