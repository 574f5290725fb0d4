"""How often each annotator is right, judged by the others: nobody vouches for themself.

For every answer the task's truth is inferred from all other answers, which leaves a probability for each
label. Where the others leave doubt, two explanations of it cannot be told apart. If the others err by
themselves, the annotator's accuracy is the value that makes their answers likeliest; if the task is hard for
everybody, it is only the expected share of right answers. In simulations the second is up to 17 points too
low, on a real set (labelme) the first is 13 too high: the estimate lies midway, the interval spans both.
Its width comes from the information in the answers (few, or about tasks on which the others disagree, say
little), as an effective number of answers that were judged with certainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray, normalised
from sync.consensus import Fit

PRIOR_ANSWERS = 2.0
"""Answers' worth of the crowd's mean accuracy in each annotator's estimate."""

_BLOCK = 2_000_000
"""Floats handled at a time: memory stays bounded however many answers and labels there are."""


@dataclass(frozen=True, slots=True)
class Performance:
    """Of each of W annotators: number of answers, accuracy, its 95 % interval, and how many certain
    judgements the estimate is worth. All (W,)."""

    answers: IntArray
    accuracy: FloatArray
    low: FloatArray
    high: FloatArray
    effective: FloatArray


def performance(task: IntArray, annotator: IntArray, label: IntArray, fit: Fit, *, annotators: int,
                pinned: IntArray | None = None, level: float = 0.95, iterations: int = 30) -> Performance:
    """Accuracy of each annotator against the consensus of the others.

    Arrays as for `consensus.fit`, whose result is `fit`; where `pinned` (T,) names a known label, that is the truth.
    Annotators without answers get the crowd's mean and an interval from almost 0 to almost 1.
    """
    right, chance = _judgements(task, annotator, label, fit, pinned)
    answers = np.bincount(annotator, minlength=annotators)
    mean = crowd_mean(fit)

    def rate(hit: FloatArray) -> FloatArray:
        hits = np.bincount(annotator, weights=hit, minlength=annotators)
        return np.asarray((hits + PRIOR_ANSWERS * mean) / (answers + PRIOR_ANSWERS))

    likeliest: FloatArray = np.full(annotators, mean)
    for _ in range(iterations):
        own = likeliest[annotator]
        hit = right * own
        likeliest = rate(hit / np.maximum(hit + (1 - right) * (1 - own) * chance, 1e-300))
    shared = np.minimum(rate(right), likeliest)
    effective = _effective(task, annotator, label, fit, pinned, likeliest)
    low, _ = beta_interval(shared * effective, (1 - shared) * effective, level)
    _, high = beta_interval(likeliest * effective, (1 - likeliest) * effective, level)
    accuracy = (shared + likeliest) / 2
    return Performance(answers, accuracy, np.minimum(low, accuracy), np.maximum(high, accuracy), effective)


def beta_interval(hits: FloatArray, misses: FloatArray, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Jeffreys interval of a rate from (possibly fractional) hits and misses."""
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    return (np.asarray(betaincinv(hits + 0.5, misses + 0.5, tail)),
            np.asarray(betaincinv(hits + 0.5, misses + 0.5, 1 - tail)))


def median_by(group: IntArray, value: FloatArray, groups: int) -> FloatArray:
    """Median of `value` in each group, NaN values left out; NaN for a group without any. (groups,)"""
    seen = ~np.isnan(value)
    members, value = np.asarray(group)[seen], value[seen]
    value = value[_by_group(members, np.argsort(value), groups)]
    size = np.bincount(members, minlength=groups)
    first = np.concatenate(([0], np.cumsum(size)[:-1]))
    medians = np.full(groups, np.nan)
    some = size > 0
    low, high = first + np.maximum(size - 1, 0) // 2, first + size // 2
    medians[some] = (value[low[some]] + value[high[some]]) / 2
    return medians


def _by_group(members: IntArray, order: IntArray, groups: int) -> IntArray:
    """`order` with the members of each group together, else as it is: a counting sort where groups are few."""
    small = np.int16 if groups <= 2**15 else np.int64
    return order[np.argsort(members[order].astype(small), kind="stable")]


def crowd_mean(fit: Fit) -> float:
    """Share of all answers that the fit takes for right; .5 without any."""
    total = fit.counts.sum()
    return float(np.trace(fit.counts, axis1=1, axis2=2).sum() / total) if total > 0 else 0.5


def others(task: IntArray, annotator: IntArray, label: IntArray, fit: Fit,
           pinned: IntArray | None) -> FloatArray:
    """What all other answers say of the task of each answer, a probability for each label: (n, K).

    n times K floats: for many answers go through them in `blocks`.
    """
    own = fit.confusion[annotator, :, label]
    truth = normalised(np.maximum(fit.likelihood[task], 1e-300) / np.maximum(own, 1e-12))
    if pinned is not None:
        known = np.asarray(pinned)[task] >= 0
        truth[known] = fit.likelihood[task[known]]
    return truth


def error_shape(pooled: FloatArray) -> FloatArray:
    """P(answer l | truth k, the answer is wrong) in the crowd: (K, K), zero on the diagonal."""
    shape = pooled * (1 - np.eye(len(pooled)))
    return np.asarray(shape / np.maximum(shape.sum(1, keepdims=True), 1e-300))


def blocks(size: int, labels: int) -> list[slice]:
    """Slices of `size` answers, so that what is made of one with `labels` columns stays small."""
    step = max(_BLOCK // max(labels, 1), 1)
    return [slice(start, start + step) for start in range(0, size, step)]


def _judgements(task: IntArray, annotator: IntArray, label: IntArray, fit: Fit,
                pinned: IntArray | None) -> tuple[FloatArray, FloatArray]:
    """Of each answer: the chance that it is right, and how likely just this answer is when the annotator is wrong."""
    shape = error_shape(fit.pooled)
    right, chance = np.empty(len(task)), np.empty(len(task))
    for part in blocks(len(task), fit.posterior.shape[1]):
        truth = others(task[part], annotator[part], label[part], fit, pinned)
        given = label[part]
        right[part] = truth[np.arange(len(given)), given]
        wrong = np.einsum("nk,kn->n", truth, shape[:, given])
        chance[part] = wrong / np.maximum(1 - right[part], 1e-12)
    return right, chance


def _effective(task: IntArray, annotator: IntArray, label: IntArray, fit: Fit, pinned: IntArray | None,
               accuracy: FloatArray) -> FloatArray:
    """Fisher information of an annotator's answers about their accuracy, in answers judged with certainty: (W,)."""
    shape = error_shape(fit.pooled)
    worth = np.empty(len(task))
    for part in blocks(len(task), fit.posterior.shape[1]):
        truth = others(task[part], annotator[part], label[part], fit, pinned)
        wrong = truth @ shape
        own = np.clip(accuracy[annotator[part]], 1e-6, 1 - 1e-6)[:, None]
        likely = np.maximum(truth * own + wrong * (1 - own), 1e-300)
        worth[part] = (own * (1 - own) * (truth - wrong) ** 2 / likely).sum(1)
    return np.asarray(np.bincount(annotator, weights=worth, minlength=len(accuracy)), np.float64)
