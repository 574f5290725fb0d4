"""Trains a head: cross-validation first, for honest scores and a temperature, then the model on everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.bundle import Head
from ml_backend.calibration import Floats, ece, fit_temperature, nll, softmax
from ml_backend.dataset import Dataset
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
            f"are {dict(counts) or 'none'} (a fifth of all tasks is held out). Label more, or check the label config.")
    examples = [e for e in examples if e.label in labels]
    texts = [e.text for e in examples]
    truth = np.array([labels.index(e.label) for e in examples], dtype=np.int64)
    weights = np.array([e.weight for e in examples])
    model_class = kind_named(kind)
    logits = _out_of_fold(model_class, texts, truth, weights, len(labels), seed, progress)
    temperature = fit_temperature(logits, truth, weights)
    classifier = model_class.fit(texts, truth, weights, classes=len(labels), seed=seed)
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


def _out_of_fold(
    model_class: type[Classifier], texts: list[str], truth: NDArray[np.int64], weights: Floats, classes: int,
    seed: int, progress: Progress,
) -> Floats:
    """Logits (n, classes) of each text by a model that was trained without its fold."""
    fold = deal(truth, seed=seed)
    logits = np.empty((len(texts), classes))
    for number in np.unique(fold):
        seen, unseen = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        model = model_class.fit([texts[i] for i in seen], truth[seen], weights[seen], classes=classes, seed=seed)
        logits[unseen] = model.logits([texts[i] for i in unseen])
        progress(int(number) + 1, FOLDS + 1)
    return logits
