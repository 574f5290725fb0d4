"""Answers that are right hardly more often than guesses: somebody who clicks at random, or does not see what is asked.

Who answers with their own favourite labels, but without looking, is right with the chance that the labels of two such
draws agree. Whether an annotator is nearer to that than to the crowd's mean accuracy is a one-sided test, corrected
over the team (Holm), and their whole interval must lie below the midpoint, which allows for what the others leave in
doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.performance import Performance
from sync.scorecard.correction import holm


@dataclass(frozen=True, slots=True)
class Guessing:
    """Of each of W annotators: accuracy that guessing would have, corrected p, and whether it is told. All (W,)."""

    chance: FloatArray
    p: FloatArray
    told: NDArray[np.bool_]


def guessing(annotator: IntArray, label: IntArray, shares: FloatArray, judged: Performance, mean: float, *,
             level: float = 0.05) -> Guessing:
    """Who is nearer to guessing than to the crowd's `mean` accuracy; `shares` (K,) are those of the labels.

    `annotator` and `label` (N,) are the answers that `judged` (W,) judges.
    """
    from scipy.special import ndtr

    people, labels = len(judged.accuracy), len(shares)
    own = np.bincount(annotator * labels + label, minlength=people * labels).reshape(people, labels)
    chance = own @ shares / np.maximum(own.sum(1), 1)
    middle = (chance + mean) / 2
    spread = np.sqrt(np.maximum(middle * (1 - middle), 1e-9) / np.maximum(judged.effective, 1e-9))
    p = holm(np.where(judged.answers > 0, ndtr((judged.accuracy - middle) / spread), 1.0))
    return Guessing(chance, p, (p <= level) & (judged.high < middle) & (chance < mean))
