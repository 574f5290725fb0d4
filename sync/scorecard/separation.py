"""Who can tell A from B: what decides whom to ask when a task is one of two labels."""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray
from sync.performance import beta_interval

WEIGHT = 4.0
"""Answers' worth of the crowd in each annotator's chance, as in the consensus itself."""


def separates(counts: FloatArray, a: int, b: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Chance to tell labels `a` and `b` apart, low, high, and answers it rests on. Four (W,).

    `counts` (W, K, K) are confusion counts, rows the truth. The chance is the mean of P(answers a | is a) and
    P(answers b | is b), among answers that are either; .5 is guessing. It is shrunk to the crowd's by WEIGHT answers
    a row; the interval (Jeffreys for each row, joined as independent) also counts those answers, so that somebody
    unknown is given the crowd's chance with a wide interval. Raises ValueError when `a` equals `b`.
    """
    if a == b:
        raise ValueError(f"label {a} cannot be told apart from itself")
    value: FloatArray = np.zeros(len(counts))
    below, above = np.zeros(len(counts)), np.zeros(len(counts))
    answers: FloatArray = np.zeros(len(counts))
    for truth, other in ((a, b), (b, a)):
        hit, miss = counts[:, truth, truth], counts[:, truth, other]
        crowd = (hit.sum() + 1.0) / (hit.sum() + miss.sum() + 2.0)
        hit, miss = hit + WEIGHT * crowd, miss + WEIGHT * (1 - crowd)
        share = hit / (hit + miss)
        low, high = beta_interval(hit, miss)
        value += share / 2
        below += (share - low) ** 2
        above += (high - share) ** 2
        answers += hit + miss - WEIGHT
    return (value, np.maximum(value - np.sqrt(below) / 2, 0.0), np.minimum(value + np.sqrt(above) / 2, 1.0), answers)


def confused_pairs(counts: FloatArray, most: int = 6) -> list[tuple[int, int]]:
    """The pairs of labels that the crowd confuses most, first the worst: those worth asking `separates` about."""
    both = counts.sum(0)
    both = both + both.T
    a, b = np.triu_indices(len(both), 1)
    order = np.argsort(-both[a, b], kind="stable")[:most]
    return [(int(a[at]), int(b[at])) for at in order if both[a[at], b[at]] > 0.5]
