"""Simulated annotators for the scorecard: known skill, known difficulty, known vices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.assess import Assessment, assess
from sync.observations import Observations


@dataclass
class Crowd:
    """Answers, and what is true about them; `at` is the order in which they were given."""

    task: IntArray
    annotator: IntArray
    label: IntArray
    truth: IntArray
    labels: int = 3
    chance: FloatArray = field(default_factory=lambda: np.zeros(0))
    at: FloatArray = field(default_factory=lambda: np.zeros(0))
    seconds: FloatArray = field(default_factory=lambda: np.zeros(0))
    seen: IntArray = field(default_factory=lambda: np.zeros(0, int))

    def observations(self, **changes: Any) -> Observations:
        """As the product sees them."""
        n = len(self.task)
        unknown = np.full(n, np.nan)
        found = Observations(
            task=self.task, annotator=self.annotator, label=self.label,
            seconds=self.seconds if len(self.seconds) else unknown, truth=np.zeros(n, bool),
            pinned=np.full(len(self.truth), -1), tasks=tuple(range(len(self.truth))),
            annotators=tuple(f"ann{w}" for w in range(int(self.annotator.max(initial=-1)) + 1)),
            labels=tuple("abcdefghij"[: self.labels]), review=np.zeros(n, bool),
            at=self.at if len(self.at) else unknown,
            seen=self.seen if len(self.seen) else np.full(n, -1), guideline=np.full(n, -1))
        return replace(found, **changes)

    def assess(self, **changes: Any) -> Assessment:
        """Judged by the product."""
        return assess(self.observations(**changes))


def pairs(rng: np.random.Generator, tasks: int, people: int, per_task: int) -> tuple[IntArray, IntArray]:
    """Each task answered by `per_task` different people at random."""
    annotator = np.argsort(rng.random((tasks, people)), 1)[:, :per_task].ravel()
    return np.repeat(np.arange(tasks), per_task), annotator


def crowd(seed: int, *, skill: FloatArray, tasks: int = 400, per_task: int = 5, labels: int = 3,
          hardness: FloatArray | None = None, pair: tuple[IntArray, IntArray] | None = None,
          truth: IntArray | None = None) -> Crowd:
    """People who are right with expit(skill - hardness of the task), else give another label at random."""
    rng = np.random.default_rng(seed)
    task, annotator = pair if pair is not None else pairs(rng, tasks, len(skill), per_task)
    truth = rng.integers(0, labels, tasks) if truth is None else truth
    hard = np.zeros(tasks) if hardness is None else hardness
    chance = 1 / (1 + np.exp(-(skill[annotator] - hard[task])))
    wrong = (truth[task] + rng.integers(1, labels, len(task))) % labels
    label = np.where(rng.random(len(task)) < chance, truth[task], wrong)
    at = 1e9 + 30.0 * rng.permutation(len(task))
    return Crowd(task, annotator, label, truth, labels, chance, at)


def odds(share: float | FloatArray) -> FloatArray:
    """Log odds of a share."""
    return np.asarray(np.log(share) - np.log1p(-np.asarray(share)))
