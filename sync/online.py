"""The consensus of one task from the last fit: what a new answer changes at once.

Costs O(answers x labels) a task, however large the project. It differs from a full run in that the others'
confusions stay as they were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray, softmax
from sync.probability import calibrated, with_votes


@dataclass(frozen=True, slots=True)
class Known:
    """What the last fit knows: class shares (K,), the crowd's confusion (K, K), each annotator's (W, K, K)."""

    prior: FloatArray
    pooled: FloatArray
    confusion: FloatArray


def posterior(known: Known, annotator: IntArray, label: IntArray) -> tuple[FloatArray, FloatArray]:
    """Posterior (K,) that chooses the label, and probability (K,) to believe, of one task from its answers.

    `annotator` holds rows of `known.confusion`, or -1 for somebody whom the last fit did not see.
    """
    labels = len(known.prior)
    votes = np.bincount(label, minlength=labels).astype(np.float64)[None]
    rows = np.where((annotator >= 0)[:, None], _rows(known.confusion, annotator, label), known.pooled[:, label].T)
    raw = softmax(np.log(known.prior) + np.log(np.maximum(rows, 1e-12)).sum(0))[None]
    return with_votes(raw, votes)[0], calibrated(raw, votes)[0]


def _rows(confusion: FloatArray, annotator: IntArray, label: IntArray) -> FloatArray:
    """P(this answer | truth k) of each answer: (n, K). Unknown annotators get any row; it is not used."""
    if not len(confusion):
        return np.ones((len(annotator), confusion.shape[-1]))
    return confusion[np.maximum(annotator, 0), :, label]
