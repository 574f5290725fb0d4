"""Folds for cross-validation that deal every class out evenly, even one with two examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
"""Parts of a cross-validation."""


def deal(classes: NDArray[np.int64], folds: int = FOLDS, seed: int = 0) -> NDArray[np.int64]:
    """A fold number for each example: each class shuffled and dealt out in turn, fold sizes kept even.

    A class with at least two examples is in the training part of every fold.
    """
    rng = np.random.default_rng(seed)
    dealt = np.empty(len(classes), dtype=np.int64)
    turn = 0
    for label in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == label))
        dealt[members] = (turn + np.arange(len(members))) % folds
        turn += len(members)
    return dealt
