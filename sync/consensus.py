"""Consensus without gold: a hierarchical Dawid-Skene model, fitted by EM and held by the votes.

Dawid-Skene (1979) learns each annotator's confusion P(answer l | truth k) and each task's label together. With few
answers it goes wrong, so four things hold it. Every annotator's rows start from the crowd's pooled confusion, shifted
to their own overall accuracy and worth `Weights.annotator` answers; the pool is pulled a little towards symmetric
errors for rare classes; class shares are pulled to the majority's. And in every E step the plain votes speak for that
part of what is "known" of a task's annotators which is prior, not observed (`doubt`): a posterior regularised towards
the votes (Ganchev et al. 2010), so that EM cannot wander off where there is little to learn from. In the end the vote
of the majority is overruled only where every reasonable reading of the answers says so (`sync.probability.choosing`).
Chosen by prototypes on eight real sets, on thinned and imbalanced copies of them and on simulated crowds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray, label_counts, normalised, totals
from sync.passes import passes
from sync.probability import calibrated, cautious, choosing, doubt, vote_share, with_prior

METHOD = "hierarchical"
"""Name of the method in the store."""

FIRST_TRUST = 0.1
"""Weight of the majority's labels in the first step beside known ones: who is right is first learned from those."""

FEW_SHARED = 0.05
"""Up to this share of tasks with a second answer, those alone say how good annotators are."""

_EDGE = 1e-4
"""Accuracies are kept this far from 0 and 1 before a logit is taken."""

NEWCOMER = (4.0, 5.0)
"""Before anything is seen of a crowd its members are taken to be right in four answers of five."""

ANNOTATOR_WEIGHT = 5.0
"""Answers' worth of the prior on each row of an annotator's confusion."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How strongly each prior holds; the defaults come from the prototypes."""

    annotator: float = ANNOTATOR_WEIGHT   # answers' worth of the prior on each row of an annotator's confusion
    anchor: float = 0.1      # pull of the pooled confusion to symmetric errors, as a share of all answers
    share: float = 1.0       # pull of class shares to the majority's, as a share of all tasks


@dataclass(frozen=True, slots=True)
class Fit:
    """What one run learned from T tasks, W annotators, K labels. Rows of a confusion are the truth.

    `posterior` (T, K) decides labels by argmax; `probability` (T, K) is the one to believe (stop rules);
    `likelihood` (T, K) is the model's own, unblended posterior; `confusion`, `counts` (W, K, K), where `counts` has
    only answers of now that teach something (`judging`), no history; `pooled` (K, K) is for an annotator of whom
    nothing is known; `prior` (K,); `warnings` say where not to trust the fit.
    """

    posterior: FloatArray
    probability: FloatArray
    likelihood: FloatArray
    confusion: FloatArray
    counts: FloatArray
    pooled: FloatArray
    prior: FloatArray
    iterations: int
    warnings: tuple[str, ...] = ()


def fit(task: IntArray, annotator: IntArray, label: IntArray, *, tasks: int, annotators: int, labels: int,
        pinned: IntArray | None = None, history: FloatArray | None = None, review: NDArray[np.bool_] | None = None,
        weights: Weights | None = None, iterations: int = 60, tolerance: float = 1e-3,
        asked_again: bool = False) -> Fit:
    """Fit the model to N answers (three index arrays of length N, one row an answer; each pair once).

    `pinned` (T,) holds the known label of a task, or -1: such a task keeps it and teaches the model. `history`
    (W, K, K) holds expected counts that count as seen before, in every M step (`sync.history` makes them). `review`
    (N,) marks answers that vote but teach nothing about who gave them. Tasks without answers get the class shares.
    `asked_again`: see `judging`. Pure: the same input gives the same output. Raises ValueError for an index out of
    range and for a pair of task and annotator that occurs twice.
    """
    if labels == 0:
        return nothing(tasks, annotators)
    weights = weights or Weights()
    answers = passes(task, annotator, label, tasks=tasks, annotators=annotators, labels=labels)
    refuse_twice(task, annotator, annotators)
    votes = label_counts(task, label, tasks, labels)
    known = np.full(tasks, -1) if pinned is None else np.asarray(pinned)
    judged = judging(task, known, review, asked_again)
    own = answers if judged.all() else passes(
        task[judged], annotator[judged], label[judged], tasks=tasks, annotators=annotators, labels=labels)
    posterior = pin(normalised(votes + 0.3 / labels), known)
    said = (votes.sum(1) > 0) | (known >= 0)
    used = slice(None) if said.all() else said
    shares = majority_shares(pin(votes, known)[used])
    before = np.zeros((annotators, 1, 1)) if history is None else history
    seen = np.bincount(annotator[judged], minlength=annotators)
    voted = doubt(task, annotator, seen + before.sum((1, 2)), weights.annotator * labels, tasks)
    spoken = voted * vote_share(votes)
    trust = np.where(known >= 0, 1.0, FIRST_TRUST)[:, None] if (known >= 0).any() else 1.0
    done, movement = 0, np.inf
    while done < iterations and movement >= tolerance:
        confusion, _ = shrunk(own.counts(posterior * trust) + before, weights)
        prior = _prior(posterior[used], shares, weights)
        trust, last = 1.0, posterior
        posterior = answers.expect(confusion, prior)
        posterior *= 1 - voted
        posterior = pin(np.add(posterior, spoken, out=posterior), known)
        done, movement = done + 1, _distance(posterior, last)
    counts = own.counts(posterior)
    confusion, pooled = shrunk(counts + before, weights)
    prior = _prior(posterior[used], shares, weights)
    evidence = answers.expect(confusion, np.full(labels, 1 / labels))
    careful = answers.expect(cautious(confusion, counts, weights.annotator), prior)
    chosen = pin(choosing(evidence, prior, careful, votes, voted), known)
    return Fit(posterior=chosen, probability=pin(calibrated(careful, votes, chosen.argmax(1)), known),
               likelihood=pin(with_prior(evidence, prior), known), confusion=confusion, counts=counts, pooled=pooled,
               prior=prior, iterations=done,
               warnings=_unjudged(judged, before) + warnings_of(chosen[used], shares, pooled))


def nothing(tasks: int, annotators: int) -> Fit:
    """The fit where there is no label at all, so no answer either."""
    each, matrix = np.empty((tasks, 0)), np.empty((annotators, 0, 0))
    return Fit(each, each, each, matrix, matrix, np.empty((0, 0)), np.empty(0), 0)


def refuse_twice(task: IntArray, annotator: IntArray, annotators: int) -> None:
    """Raise ValueError where one annotator answered one task twice: which of the answers holds is not ours to guess."""
    pairs = np.sort(np.asarray(task, np.int64) * annotators + annotator)
    twice = np.flatnonzero(pairs[1:] == pairs[:-1])
    if len(twice):
        where, who = divmod(int(pairs[twice[0]]), annotators)
        raise ValueError(f"annotator {who} has two answers to task {where}; keep one of each pair "
                         f"({len(twice)} too many in all)")


def judging(task: IntArray, known: IntArray, review: NDArray[np.bool_] | None,
            asked_again: bool = False) -> NDArray[np.bool_]:
    """Answers (N,) that teach something of who gave them; a review is not independent of what it reviews.

    Who is alone with a task would vouch for themself: they teach nothing. Unless tasks are `asked_again` where answers
    are torn, as rules do: then tasks with several answers are the hard ones, learning from them alone would make
    everybody look bad and turn EM over, and all teach where more than `FEW_SHARED` of the tasks are shared.
    """
    tasks = len(known)
    answers = np.bincount(task, minlength=tasks)
    taught = (answers[task] > 1) | (known[task] >= 0)
    if asked_again and (answers > 1).sum() > FEW_SHARED * max((answers > 0).sum(), 1):
        taught = np.ones(len(task), bool)
    return taught if review is None else taught & ~review


def pin(posterior: FloatArray, known: IntArray) -> FloatArray:
    """`posterior` with certainty where the label is known."""
    rows = np.flatnonzero(known >= 0)
    if not len(rows):
        return posterior
    posterior = posterior.copy()
    posterior[rows] = 0.0
    posterior[rows, known[rows]] = 1.0
    return posterior


def majority_shares(votes: FloatArray) -> FloatArray:
    """Share of tasks that each label wins by majority, ties split: (K,)."""
    won = votes == votes.max(1, keepdims=True)
    return np.asarray(normalised(won.astype(np.float64)).sum(0) / max(len(votes), 1))


def _distance(one: FloatArray, other: FloatArray) -> float:
    """The largest difference between two arrays."""
    apart = one - other
    return float(max(apart.max(initial=0.0), -apart.min(initial=0.0)))


def _logit(p: FloatArray) -> FloatArray:
    p = np.clip(p, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(p) - np.log1p(-p))


def shrunk(counts: FloatArray, weights: Weights) -> tuple[FloatArray, FloatArray]:
    """Confusions (W, K, K) shrunk to the crowd's error shape at each annotator's own level, and the pool (K, K)."""
    labels = counts.shape[1]
    hits, total = np.trace(counts, axis1=1, axis2=2), counts.sum((1, 2))
    mean = np.asarray(np.clip((hits.sum() + NEWCOMER[0]) / (total.sum() + NEWCOMER[1]), _EDGE, 1 - _EDGE))
    if labels == 1:
        return np.ones_like(counts), np.ones((1, 1))
    symmetric = np.where(np.eye(labels) > 0, mean, (1 - mean) / (labels - 1))
    anchor = weights.anchor * total.sum() / labels
    pooled = normalised(counts.sum(0) + 1 / labels + 2 * np.eye(labels) + anchor * symmetric)
    diagonal = np.diag(pooled)
    own = (hits + 4 * mean) / (total + 4)
    level = 1 / (1 + np.exp(-(_logit(diagonal)[None, :] + _logit(own)[:, None] - _logit(mean))))
    level = np.clip(level, _EDGE, 1 - _EDGE)
    spread = (1 - level) / np.maximum(1 - diagonal, 1e-12)[None, :]
    expected = spread[:, :, None] * pooled[None]
    k = np.arange(labels)
    expected[:, k, k] = level
    confusion = (counts + weights.annotator * expected) / (counts.sum(2, keepdims=True) + weights.annotator)
    return np.asarray(confusion), pooled


def _prior(posterior: FloatArray, shares: FloatArray, weights: Weights) -> FloatArray:
    """Class shares: expected ones, pulled to the majority's. (K,)"""
    size, labels = len(posterior), len(shares)
    pulled = totals(posterior) + 1 + weights.share * size * shares
    return np.asarray(pulled / (size * (1 + weights.share) + labels)) if size else np.full(labels, 1 / labels)


def _unjudged(judged: NDArray[np.bool_], history: FloatArray) -> tuple[str, ...]:
    if not len(judged) or judged.any() or history.any():
        return ()
    return (f"no task has two answers and none a known label, so nobody can be judged: that {NEWCOMER[0]:.0f} answers "
            f"of {NEWCOMER[1]:.0f} are right is assumed",)


def warnings_of(posterior: FloatArray, shares: FloatArray, pooled: FloatArray) -> tuple[str, ...]:
    """Signs that a class swallows doubtful tasks of others; indices of labels, told to the user by name."""
    if not len(posterior):
        return ()
    found = []
    for k, (fitted, voted) in enumerate(zip(posterior.mean(0), shares, strict=True)):
        if fitted > 1.3 * voted and (fitted - voted) * len(posterior) >= 5:
            found.append(f"label {k} has {fitted:.1%} of the tasks, but wins only {voted:.1%} by majority")
        if pooled[k].argmax() != k:
            found.append(f"label {k} is more often answered with label {pooled[k].argmax()} than with itself")
    return tuple(found)
