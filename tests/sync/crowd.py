"""Answers for tests of the consensus: simulated crowds with known confusions, and the real recorded sets."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sync.arrays import FloatArray, IntArray
from sync.consensus import Fit, fit

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "crowd"
SETS = ("bluebirds", "d_possent", "dog", "labelme", "rte", "temp", "weather_cf", "wsd")


@dataclass(frozen=True)
class Crowd:
    """Answers as index arrays, with the truth of each task (-1: unknown)."""

    task: IntArray
    annotator: IntArray
    label: IntArray
    truth: IntArray
    annotators: int
    labels: int

    def fit(self, **options: object) -> Fit:
        """The model under test on all answers."""
        return fit(self.task, self.annotator, self.label, tasks=len(self.truth), annotators=self.annotators,
                   labels=self.labels, **options)  # type: ignore[arg-type]

    def accuracy(self, chances: FloatArray) -> float:
        """Share of tasks of known truth on which the argmax is right, in percent; ties count in part."""
        known = self.truth >= 0
        best = np.isclose(chances, chances.max(1, keepdims=True), atol=1e-12)
        hit = best[np.arange(len(best)), np.maximum(self.truth, 0)] / best.sum(1)
        return float(100 * hit[known].mean())


def simulated(confusion: FloatArray, *, tasks: int = 400, per_task: int = 5, prior: FloatArray | None = None,
              seed: int = 0) -> Crowd:
    """Annotators with these confusions (W, K, K), each task answered by `per_task` of them, chosen at random."""
    rng = np.random.default_rng(seed)
    annotators, labels, _ = confusion.shape
    truth = rng.choice(labels, tasks, p=prior)
    annotator = np.concatenate([rng.choice(annotators, per_task, replace=False) for _ in range(tasks)])
    task = np.repeat(np.arange(tasks), per_task)
    chances = confusion[annotator, truth[task]].cumsum(1)
    label = (rng.random(len(task))[:, None] > chances).sum(1).clip(max=labels - 1)
    return Crowd(task, annotator, label, truth, annotators, labels)


def one_coin(accuracy: FloatArray, labels: int) -> FloatArray:
    """Confusions (W, K, K) of annotators who are right that often and else answer at random."""
    same = np.eye(labels)
    return accuracy[:, None, None] * same + (1 - accuracy[:, None, None]) * (1 - same) / (labels - 1)


def recorded(name: str) -> Crowd:
    """A real set with gold; skips the test where the shared data is absent."""
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the recorded answers are not at {folder}")
    answers = {(row["task"], row["worker"]): row["label"] for row in _rows(folder / "answers.csv")}
    gold = {row["task"]: row["label"] for row in _rows(folder / "gold.csv")}
    tasks, annotators = ({key: at for at, key in enumerate(sorted({pair[i] for pair in answers}))} for i in (0, 1))
    labels = {key: at for at, key in enumerate(sorted({*answers.values(), *gold.values()}))}
    return Crowd(np.array([tasks[t] for t, _ in answers]), np.array([annotators[w] for _, w in answers]),
                 np.array([labels[label] for label in answers.values()]),
                 np.array([labels[gold[t]] if t in gold else -1 for t in tasks]), len(annotators), len(labels))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
