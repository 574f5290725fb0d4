"""Models that say what a test wants them to say."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ml_backend.bundle import Bundle, Head
from ml_backend.dataset import HOLDOUT, TRAIN, Dataset, Example
from ml_backend.registry import Loaded
from ml_backend.training import Trained

LABELS = ("a", "b", "c")


@dataclass(frozen=True)
class Says:
    """A classifier that was told what to answer: {text: (label, score)}."""

    answers: dict
    labels: tuple

    def logits(self, texts):
        """(n, labels)."""
        rest = len(self.labels) - 1
        found = np.empty((len(texts), len(self.labels)))
        for row, text in zip(found, texts, strict=True):
            label, score = self.answers[text]
            row[:] = np.log((1 - score) / rest)
            row[self.labels.index(label)] = np.log(score)
        return found


def tasks(count, *, labels=LABELS, holdout=0.5, seed=0, fields=None, shares=None):
    """A dataset of so many tasks with random labels, the first `holdout` share of them held out."""
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(labels), count, p=shares)
    return Dataset(control="topic", to_name="text", field="text", labels=tuple(labels), source="test", examples=tuple(
        Example(key=n, identity=str(n), text=f"t{n}", label=labels[drawn[n]], weight=0.9, blind=True,
                part=HOLDOUT if n < count * holdout else TRAIN, fields=fields(n) if fields else {})
        for n in range(count)))


def head(data, wrong, *, seed=0, score=0.8, never=()):
    """A head that is wrong about a share of the tasks: a number, or a function of an example."""
    rng, answers = np.random.default_rng(seed), {}
    for e in data.examples:
        share = wrong(e) if callable(wrong) else wrong
        others = [label for label in data.labels if label != e.label]
        label = others[rng.integers(len(others))] if rng.random() < share or e.label in never else e.label
        answers[e.text] = (next(x for x in data.labels if x not in never) if label in never else label, score)
    return Head("topic", "text", "text", "text-linear", data.labels, 1.0, Says(answers, data.labels))


def trained(one, data):
    """The head as training leaves it, with cross-validated answers that are its own."""
    learned = [e for e in data.examples if e.part == TRAIN]
    return Trained(one, np.array([e.key for e in learned], np.int64),
                   np.array([data.labels.index(e.label) for e in learned], np.int64),
                   one.probabilities([e.text for e in learned]), {})


def serving(one, version):
    """The head as the champion."""
    return Loaded(version, Bundle((one,)))


def without(data, labels):
    """The dataset after these labels left the config."""
    kept = tuple(label for label in data.labels if label not in labels)
    return replace(data, labels=kept, examples=tuple(e for e in data.examples if e.label in kept))
