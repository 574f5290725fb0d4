"""Consensus of levels in order: an annotator's errors have the crowd's shape, leaned and widened along the scale.

Dawid & Skene's (1979) model with an ordinal structure. The crowd's confusion is drawn to errors that fall off with
their distance (a discrete Laplace law, its width found by likelihood). An annotator's rows are the crowd's, tilted:
P(answer l | truth k) ~ crowd[k, l] exp(lean (l - k) - narrow |l - k|), two numbers each, drawn to the crowd by normal
priors whose variances are learned too (empirical Bayes). So a few answers show that somebody is strict, where a free
confusion of 25 levels would need thousands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray, incidence, label_counts, normalised, softmax
from sync.consensus import judging
from sync.probability import INDEPENDENCE, VOTES_IN_PROBABILITY, vote_share

OWN_WEIGHT = 2.5
"""Answers' worth, for each cell of the confusion, of the tilted crowd in each row of an annotator's."""

ANCHOR = 0.004
"""Pull of the crowd's confusion to the Laplace law, as a share of all answers, for each cell: five levels can show a
shape of their own, 25 cannot."""

NEWCOMER = (5.0, 0.45)
"""Before anything is seen of a crowd, so many answers are imagined whose errors fall off over this many levels: four of
five are right, as `sync.consensus` takes it."""

SMOOTH = 0.04
"""Shares of levels are evened out over so much of the scale."""

FIRST_TILT = 0.25
"""Standard deviation of leans and widths before any is learned."""

LEAST_TILT = 0.02
"""Standard deviation of leans and widths that is always thought possible."""


@dataclass(frozen=True, slots=True)
class Ordinal:
    """What one run learned of T tasks, W annotators and K levels.

    `posterior` (T, K) is the model's, `probability` (T, K) the one to believe. `confusion` (W, K, K) has the truth
    in rows, `counts` how often it was seen so; `pooled` (K, K), `prior` (K,). `lean`, `narrow` (W,) tilt the rows.
    """

    posterior: FloatArray
    probability: FloatArray
    confusion: FloatArray
    counts: FloatArray
    pooled: FloatArray
    prior: FloatArray
    lean: FloatArray
    narrow: FloatArray
    iterations: int


def fit(task: IntArray, annotator: IntArray, level: IntArray, *, tasks: int, annotators: int, levels: int,
        pinned: IntArray | None = None, review: NDArray[np.bool_] | None = None, iterations: int = 50,
        tolerance: float = 1e-3) -> Ordinal:
    """Fit N answers (index arrays; levels from 0 in their order). `pinned` (T,): the known level of a task, or -1.

    Who is alone with a task, and a `review` (N,), teaches nothing about who gave it (`sync.consensus.judging`). Pure.
    Raises ValueError for an index out of range.
    """
    answers = incidence(task, annotator, level, tasks, annotators, levels)
    votes = label_counts(task, level, tasks, levels)
    known = np.full(tasks, -1) if pinned is None else np.asarray(pinned)
    taught = judging(task, known, review)
    own = answers if taught.all() else incidence(
        task[taught], annotator[taught], level[taught], tasks, annotators, levels)
    used = (votes.sum(1) > 0) | (known >= 0)
    posterior = _pin(_start(votes), known)
    shares = _smooth_shares(posterior[used], levels)
    lean: FloatArray = np.zeros(annotators)
    narrow = lean
    spread = (FIRST_TILT, FIRST_TILT)
    done, moved = 0, np.inf
    while True:
        counts = _counts(own, posterior, annotators, levels)
        pooled = _pooled(counts)
        lean, narrow, spread = _tilts(counts, pooled, lean, narrow, spread)
        confusion = _confusions(counts, tilted(pooled, lean, narrow))
        prior = _prior(posterior[used], shares)
        if done >= iterations or moved < tolerance:
            break
        before, posterior = posterior, _pin(expect(answers, confusion, prior), known)
        done, moved = done + 1, float(np.abs(posterior - before).max(initial=0.0))
    return Ordinal(posterior, _pin(believed(posterior, votes), known), confusion, counts, pooled, prior, lean, narrow,
                   done)


def expect(answers: Any, confusion: FloatArray, prior: FloatArray) -> FloatArray:
    """Posterior of each task from all its answers (`sync.arrays.incidence`): (T, K)."""
    levels = len(prior)
    by_answer = np.log(np.maximum(confusion, 1e-12)).transpose(0, 2, 1).reshape(-1, levels)
    return softmax(np.asarray(answers @ by_answer) + np.log(prior))


def believed(posterior: FloatArray, votes: FloatArray) -> FloatArray:
    """The probability to believe: n answers to one task are no n independent ones (see `sync.probability`)."""
    answers = votes.sum(1, keepdims=True)
    tempered = softmax(np.maximum(answers, 1) ** -INDEPENDENCE * np.log(np.maximum(posterior, 1e-300)))
    mixed = (1 - VOTES_IN_PROBABILITY) * tempered + VOTES_IN_PROBABILITY * vote_share(votes)
    return np.where(answers > 0, mixed, posterior)


def medians(chance: FloatArray) -> IntArray:
    """Level at the middle of each row's probability: the one whose expected distance is least. (T,)"""
    return np.asarray(quantile(chance, 0.5))


def quantile(chance: FloatArray, share: float) -> IntArray:
    """First level up to which each row has this share of its probability: (T,)."""
    reached = chance.cumsum(1).round(9) >= share
    return np.asarray(np.where(reached.any(1), reached.argmax(1), chance.shape[1] - 1))


def tilted(pooled: FloatArray, lean: FloatArray, narrow: FloatArray) -> FloatArray:
    """Rows of each annotator as the crowd's, tilted: (W, K, K)."""
    step = _steps(len(pooled))
    return softmax(np.log(pooled)[None] + lean[:, None, None] * step - narrow[:, None, None] * np.abs(step))


def _steps(levels: int) -> FloatArray:
    return np.asarray(np.arange(levels)[None, :] - np.arange(levels)[:, None], np.float64)


def _pin(posterior: FloatArray, known: IntArray) -> FloatArray:
    rows = np.flatnonzero(known >= 0)
    posterior = posterior.copy()
    posterior[rows] = 0.0
    posterior[rows, known[rows]] = 1.0
    return posterior


def _start(votes: FloatArray) -> FloatArray:
    """Levels near all answers: the mode is their median."""
    distance = votes @ np.abs(_steps(votes.shape[1]))
    width = distance.min(1).sum() / max(votes.sum(), 1) + 0.25
    return softmax(-distance / width / np.maximum(votes.sum(1, keepdims=True), 1) ** INDEPENDENCE)


def _smooth_shares(posterior: FloatArray, levels: int) -> FloatArray:
    total = posterior.sum(0) if len(posterior) else np.zeros(levels)
    return np.asarray((total + 1) / (total.sum() + levels))


def _prior(posterior: FloatArray, shares: FloatArray) -> FloatArray:
    """Shares of the levels, drawn to those of the start and evened out over near levels: by likelihood alone they would
    gather in a few levels of a fine scale (Laird 1978). (K,)"""
    levels, size = len(shares), len(posterior)
    near = normalised(np.exp(-np.abs(_steps(levels)) / (SMOOTH * levels)))
    found = (posterior.sum(0) + size * shares + 0.5) / (2 * size + 0.5 * levels)
    return np.asarray(found @ near)


def _counts(answers: Any, posterior: FloatArray, annotators: int, levels: int) -> FloatArray:
    return np.asarray(answers.T @ posterior).reshape(annotators, levels, levels).transpose(0, 2, 1)


def _pooled(counts: FloatArray) -> FloatArray:
    """The crowd's confusion, drawn to the likeliest Laplace law, and above zero everywhere: (K, K)."""
    total = counts.sum(0)
    levels = len(total)
    laws = [normalised(np.exp(-np.abs(_steps(levels)) / width) + 1e-3 / levels)
            for width in np.geomspace(0.15, max(levels, 2), 24)]
    imagined = NEWCOMER[0] / levels * normalised(np.exp(-np.abs(_steps(levels)) / NEWCOMER[1]))
    law = max(laws, key=lambda one: float(((total + imagined) * np.log(one)).sum()))
    return normalised(total + (2 + ANCHOR * levels * total.sum()) * law)


def _tilts(counts: FloatArray, pooled: FloatArray, lean: FloatArray, narrow: FloatArray,
           spread: tuple[float, float]) -> tuple[FloatArray, FloatArray, tuple[float, float]]:
    """One Newton step of every annotator's tilt towards its most probable value, and the tilts' deviations."""
    step = _steps(len(pooled))
    size = np.abs(step)
    rows = tilted(pooled, lean, narrow)
    given = counts.sum(2)

    def mean(what: FloatArray) -> FloatArray:
        return np.asarray((rows * what).sum(2))

    by_step, by_size = mean(step), mean(size)
    slope_a = (counts * step).sum((1, 2)) - (given * by_step).sum(1) - lean / spread[0] ** 2
    slope_b = -(counts * size).sum((1, 2)) + (given * by_size).sum(1) - narrow / spread[1] ** 2
    bend_a = (given * (mean(step**2) - by_step**2)).sum(1) + 1 / spread[0] ** 2
    bend_b = (given * (mean(size**2) - by_size**2)).sum(1) + 1 / spread[1] ** 2
    cross = -(given * (mean(step * size) - by_step * by_size)).sum(1)
    determinant = np.maximum(bend_a * bend_b - cross**2, 1e-9)
    lean = np.clip(lean + np.clip((bend_b * slope_a - cross * slope_b) / determinant, -0.5, 0.5), -4, 4)
    narrow = np.clip(narrow + np.clip((bend_a * slope_b - cross * slope_a) / determinant, -0.5, 0.5), -4, 4)
    active = given.sum(1) > 0
    if not active.any():
        return lean, narrow, spread
    variances = [float(np.mean((one**2 + other / determinant)[active]))
                 for one, other in ((lean, bend_b), (narrow, bend_a))]
    return lean, narrow, (max(variances[0] ** 0.5, LEAST_TILT), max(variances[1] ** 0.5, LEAST_TILT))


def _confusions(counts: FloatArray, rows: FloatArray) -> FloatArray:
    weight = OWN_WEIGHT * rows.shape[2] ** 2
    return np.asarray((counts + weight * rows) / (counts.sum(2, keepdims=True) + weight))
