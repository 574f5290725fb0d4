"""The short score of a version on tasks that it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml_backend.calibration import Floats, Ints, ece, nll
from ml_backend.judging.intervals import wilson

FLOOR = 1e-3
"""Least probability in comparisons, so that one bold mistake does not decide alone."""


@dataclass(frozen=True, slots=True)
class Score:
    """Quality on held-out tasks."""

    tasks: int
    blind: bool
    """Only blind answers judged; else suggestions may have anchored some."""
    accuracy: float | None
    low: float | None
    high: float | None
    """95 % Wilson interval. None: no held-out task yet."""
    nll: float | None = None
    ece: float | None = None


def scored(probabilities: Floats, truth: Ints, blind: bool) -> Score:
    """Score of probabilities (n, K) about n tasks with the labels `truth` (n,)."""
    if not len(truth):
        return Score(0, blind, None, None, None)
    right = probabilities.argmax(axis=1) == truth
    low, high = wilson(int(right.sum()), len(right))
    return Score(len(right), blind, float(right.mean()), low, high,
                 nll(np.maximum(probabilities, FLOOR), truth), ece(probabilities, truth))
