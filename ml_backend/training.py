"""Trains a head: cross-validation first, for honest scores and a temperature, then the model on everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.bundle import Head
from ml_backend.calibration import Floats, ece, fit_temperature, nll, softmax
from ml_backend.dataset import Dataset, Example
from ml_backend.folds import FOLDS, deal
from ml_backend.models import kind as kind_named
from ml_backend.models.kind import Classifier

DEFAULT_KIND = "text-linear"
"""Kind of model that is trained when nothing else is asked for."""
LEAST_EXAMPLES = 2
"""Training examples a class needs; with fewer it cannot be cross-validated and is left out."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """A head with what cross-validation said about it."""

    head: Head
    keys: NDArray[np.int64]
    """(n,) keys of the examples it was trained on."""
    truth: NDArray[np.int64]
    """(n,) their labels, as places in `head.labels`."""
    out_of_fold: Floats
    """(n, labels) calibrated probabilities by models that had not seen the example."""
    report: dict[str, object]
    """For the card: counts, classes left out, temperature, calibration before and after."""


def train(
    data: Dataset, *, kind: str = DEFAULT_KIND, seed: int = 0, progress: Progress = lambda done, total: None,
) -> Trained:
    """Train a head on the part of the data that is not held out.

    Raises ModelError when fewer than two classes have examples, or when training does not converge.
    """
    examples = [e for e, held in zip(data.examples, data.held_out(), strict=True) if not held]
    counts = Counter(e.label for e in examples)
    labels = tuple(label for label in data.labels if counts[label] >= LEAST_EXAMPLES)
    if len(labels) < 2:
        raise ModelError(
            f"Control {data.control}: a model needs {LEAST_EXAMPLES} training examples of at least two classes; there "
            f"are {dict(counts) or 'none'} (up to a fifth is held out). Label more, or check the label config.")
    examples = [e for e in examples if e.label in labels]
    texts = [e.text for e in examples]
    truth = np.array([labels.index(e.label) for e in examples], dtype=np.int64)
    weights = np.array([e.weight for e in examples])
    lessons = _lessons(examples, data.labels, labels)
    model_class = kind_named(kind)
    logits = _out_of_fold(model_class, texts, truth, lessons, len(labels), seed, progress)
    temperature = fit_temperature(logits, truth, weights)
    classifier = _fit(model_class, texts, lessons, np.arange(len(texts)), len(labels), seed)
    progress(FOLDS + 1, FOLDS + 1)
    raw, calibrated = softmax(logits), softmax(logits, temperature)
    report = {
        "examples": len(examples), "classes": {label: counts[label] for label in labels},
        "left_out": {label: counts[label] for label in data.labels if label not in labels},
        "temperature": temperature,
        "out_of_fold": {"accuracy": float((calibrated.argmax(axis=1) == truth).mean()),
                        "ece_uncalibrated": ece(raw, truth), "ece": ece(calibrated, truth),
                        "nll_uncalibrated": nll(raw, truth), "nll": nll(calibrated, truth)},
    }
    head = Head(control=data.control, to_name=data.to_name, field=data.field, kind=kind, labels=labels,
                temperature=temperature, classifier=classifier)
    return Trained(head, np.array([e.key for e in examples], dtype=np.int64), truth, calibrated, report)


def _lessons(examples: Sequence[Example], told: Sequence[str], labels: Sequence[str]) -> Floats:
    """Weight of each label in each example: (n, labels). All on one label, or on several in their shares."""
    lessons = np.zeros((len(examples), len(labels)))
    columns = [told.index(label) for label in labels]
    for row, example in zip(lessons, examples, strict=True):
        shares = np.zeros(0) if example.shares is None else np.array(example.shares)[columns]
        if shares.sum() > 0:
            row[:] = example.weight * shares / shares.sum()
        else:
            row[labels.index(example.label)] = example.weight
    return lessons


def _fit(model_class: type[Classifier], texts: list[str], lessons: Floats, some: NDArray[np.int64], classes: int,
         seed: int) -> Classifier:
    """A model of some of the texts; one with several labels is learned once with each, at its share."""
    row, label = np.nonzero(lessons[some])
    return model_class.fit([texts[some[i]] for i in row], label, lessons[some[row], label], classes=classes, seed=seed)


def _out_of_fold(
    model_class: type[Classifier], texts: list[str], truth: NDArray[np.int64], lessons: Floats, classes: int,
    seed: int, progress: Progress,
) -> Floats:
    """Logits (n, classes) of each text by a model that was trained without its fold."""
    fold = deal(truth, seed=seed)
    logits = np.empty((len(texts), classes))
    for number in np.unique(fold):
        seen, unseen = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        model = _fit(model_class, texts, lessons, seen, classes, seed)
        logits[unseen] = model.logits([texts[i] for i in unseen])
        progress(int(number) + 1, FOLDS + 1)
    return logits
