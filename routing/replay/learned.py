"""What a policy learns from the answers revealed so far: the consensus model, continued from where it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.choosing.belief import unvouched
from routing.replay.policy import Visible
from sync.arrays import FloatArray, label_counts, normalised, totals
from sync.consensus import Weights, majority_shares, shrunk
from sync.passes import passes
from sync.probability import doubt, vote_share

FIRST, MORE = 25, 6
"""Steps of EM on the first answers, and on a few more where it goes on from the last fit."""

WEIGHTS = Weights()


@dataclass(frozen=True, slots=True)
class Learned:
    """`belief` (T, K) of labels in which nobody vouches for themself, `confusion` (W, K, K); for going on, the
    model's `posterior` (T, K) and which tasks had answers `said` (T,)."""

    belief: FloatArray
    confusion: FloatArray
    posterior: FloatArray
    said: NDArray[np.bool_]


def learn(seen: Visible, before: Learned | None) -> Learned:
    """The model of `sync.consensus`, without its last steps that choose and calibrate labels, on what is revealed.

    All answers teach, also those alone with a task: who is asked again is chosen, so the others are the easy ones.
    """
    at = seen.revealed
    task, annotator, label = seen.task[at], seen.annotator[at], seen.label[at]
    answers = passes(task, annotator, label, tasks=seen.tasks, annotators=seen.annotators, labels=seen.labels)
    votes = label_counts(task, label, seen.tasks, seen.labels)
    said = votes.sum(1) > 0
    shares = majority_shares(votes[said])
    given = np.bincount(annotator, minlength=seen.annotators).astype(np.float64)
    voted = doubt(task, annotator, given, WEIGHTS.annotator * seen.labels, seen.tasks)
    spoken = voted * vote_share(votes)
    posterior = normalised(votes + 0.3 / seen.labels)
    if before is not None:
        posterior[before.said] = before.posterior[before.said]
    for _ in range(FIRST if before is None else MORE):
        confusion, _pool = shrunk(answers.counts(posterior), WEIGHTS)
        posterior = (1 - voted) * answers.expect(confusion, _shares(posterior[said], shares)) + spoken
    counts = answers.counts(posterior)
    confusion, _pool = shrunk(counts, WEIGHTS)
    belief = unvouched(task, annotator, label, posterior=posterior, confusion=confusion, counts=counts,
                       prior=_shares(posterior[said], shares))
    return Learned(belief, confusion, posterior, said)


def _shares(posterior: FloatArray, voted: FloatArray) -> FloatArray:
    """Class shares (K,): as the model has them, pulled to those by majority."""
    size = len(posterior)
    pulled = totals(posterior) + 1 + WEIGHTS.share * size * voted
    return np.asarray(pulled / pulled.sum())
