"""The consensus of one task from the last fit: what a new answer changes at once.

Costs O(answers x labels) a task, however large the project. It differs from a full run in that the others'
confusions stay as they were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray, softmax
from sync.consensus import ANNOTATOR_WEIGHT
from sync.probability import calibrated, cautious, with_votes


@dataclass(frozen=True, slots=True)
class Known:
    """What the last fit knows: class shares (K,), the crowd's confusion (K, K), each annotator's (W, K, K), and the
    same drawn back to its prior (W, K, K), on which the probability rests."""

    prior: FloatArray
    pooled: FloatArray
    confusion: FloatArray
    careful: FloatArray


def known(prior: FloatArray, pooled: FloatArray, confusion: FloatArray, counts: FloatArray) -> Known:
    """What is known from a fit's (or the store's) arrays of these names."""
    return Known(prior, pooled, confusion, cautious(confusion, counts, ANNOTATOR_WEIGHT))


def posterior(known: Known, annotator: IntArray, label: IntArray) -> tuple[FloatArray, FloatArray]:
    """Posterior (K,) that chooses the label, and probability (K,) to believe, of one task from its answers.

    `annotator` holds rows of `known.confusion`, or -1 for somebody whom the last fit did not see.
    """
    votes = np.bincount(label, minlength=len(known.prior)).astype(np.float64)[None]
    choosing = with_votes(_expect(known, known.confusion, annotator, label), votes)
    careful = _expect(known, known.careful, annotator, label)
    return choosing[0], calibrated(careful, votes, choosing.argmax(1))[0]


def _expect(known: Known, confusion: FloatArray, annotator: IntArray, label: IntArray) -> FloatArray:
    """Posterior (1, K) of the task; who has no row in `confusion` (W, K, K) counts as the crowd does."""
    crowd = known.pooled[:, label].T
    own = confusion[np.maximum(annotator, 0), :, label] if len(confusion) else crowd
    likely = np.where((annotator >= 0)[:, None], own, crowd)
    return softmax(np.log(known.prior) + np.log(np.maximum(likely, 1e-12)).sum(0))[None]
