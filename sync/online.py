"""The consensus of one task from the last fit: what a new answer changes at once.

Costs O(answers x labels²) a task, however many annotators and tasks there are: only those who answered are looked
up. It differs from a full run in that confusions and class shares stay as they were. When the answers have grown by
a quarter, a full run gives the same label to 98 to 100 % of the changed tasks where an annotator has many answers, to
97 % where they are few (recorded crowds; at least 95 % is held by a test), and to 90 % of a simulated crowd with ten
labels whose members are wrong every other time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray, softmax
from sync.consensus import ANNOTATOR_WEIGHT
from sync.effective import effective as effective_of
from sync.effective import worth
from sync.probability import calibrated, cautious, choosing, doubt


@dataclass(frozen=True, slots=True)
class Known:
    """What the last fit knows: class shares (K,), the crowd's confusion (K, K), and each annotator's confusion and
    expected counts (W, K, K)."""

    prior: FloatArray
    pooled: FloatArray
    confusion: FloatArray
    counts: FloatArray


def known(prior: FloatArray, pooled: FloatArray, confusion: FloatArray, counts: FloatArray) -> Known:
    """What is known from a fit's (or the store's) arrays of these names. Nothing is computed, nothing copied."""
    return Known(prior, pooled, confusion, counts)


def posterior(known: Known, annotator: IntArray, label: IntArray) -> tuple[FloatArray, FloatArray]:
    """Posterior (K,) that chooses the label, and probability (K,) to believe, of one task from its n answers.

    `annotator` holds rows of `known.confusion`, or -1 for somebody whom the last fit did not see: they count as the
    crowd does.
    """
    labels, given = len(known.prior), np.arange(len(label))
    votes = np.bincount(label, minlength=labels).astype(np.float64)[None]
    confusion, counts = of(known, annotator)
    seen = counts.sum((1, 2))
    voted = doubt(np.zeros(len(label), int), given, seen, ANNOTATOR_WEIGHT * labels, 1)
    evidence = _evidence(confusion[given, :, label])[None]
    wary = cautious(confusion, counts, ANNOTATOR_WEIGHT)[given, :, label]
    careful = softmax(np.log(np.maximum(wary, 1e-300)).sum(0) + np.log(known.prior))[None]
    chosen = choosing(evidence, known.prior, careful, votes, voted)
    return chosen[0], calibrated(careful, votes, chosen.argmax(1))[0]


def effective(known: Known, annotator: IntArray) -> float:
    """How many average answers those of these annotators (rows as in `posterior`) to one task are worth."""
    confusion, _ = of(known, annotator)
    value = worth(np.asarray(confusion), known.pooled, known.prior)
    return float(effective_of(np.zeros(len(annotator), int), value, 1)[0])


def of(known: Known, annotator: IntArray) -> tuple[FloatArray, FloatArray]:
    """Confusion and counts of who gave each of n answers, (n, K, K) both: the crowd's and none where it is -1."""
    stranger = (annotator < 0)[:, None, None]
    if not len(known.confusion):
        crowd = np.broadcast_to(known.pooled, (len(annotator), *known.pooled.shape))
        return crowd, np.zeros(crowd.shape)
    own = np.maximum(annotator, 0)
    return (np.where(stranger, known.pooled, known.confusion[own]), np.where(stranger, 0.0, known.counts[own]))


def _evidence(likely: FloatArray) -> FloatArray:
    """What the answers alone say: (K,) from how likely each was under each truth (n, K); uniform without any."""
    return softmax(np.log(np.maximum(likely, 1e-300)).sum(0))
