"""What is believed of each task when nobody vouches for themself.

In a fitted consensus every answer has taught something of who gave it, and then speaks for its task with that very
weight: a task that two unknown people happened to agree on looks settled, and routing leaves it alone. Here each
answer speaks only with what its giver's *other* answers taught (leave one out, as in cross-validation; Stone 1974),
so belief is calmer exactly where little is known of the people, and no calmer elsewhere.
"""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray, IntArray, softmax
from sync.consensus import ANNOTATOR_WEIGHT

_LEAST = 1e-9
"""Chances are kept this far from 0 before a logarithm is taken."""


def unvouched(task: IntArray, annotator: IntArray, label: IntArray, *, posterior: FloatArray, confusion: FloatArray,
              counts: FloatArray, prior: FloatArray, weight: float = ANNOTATOR_WEIGHT) -> FloatArray:
    """Belief (T, K) of each task's label from N answers, none of which teaches about its own giver.

    The rest is a fit to these answers (`sync.consensus.Fit`): `posterior` (T, K) with which they taught, `confusion`
    and `counts` (W, K, K), class shares `prior` (K,), and the `weight` of the prior on a row of a confusion. Tasks
    without answers get the class shares.
    """
    rows = counts.sum(2)
    before = np.maximum((rows[:, :, None] + weight) * confusion - counts, 0.0)
    own = posterior[task]
    said = np.maximum(counts[annotator, :, label] - own, 0.0) + before[annotator, :, label]
    logs = np.log(np.maximum(said / (np.maximum(rows[annotator] - own, 0.0) + weight), _LEAST))
    return softmax(_sums(task, logs, len(posterior)) + np.log(np.maximum(prior, _LEAST)))


def pair_information(belief: FloatArray, confusion: FloatArray, task: IntArray, annotator: IntArray) -> FloatArray:
    """(N,) nats that the answer of each pair's annotator is expected to tell about the pair's task.

    The mutual information of label and answer (Lindley 1956), as `choosing.expertise.information` has it of all pairs:
    `belief` (T, K) of the labels, `confusion` (W, K, K) P(answer | label).
    """
    of_task = belief[task]
    answer = np.einsum("nk,nkl->nl", of_task, confusion[annotator])
    return np.asarray(np.maximum(_entropy(answer) - (of_task * _entropy(confusion)[annotator]).sum(1), 0.0))


def _sums(task: IntArray, each: FloatArray, tasks: int) -> FloatArray:
    """(T, K) sums over the answers (N, K) to each task."""
    return np.stack([np.bincount(task, weights=column, minlength=tasks) for column in each.T], axis=1)


def _entropy(p: FloatArray) -> FloatArray:
    return np.asarray(-(p * np.log(np.maximum(p, 1e-12))).sum(-1))
