"""What a linear model made of some texts, and which words made it so: exact, for a linear model is a sum."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ml_backend.calibration import Floats, Ints
from ml_backend.models.grams import begins
from ml_backend.models.reading import Spoke
from ml_backend.models.tfidf import Weighed


class LinearReading:
    """See `Reading`."""

    def __init__(self, weighed: Weighed, coefficients: Floats, intercept: Floats) -> None:
        """`coefficients` are (features, classes)."""
        self._weighed, self._coefficients, self._intercept = weighed, coefficients, intercept

    @cached_property
    def logits(self) -> Floats:
        """See `Reading.logits`."""
        return np.asarray(self._weighed.matrix() @ self._coefficients + self._intercept, dtype=np.float64)

    def spoke(self, best: Ints, second: Ints) -> Spoke:
        """See `Reading.spoke`. A piece speaks for the word it is cut from, a pair in equal parts for its two words."""
        counted = self._weighed.counted
        flat, classes = self._coefficients.ravel(), self._coefficients.shape[1]
        cell = counted.column * classes
        lead = flat[cell + best[counted.row]] - flat[cell + second[counted.row]]
        each = self._weighed.values * lead / counted.count
        placed = np.bincount(counted.place, each[counted.gram], minlength=len(counted.first)).astype(np.float64)
        text, word, nats = _by_word(counted.where, counted.first, counted.second, placed)
        return Spoke(text, word, nats, counted.words, self._intercept[best] - self._intercept[second])


def _by_word(where: Ints, first: Ints, second: Ints, weight: Floats) -> tuple[Ints, Ints, Floats]:
    """(text, word, weight) of each word of each text, once, in the order in which they stand there.

    `weight` is that of each place.
    """
    if not len(where):
        return where, first, weight
    low = int(max(first.max(), second.max())).bit_length()
    codes = np.concatenate([(where << low) + first, (where << low) + second])
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    new = np.flatnonzero(begins(codes))
    summed = np.add.reduceat(np.concatenate([weight, weight])[order], new) / 2
    spoken = np.argsort(order[new])
    codes = codes[new[spoken]]
    return codes >> low, codes & (1 << low) - 1, summed[spoken]
