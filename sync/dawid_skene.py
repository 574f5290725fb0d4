"""Plain Dawid-Skene (1979), as crowd-kit computes it: the reference to compare with, not what we use.

It is not safe with few answers per annotator (weather_cf: 78 % against majority vote's 90 %);
`sync.consensus` is what decides labels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray, label_counts, moved, normalised, totals
from sync.majority import majority
from sync.passes import TINY, passes

LEAST = 1e-10
"""An expected count is at least this for every label that the annotator ever gave."""


def dawid_skene(task: IntArray, annotator: IntArray, label: IntArray, *, tasks: int, annotators: int,
                labels: int, iterations: int = 100, tolerance: float = 1e-6,
                compiled: bool | None = None) -> FloatArray:
    """Posterior of each task's label, (tasks, labels), by EM from the majority vote.

    Stops when no posterior moves by more than `tolerance`; 0 never stops early. At equal iterations the posteriors
    are crowd-kit's. `compiled` as in `sync.passes.passes`. Raises ValueError for an index out of range.
    """
    run = passes(task, annotator, label, tasks=tasks, annotators=annotators, labels=labels, compiled=compiled)
    given = label_counts(annotator, label, annotators, labels)[:, None, :] > 0
    posterior = majority(task, label, tasks=tasks, labels=labels)
    counts = run.counts(posterior)
    for _ in range(iterations if tasks else 0):
        prior = np.clip(normalised(totals(posterior)), LEAST, None)
        before = posterior
        posterior, counts = run.turn(_confusion(counts, given), prior)
        if tolerance > 0 and moved(posterior, before) < tolerance:
            break
    return posterior


def _confusion(counts: FloatArray, given: NDArray[np.bool_]) -> FloatArray:
    """Confusions (W, K, K) from expected counts; labels that an annotator never gave are impossible for them."""
    floored = np.where(given, np.maximum(counts, LEAST), TINY)
    floored /= floored.sum(2, keepdims=True)
    return floored
