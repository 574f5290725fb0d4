"""Trains a head: cross-validation first, for honest scores and a temperature, then the model on everything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.bundle import Head
from ml_backend.calibration import Floats, ece, fit_temperature, nll, softmax
from ml_backend.dataset import Dataset, Example
from ml_backend.folds import deal, folds_for
from ml_backend.models import kind as kind_named
from ml_backend.models.kind import Classifier
from ml_backend.models.prepared import Reader, reader

DEFAULT_KIND = "text-linear"
"""Kind of model that is trained when nothing else is asked for."""
LEAST_EXAMPLES = 2
"""Training examples a class needs; with fewer it cannot be cross-validated and is left out."""
TOLD = 5
"""Classes that a message names."""

Progress = Callable[[int, int], None]
"""(done, total)."""


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
    examples = [e for e, taught in zip(data.examples, data.taught(), strict=True) if taught and e.weight != 0]
    _check_weights(data.control, examples)
    counts = Counter(e.label for e in examples)
    labels = tuple(label for label in data.labels if counts[label] >= LEAST_EXAMPLES)
    if len(labels) < 2:
        raise ModelError(
            f"Control {data.control}: a model needs {LEAST_EXAMPLES} training examples of at least two classes; there "
            f"are {_few(counts)} (a part is held out). Label more, or check the label config.")
    place = {label: at for at, label in enumerate(labels)}
    examples = [e for e in examples if e.label in place]
    truth = np.array([place[e.label] for e in examples], dtype=np.int64)
    weights = _weights(examples, data.labels, place)
    read = reader(kind_named(kind), [e.text for e in examples])
    fold = deal(truth, folds_for(len(examples)), seed, [e.cluster for e in examples])
    steps = int(fold.max()) + 2
    logits, models = _out_of_fold(read, fold, weights, seed, lambda done: progress(done, steps))
    temperature = fit_temperature(logits, truth, weights.sum(axis=1, dtype=np.float64))
    classifier = read.fit(np.arange(len(examples)), weights, seed=seed, starts=models)
    progress(steps, steps)
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


def part_of(progress: Progress, number: int, parts: int) -> Progress:
    """Progress of one of several equal parts, as progress of the whole."""
    return lambda done, total: progress(number * total + done, parts * total)


def _few(counts: Counter[str]) -> str:
    """What there is of each class, told in a line even of a thousand classes."""
    most = ", ".join(f"{label[:50]}: {count}" for label, count in counts.most_common(TOLD))
    return (most or "none") + (f" and {len(counts) - TOLD} more classes" if len(counts) > TOLD else "")


def _check_weights(control: str, examples: Sequence[Example]) -> None:
    for example in examples:
        sure = (example.weight, *(example.shares or ()))
        if not all(math.isfinite(one) and one >= 0 for one in sure):
            raise ModelError(
                f"Control {control}: the label of {example.identity[:100]!r} has weight {example.weight} and shares "
                f"{example.shares}; they must be numbers from 0 up. Recompute the consensus (`cueloop sync --full`).")


def _weights(examples: Sequence[Example], told: Sequence[str], place: Mapping[str, int]) -> NDArray[np.float32]:
    """Weight of each label in each example: (n, labels). All on one label, or on several in their shares."""
    found = np.zeros((len(examples), len(place)), dtype=np.float32)
    columns = [told.index(label) for label in place]
    for row, example in zip(found, examples, strict=True):
        shares = np.zeros(0) if example.shares is None else np.array(example.shares)[columns]
        if shares.sum() > 0:
            row[:] = example.weight * shares / shares.sum()
        else:
            row[place[example.label]] = example.weight
    return found


def _out_of_fold(
    read: Reader, fold: NDArray[np.int64], weights: NDArray[np.float32], seed: int, progress: Callable[[int], None],
) -> tuple[Floats, list[Classifier]]:
    """Logits (n, classes) of each text by a model that was trained without its fold, and these models."""
    logits, models = np.empty(weights.shape), []
    for number in np.unique(fold):
        seen, unseen = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        models.append(read.fit(seen, weights[seen], seed=seed))
        logits[unseen] = read.logits(models[-1], unseen)
        progress(int(number) + 1)
    return logits, models
