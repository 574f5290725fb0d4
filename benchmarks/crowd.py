"""A synthetic crowd: members of very unequal diligence, each with errors of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.observations import Observations


@dataclass(frozen=True, slots=True)
class Crowd:
    """Answers as index arrays, one of a person to a task at most; names are the indices."""

    task: NDArray[np.int64]
    annotator: NDArray[np.int64]
    label: NDArray[np.int64]
    tasks: int
    annotators: int
    labels: int

    @property
    def sizes(self) -> dict[str, int]:
        """Keyword arguments of what works on the arrays."""
        return {"tasks": self.tasks, "annotators": self.annotators, "labels": self.labels}

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Positional arguments of the same."""
        return self.task, self.annotator, self.label

    def observations(self) -> Observations:
        """The same with everything else unknown."""
        size = len(self.task)
        return Observations(
            *self.arrays, np.full(size, np.nan), np.zeros(size, bool), np.full(self.tasks, -1),
            tuple(range(self.tasks)), tuple(range(self.annotators)), tuple(f"l{k}" for k in range(self.labels)),
            review=np.zeros(size, bool), at=np.full(size, np.nan), seen=np.full(size, -1), guideline=np.full(size, -1))


def simulated(answers: int, people: int = 5_000, labels: int = 5, *, per_task: int = 5, seed: int = 0) -> Crowd:
    """About so many answers: people are right 40 to 95 % of the time; who answers follows Zipf's law."""
    rng = np.random.default_rng(seed)
    tasks = max(answers // per_task, 1)
    truth = rng.integers(0, labels, tasks)
    share = 1 / np.arange(1, people + 1)
    task = np.repeat(np.arange(tasks), per_task)
    annotator = rng.choice(people, len(task), p=share / share.sum())
    pairs = np.unique(task * people + annotator)     # nobody answers a task twice
    task, annotator = pairs // people, pairs % people
    right = rng.random(len(task)) < rng.uniform(0.4, 0.95, people)[annotator]
    label = np.where(right, truth[task], rng.integers(0, labels, len(task)))
    return Crowd(task, annotator, label, tasks, people, labels)
