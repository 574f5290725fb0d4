"""Recorded answers of small made-up crowds."""

from __future__ import annotations

import numpy as np

from routing.replay.recorded import Recorded


def crowd(confusion: np.ndarray, tasks: int, each: int, seed: int = 0) -> tuple[Recorded, np.ndarray]:
    """Answers of `each` of W people to every task, drawn by their confusions (W, K, K); and the truth (T,)."""
    rng = np.random.default_rng(seed)
    people, labels = confusion.shape[:2]
    truth = rng.integers(0, labels, tasks)
    rows = [(task, who, rng.choice(labels, p=confusion[who, truth[task]]))
            for task in range(tasks) for who in sorted(rng.choice(people, each, replace=False))]
    task, annotator, label = np.array(rows).T
    return Recorded(task, annotator, label, tuple(f"t{t:03}" for t in range(tasks)),
                    tuple(f"p{p:02}" for p in range(people)), tuple("abcdefgh"[:labels])), truth


def coin(accuracy: list[float], labels: int = 2) -> np.ndarray:
    """People who are right so often, whatever the label, and else say any other one: (W, K, K)."""
    right = np.array(accuracy)[:, None, None]
    return right * np.eye(labels) + (1 - right) / (labels - 1) * (1 - np.eye(labels))


def mixed(seed: int = 0, tasks: int = 80) -> tuple[Recorded, np.ndarray]:
    """Six who know and six who guess, ten answers a task."""
    return crowd(coin([0.95] * 6 + [0.55] * 6), tasks, 10, seed)
