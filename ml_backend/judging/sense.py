"""Whether a candidate makes sense at all, whatever served before: it learned something and says all that it should."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ml_backend.calibration import SMALLEST, Floats, Ints, ece
from ml_backend.dataset import Dataset
from ml_backend.judging.comparison import Comparison, against_frequencies
from ml_backend.judging.judges import judges, said, spread, truths
from ml_backend.judging.paired import normal_tail
from ml_backend.judging.reliability import by_chance
from ml_backend.judging.sides import Sides
from ml_backend.judging.verdict import Refusal
from ml_backend.training import Trained

LEAST_OF_LABEL = 20
"""Examples of a label from which on it has to be answered somewhere."""
LEAST_CALIBRATED = 50
"""Held-out tasks without which a calibration error says nothing."""
BETTER = 0.05
"""Chance at most with which a model that knows nothing is said to beat the frequencies by its log score."""


def converged(trained: Trained, heard: Mapping[int, Floats]) -> list[Refusal]:
    """Probabilities that are no numbers are none. A training that its solver did not end has failed before.

    Cross-validation asked the models of the folds: only what is `heard` of held-out tasks is the model itself.
    """
    control = trained.head.control
    if not (np.isfinite(trained.out_of_fold).all() and np.isfinite(list(heard.values())).all()):
        return [Refusal(control, "not converged", "", f"{control}: some of its probabilities are no numbers")]
    return []


def discerns(data: Dataset, heard: Mapping[int, Floats]) -> list[Refusal]:
    """It does not say the same of all held-out texts, as one does whose last fit went wrong after good folds."""
    texts = len({e.text for e in data.examples if e.key in heard})
    if texts < LEAST_OF_LABEL or np.ptp(list(heard.values()), axis=0).any():
        return []
    return [Refusal(data.control, "not converged", "", (
        f"{data.control}: it says the same of all {texts} held-out texts"))]


def beats_majority(trained: Trained) -> list[Refusal]:
    """It is right more often than always answering the commonest label, or at least knows better how likely each is.

    The second is for rare labels: where one label has 97 % hardly any model is right more often than always saying it.
    """
    control, truth = trained.head.control, trained.truth
    if not len(truth):
        return []
    right = float((trained.out_of_fold.argmax(axis=1) == truth).mean())
    counts = np.bincount(truth, minlength=len(trained.head.labels))
    most = float(counts.max() / len(truth))
    if right > most or _knows(against_frequencies(trained.out_of_fold, truth, control)):
        return []
    label = trained.head.labels[int(counts.argmax())]
    return [Refusal(control, "majority", label, (
        f"{control}: on the {len(truth)} tasks it was trained on it is right about {right:.3f} by cross-validation; "
        f"always answering {label!r} would be about {most:.3f}"))]


def answers_all(trained: Trained, data: Dataset, heard: Mapping[int, Floats], sides: Sides | None,
                taught: Floats | None, known: tuple[str, ...]) -> tuple[list[Refusal], list[str]]:
    """Labels with `LEAST_OF_LABEL` examples or more that it never answers, neither in cross-validation nor held out.

    One that the champion never answers either (on `sides`, or in its cross-validation `taught`, of labels `known`) is
    noted only, or nothing better could ever replace it.
    """
    examples, _ = judges(data)
    new = np.concatenate([spread(trained.out_of_fold, trained.head.labels, data.labels),
                          said(trained.head, data, examples, heard)])
    place = [data.labels.index(label) if label in data.labels else -1 for label in trained.head.labels]
    truth = np.concatenate([np.array(place, np.int64)[trained.truth], truths(data, examples)])
    silent = _silent(new, truth, data.labels)
    before = set() if sides is None else {sides.labels[at] for at in np.unique(sides.old.argmax(axis=1))}
    if taught is not None and len(taught):
        before |= {known[at] for at in np.unique(taught.argmax(axis=1))}
    refusals, notes = [], []
    for label, count in silent.items():
        text = f"{data.control}: it never answers {label!r}, of which there are {count} examples"
        if sides is not None and label not in before:
            notes.append(f"{text}; nor did the champion")
        else:
            refusals.append(Refusal(data.control, "never predicted", label, text))
    return refusals, notes


def calibrated(
    trained: Trained, data: Dataset, heard: Mapping[int, Floats], limit: float | None,
) -> tuple[list[Refusal], list[str]]:
    """Its calibration error on held-out tasks is within the limit, beyond what so few tasks make by chance."""
    if limit is None:
        return [], []
    examples, _ = judges(data)
    if len(examples) < LEAST_CALIBRATED:
        return [], [f"{data.control}: {len(examples)} held-out tasks do not show its calibration error; "
                    f"{LEAST_CALIBRATED} are needed"]
    found = said(trained.head, data, examples, heard)
    error, chance = ece(found, truths(data, examples)), by_chance(found)
    if error - chance <= limit:
        return [], []
    return [Refusal(data.control, "calibration", "", (
        f"{data.control}: its calibration error is {error:.3f} on {len(examples)} held-out tasks, of which chance "
        f"explains {chance:.3f}; {limit:g} is allowed"))], []


def _knows(against: Comparison) -> bool:
    """Its log score is better than that of the frequencies, by more than chance explains."""
    better = against.log_difference > 0 and normal_tail(
        against.log_difference / max(against.log_error, SMALLEST)) <= BETTER
    return against.no_worse and better


def _silent(found: Floats, truth: Ints, labels: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(truth[truth >= 0], minlength=len(labels))
    answered = set(np.unique(found.argmax(axis=1)).tolist()) if len(found) else set()
    return {label: int(counts[at]) for at, label in enumerate(labels)
            if counts[at] >= LEAST_OF_LABEL and at not in answered}
