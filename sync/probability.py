"""From what EM found to a label that can be defended and a probability that can be believed.

EM posteriors are far too sure. Each annotator's confusion was fitted to the very labels it then speaks for: so
it is drawn back to the prior. The answers to one task are not independent, as a hard task misleads everybody: so
n of them count as much as the square root of n. And a little of the plain vote share is mixed in. On eight real
sets the expected calibration error is 4 %; on copies of them with two answers a task what is claimed is three points
too high, with three or five it is right on the mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray, normalised

CAUTION = 64.0
"""Answers' worth of the prior on each row of a confusion, where the probability is computed."""

INDEPENDENCE = 0.5
"""n answers to one task are worth n to this power of independent ones."""

ALIKE = 0.25
"""Correlation of two answers to one task beyond its label: where a label is chosen, n answers are worth
n / (1 + ALIKE (n - 1)) independent ones, the design effect of a sample in clusters (Kish 1965)."""

LEAST_WORTH = 0.3
"""But each is worth at least so much of an independent one."""

VOTES_IN_PROBABILITY = 0.1
"""Share of the plain vote in the calibrated probability."""

VOTES_IN_LABEL = 0.3
"""Least share of the plain vote when the label is chosen: it keeps the worst case near majority vote."""


MOST_DOUBT = 0.9
"""However little is known of the annotators, the model keeps a voice: it breaks ties."""


def vote_share(votes: FloatArray) -> FloatArray:
    """Answers per task and label (T, K) as shares; uniform where nobody answered."""
    total = votes.sum(1, keepdims=True)
    return np.where(total > 0, votes / np.maximum(total, 1), 1 / max(votes.shape[1], 1))


def doubt(task: IntArray, annotator: IntArray, seen: FloatArray, prior: float, tasks: int) -> FloatArray:
    """How much of what is taken for known of a task's annotators is prior, not observed: (tasks, 1), from 0 to 1.

    `seen` (W,) answers of each annotator stand beside a prior on their confusion worth `prior` answers; the mean over
    the task's answers counts (`task`, `annotator`: one place each an answer). 0 where nobody answered.
    """
    answers = np.bincount(task, minlength=tasks)
    unknown = np.bincount(task, weights=(prior / (prior + seen))[annotator], minlength=tasks)
    return np.asarray(np.minimum(unknown / np.maximum(answers, 1), MOST_DOUBT))[:, None]


def with_prior(evidence: FloatArray, prior: FloatArray, power: FloatArray | float = 1.0) -> FloatArray:
    """Posterior (T, K) from what the answers say (T, K; likelihoods up to a factor) to that `power`, and the prior."""
    logs = power * np.log(np.maximum(evidence, 1e-300)) + np.log(np.maximum(prior, 1e-300))
    return normalised(np.exp(logs - logs.max(1, keepdims=True)))


def choosing(evidence: FloatArray, prior: FloatArray, careful: FloatArray, votes: FloatArray,
             voted: FloatArray) -> FloatArray:
    """The posterior that chooses labels by argmax (T, K): the mean of the model's and the `careful` one, which rests
    on cautious confusions, mixed with the votes by `voted` (T, 1).

    The majority is overruled only where three readings of the same answers agree to do so: this mean; the answers
    alone, as class shares must not outvote what people said of this task; and the answers at a discount for not being
    independent, with the class shares, as many doubtful answers must not fill up a rare class. This is the caution of
    credal classification (Zaffalon 2002): act on what holds under every reasonable model, else stay with the default.
    Rounded, so that a tie goes to the label listed first and not to the noise of the last digit.
    """
    answers = votes.sum(1, keepdims=True)
    weight = np.where(answers > 0, np.maximum(voted, VOTES_IN_LABEL), 0.0)
    power = np.maximum(1 / (1 + ALIKE * np.maximum(answers - 1, 0)), LEAST_WORTH)
    plain = vote_share(votes)

    def reading(posterior: FloatArray) -> FloatArray:
        return np.asarray(((1 - weight) * posterior + weight * plain).round(12))

    found = reading((with_prior(evidence, prior) + careful) / 2)
    best, rows = found.argmax(1), np.arange(len(found))
    majority = np.where(votes == votes.max(1, keepdims=True), found, -1.0).argmax(1)
    agreed = np.ones(len(found), bool)
    for other in (reading(normalised(evidence)), reading(with_prior(evidence, prior, power))):
        agreed &= other[rows, best] >= other[rows, majority]
    return put_first(found, np.where(agreed, best, majority))


def cautious(confusion: FloatArray, counts: FloatArray, weight: float) -> FloatArray:
    """Confusions (W, K, K) drawn back to their prior, which is recovered from the fit: it was worth `weight` answers
    beside the expected `counts` (W, K, K). History counts as prior here."""
    seen = counts.sum(2, keepdims=True)
    prior = normalised(np.maximum((seen + weight) * confusion - counts, 1e-12))
    return np.asarray((counts + CAUTION * prior) / (seen + CAUTION))


def calibrated(posterior: FloatArray, votes: FloatArray, chosen: NDArray[np.intp]) -> FloatArray:
    """The probability to believe (T, K), from a posterior on cautious confusions and the votes behind it (T, K).

    The `chosen` label (T,) never has less than another one.
    """
    answers = votes.sum(1, keepdims=True)
    power = np.maximum(answers, 1) ** -INDEPENDENCE
    tempered = normalised(np.exp(power * np.log(np.maximum(posterior, 1e-300))))
    mixed = (1 - VOTES_IN_PROBABILITY) * tempered + VOTES_IN_PROBABILITY * vote_share(votes)
    return put_first(np.where(answers > 0, mixed, posterior), chosen)


def put_first(probability: FloatArray, chosen: NDArray[np.intp]) -> FloatArray:
    """Swap two values in the rare rows where another label than the chosen one has the most."""
    best = probability.argmax(1)
    rows = np.flatnonzero(best != chosen)
    if not len(rows):
        return probability
    swapped = probability.copy()
    swapped[rows, chosen[rows]] = probability[rows, best[rows]]
    swapped[rows, best[rows]] = probability[rows, chosen[rows]]
    return swapped
