"""Plain Dawid-Skene (1979), as crowd-kit computes it: the reference to compare with, not what we use.

It is not safe with few answers per annotator (weather_cf: 78 % against majority vote's 90 %);
`sync.consensus` is what decides labels.
"""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray, IntArray, incidence, label_counts, normalised, softmax
from sync.majority import majority


def dawid_skene(task: IntArray, annotator: IntArray, label: IntArray, *, tasks: int, annotators: int,
                labels: int, iterations: int = 100, tolerance: float = 1e-6) -> FloatArray:
    """Posterior of each task's label, (tasks, labels), by EM from the majority vote.

    Stops when no posterior moves by more than `tolerance`. An expected count is at least 1e-10 for every label that
    the annotator ever gave, as in crowd-kit: at equal iterations the posteriors are the same.
    """
    answers = incidence(task, annotator, label, tasks, annotators, labels)
    given = label_counts(annotator, label, annotators, labels)[:, :, None] > 0
    posterior = majority(task, label, tasks=tasks, labels=labels)
    for _ in range(iterations):
        counts = np.asarray(answers.T @ posterior).reshape(annotators, labels, labels)
        floored = np.where(given, np.maximum(counts, 1e-10), 1e-300)
        log_confusion = np.log(floored / floored.sum(1, keepdims=True)).reshape(-1, labels)
        log_prior = np.log(np.clip(normalised(posterior.sum(0)), 1e-10, None))
        moved, posterior = posterior, softmax(np.asarray(answers @ log_confusion) + log_prior)
        if np.abs(posterior - moved).max(initial=0.0) < tolerance:
            break
    return posterior
