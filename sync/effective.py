"""How many average answers the evidence on a task is worth."""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.probability import INDEPENDENCE


def information(confusion: FloatArray, prior: FloatArray) -> FloatArray:
    """What one answer tells of the truth: mutual information in nats (W,), Shannon (1948), of truths with shares
    `prior` (K,) and answers by `confusion` (W, K, K). Nobody who answers the same whatever the truth tells anything.
    """
    given = np.maximum(np.einsum("k,wkl->wl", prior, confusion), 1e-300)
    ratio = np.log(np.maximum(confusion, 1e-300) / given[:, None, :])
    return np.asarray(np.maximum(np.einsum("k,wkl,wkl->w", prior, confusion, ratio), 0.0))


def worth(confusion: FloatArray, pooled: FloatArray, prior: FloatArray) -> FloatArray:
    """Information of one answer by each annotator (W,) in units of an answer by nobody in particular, who answers as
    the crowd's pooled confusion (K, K) does: a coin-flipper's is about 0, an expert's above 1."""
    usual = float(information(pooled[None], prior)[0])
    return information(confusion, prior) / usual if usual > 1e-9 else np.zeros(len(confusion))


def effective(task: IntArray, value: FloatArray, tasks: int) -> FloatArray:
    """Average answers that the evidence on each task is worth (tasks,), from the `value` (N,) of each answer to it.

    Answers to one task are not independent, as a hard one misleads everybody: n count as much as n to the power
    `INDEPENDENCE` would if they were. It is the same discount that the probability of a consensus rests on.
    """
    answers = np.bincount(task, minlength=tasks)
    total = np.bincount(task, weights=value, minlength=tasks)
    return np.asarray(total * np.maximum(answers, 1) ** (INDEPENDENCE - 1.0))
