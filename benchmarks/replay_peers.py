"""Policies to compare with: what is usually done, and the prototype that the product is to beat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from routing.choosing.belief import pair_information
from routing.replay.information import Information, best
from routing.replay.learned import Learned, learn
from routing.replay.policy import Policy, Visible
from routing.replay.uniform import Uniform, one_each
from sync.arrays import FloatArray, IntArray, label_counts, normalised
from sync.passes import passes

START = 2
"""Random answers a task before anything is learnt, in all of these."""

BATCH = 0.1
"""Answers asked for at a time, as a share of the tasks."""


class Entropy:
    """The task of which the model is least sure, and anybody."""

    def __init__(self) -> None:
        self._learned: Learned | None = None

    def next(self, seen: Visible, rng: np.random.Generator) -> IntArray:
        if len(seen.revealed) < START * seen.tasks:
            return one_each(seen, seen.open, rng)
        self._learned = learn(seen, self._learned)
        posterior = self._learned.posterior
        unsure = -(posterior * np.log(np.maximum(posterior, 1e-12))).sum(1)
        return _best(seen, lambda places: unsure[seen.task[places]], rng)


class Accuracy:
    """Equal overlap, of those who are right most often."""

    def __init__(self) -> None:
        self._learned: Learned | None = None

    def next(self, seen: Visible, rng: np.random.Generator) -> IntArray:
        if len(seen.revealed) < START * seen.tasks:
            return one_each(seen, seen.open, rng)
        self._learned = learn(seen, self._learned)
        right = np.trace(self._learned.confusion, axis1=1, axis2=2) / seen.labels
        answers = np.bincount(seen.task[seen.revealed], minlength=seen.tasks)
        return _best(seen, lambda places: right[seen.annotator[places]] - 10.0 * answers[seen.task[places]], rng)


class Prototype:
    """Two random answers a task, then the pair with most expected information by a Dawid-Skene with a pooled prior."""

    def next(self, seen: Visible, rng: np.random.Generator) -> IntArray:
        if len(seen.revealed) < START * seen.tasks:
            return one_each(seen, seen.open, rng)
        at = seen.revealed
        posterior, confusion = pooled(seen.task[at], seen.annotator[at], seen.label[at], seen.tasks, seen.annotators,
                                      seen.labels)
        return _best(seen, lambda places: pair_information(
            posterior, confusion, seen.task[places], seen.annotator[places]), rng)


POLICIES: dict[str, Callable[[], Policy]] = {
    "uniform": Uniform, "information": Information, "entropy": Entropy, "accuracy": Accuracy, "prototype": Prototype}
"""All that are compared, ours and the others."""


def pooled(task: IntArray, annotator: IntArray, label: IntArray, tasks: int, annotators: int, labels: int,
           ) -> tuple[FloatArray, FloatArray]:
    """Posterior and confusions of a Dawid-Skene whose rows start from the crowd's, worth four answers."""
    answers = passes(task, annotator, label, tasks=tasks, annotators=annotators, labels=labels)
    votes = label_counts(task, label, tasks, labels)
    posterior = normalised(votes + 0.3 / labels)
    said = votes.sum(1) > 0
    for _ in range(30):
        counts = answers.counts(posterior)
        crowd = normalised(counts.sum(0) + 1 / labels + 2 * np.eye(labels))
        confusion = (counts + 4 * crowd) / (counts.sum(2, keepdims=True) + 4)
        posterior = answers.expect(confusion, normalised(posterior[said].sum(0) + 1))
    return posterior, confusion


def _best(seen: Visible, value: Callable[[IntArray], FloatArray], rng: np.random.Generator) -> IntArray:
    places = np.flatnonzero(seen.open)
    worth = value(places) + 1e-6 * rng.random(len(places))
    return best(seen, places, worth, max(round(BATCH * seen.tasks), 1), seen.load)
