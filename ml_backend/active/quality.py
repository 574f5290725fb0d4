"""How good a model is on texts that it never learned from, and how many labels it took to be that good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml_backend.calibration import Floats, Ints
from ml_backend.judging.intervals import wilson
from ml_backend.judging.labels import macro


@dataclass(frozen=True, slots=True)
class Quality:
    """Of a model that had so many labels."""

    labels: int
    accuracy: float
    macro_f1: float
    """Mean F1 of the labels that occur among the answers or in truth."""
    low: float
    high: float
    """95 % interval of the accuracy (Wilson 1927)."""


def judge(labels: int, probabilities: Floats, truth: Ints) -> Quality:
    """Of probabilities (m, K) told of texts with labels `truth` (m,), at least one."""
    told = probabilities.argmax(axis=1)
    right, count, width = int((told == truth).sum()), len(truth), probabilities.shape[1]
    hits = np.bincount(truth[told == truth], minlength=width)
    both = np.bincount(told, minlength=width) + np.bincount(truth, minlength=width)
    return Quality(labels, right / count, macro(hits, both), *wilson(right, count))


def needed(labels: Sequence[int], scores: Sequence[float], target: float) -> float | None:
    """Labels with which the curve first reaches `target`, on a straight line between two sizes; None: it never does."""
    for place, score in enumerate(scores):
        if score >= target:
            if place == 0:
                return float(labels[0])
            part = (target - scores[place - 1]) / (score - scores[place - 1])
            return labels[place - 1] + part * (labels[place] - labels[place - 1])
    return None
