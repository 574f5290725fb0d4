"""Draws of what may be true: labels, confusions, hard tasks, and how far the model can be trusted, given history.

A consensus alone is too sure of itself: its labels and the confusions fitted to them vouch for each other. Here both
are drawn together, so that whatever rests on them carries that uncertainty (multiple imputation, Rubin 1987). The
model is Dawid and Skene's with the crowd's pooled confusion as prior (as `sync.consensus.shrunk`), with a part of the
tasks so hard that answers to them are partly guesses, and with the model's prediction, where there is one, as prior
of the label (`Trust`). Whom the rules asked followed from answers and predictions that are part of the data, so the
selection can be ignored (Rubin 1976), as long as people had no other reason.

Each draw is the end of a Gibbs chain of its own that starts from a crowd drawn before anything is seen: where history
says nothing, as with one answer a task, the draws stay as wide apart as that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from routing.backtest.history import History
from routing.backtest.trust import Trust
from sync.arrays import FloatArray, IntArray, normalised
from sync.consensus import Weights, shrunk

SWEEPS = 40
"""Steps of each chain."""

GUESSED = (0.0, 0.35, 0.7)
"""Part of the answers that is guessed, in tasks of each hardness."""

HARD = (10.0, 0.5, 0.5)
"""Dirichlet prior of how many tasks are how hard."""

CROWD = (2.0, 1.0)
"""Beta prior of a crowd's accuracy above chance, where nothing was ever compared: anything, good being likelier."""


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """One state of the world that fits history: `truth` (T,), `hard` (T,) index into GUESSED, `confusion` (W, K, K);
    `prior` (T, K) of a task's label before its answers, `hardness` the share of tasks of each hardness."""

    truth: IntArray
    hard: IntArray
    confusion: FloatArray
    prior: FloatArray
    hardness: FloatArray

    def answers(self, truth: IntArray, hard: IntArray, rng: np.random.Generator) -> IntArray:
        """(len(truth), W) what everybody would answer to tasks with such labels and hardness."""
        size, people, labels = len(truth), len(self.confusion), self.confusion.shape[1]
        table = np.empty((size, people), np.int64)
        guess = np.array(GUESSED)[hard]
        for w in range(people):
            chances = (1 - guess)[:, None] * self.confusion[w][truth] + (guess / labels)[:, None]
            table[:, w] = pick(chances, rng)
        return table


def draw(history: History, rng: np.random.Generator, sweeps: int = SWEEPS) -> Draw:
    """One draw: a chain of its own. Pure but for `rng`."""
    return _Chain(history, rng).run(sweeps)


def pick(chances: FloatArray, rng: np.random.Generator) -> IntArray:
    """(n,) one column of each row, with these chances (n, K), which need not sum to 1."""
    total = np.cumsum(chances, axis=1)
    return np.asarray((total < rng.random((len(chances), 1)) * total[:, -1:]).sum(1).clip(max=chances.shape[1] - 1))


class _Chain:
    def __init__(self, history: History, rng: np.random.Generator) -> None:
        work = history.work
        self.rng, self.history = rng, history
        self.tasks, self.people, self.labels = len(work.keys), len(work.people), len(work.labels)
        self.answered = (np.bincount(history.task, minlength=self.tasks) > 0) | (history.truth >= 0)
        self.trust = None if work.model is None or not work.said.any() else \
            Trust(work.model, np.flatnonzero(work.said))
        self.shares: FloatArray = np.full(self.labels, 1 / self.labels)
        self.hardness: FloatArray = normalised(np.array([HARD]))[0]
        right = 1 / self.labels + (1 - 1 / self.labels) * rng.beta(*CROWD)
        coin = np.full((self.labels, self.labels), (1 - right) / max(self.labels - 1, 1))
        np.fill_diagonal(coin, right)
        self.confusion = np.repeat(coin[None], self.people, axis=0)
        if self.trust is not None:
            self.trust.start(rng)

    def run(self, sweeps: int) -> Draw:
        for _ in range(sweeps):
            truth, hard = self._tasks()
            self._people(truth, hard)
            used = truth[self.answered]
            self.shares = self.rng.dirichlet(np.bincount(used, minlength=self.labels) + 1.0)
            self.hardness = self.rng.dirichlet(
                np.bincount(hard[self.answered], minlength=len(GUESSED)) + np.array(HARD))
            if self.trust is not None:
                self.trust.draw(truth, self.answered, self.rng)
        truth, hard = self._tasks()
        return Draw(truth, hard, self.confusion, self._prior(), self.hardness)

    def _prior(self) -> FloatArray:
        prior = np.repeat(self.shares[None], self.tasks, axis=0)
        if self.trust is not None:
            prior[self.trust.said] = self.trust.prior(self.shares)
        return prior

    def _tasks(self) -> tuple[IntArray, IntArray]:
        """Label and hardness of every task, drawn together."""
        said, levels = self.history, len(GUESSED)
        own = self.confusion[said.person, :, said.label]
        logs = np.empty((self.tasks, levels, self.labels))
        for h, guess in enumerate(GUESSED):
            each = np.log((1 - guess) * own + guess / self.labels + 1e-12)
            for k in range(self.labels):
                logs[:, h, k] = np.bincount(said.task, weights=each[:, k], minlength=self.tasks)
        logs += np.log(self._prior() + 1e-12)[:, None] + np.log(self.hardness + 1e-12)[None, :, None]
        sure = np.flatnonzero(said.truth >= 0)
        known = logs[sure, :, said.truth[sure]]
        logs[sure] = -np.inf
        logs[sure, :, said.truth[sure]] = known
        flat = logs.reshape(self.tasks, -1)
        both = pick(np.exp(flat - flat.max(1, keepdims=True)), self.rng)
        return both % self.labels, both // self.labels

    def _people(self, truth: IntArray, hard: IntArray) -> None:
        """Confusions, from the answers that were no guesses."""
        said, rng = self.history, self.rng
        true = truth[said.task]
        guess = np.array(GUESSED)[hard[said.task]]
        own = (1 - guess) * self.confusion[said.person, true, said.label]
        meant = rng.random(len(true)) * (own + guess / self.labels) < own
        counts = np.zeros((self.people, self.labels, self.labels))
        np.add.at(counts, (said.person[meant], true[meant], said.label[meant]), 1.0)
        weights = Weights()
        # What the crowd's pooled errors say of each person is itself uncertain: taken from reweighted answers (Bayesian
        # bootstrap), or few answers of all would look like a well-known crowd.
        few = rng.standard_gamma(counts)
        mean, _ = shrunk(few, weights)
        expected = np.maximum(mean * (few.sum(2, keepdims=True) + weights.annotator) - few, 0)
        shape = rng.standard_gamma(np.maximum(counts + expected, 1e-3))
        self.confusion = normalised(shape.reshape(-1, self.labels) + 1e-12).reshape(shape.shape)
