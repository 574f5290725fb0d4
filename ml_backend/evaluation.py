"""How good a head is on tasks it was never trained on, and whether it may take the champion's place."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from ml_backend.bundle import Head
from ml_backend.calibration import Floats, ece, nll
from ml_backend.dataset import Dataset, Example

LEAST_JUDGES = 10
"""Held-out tasks without which nothing is compared."""
LEAST_BLIND = 50
"""Blind held-out tasks from which on only those judge (a suggestion on the screen draws people to it)."""
LEAST_PROBABILITY = 1e-3
"""Floor of a probability in comparisons, so that one bold mistake does not decide alone."""
TOLERANCE = 1.28
"""Standard errors by which a paired difference must be below zero to count as worse (one-sided 90 %)."""
Z = 1.959964
"""Standard normal quantile of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Score:
    """Quality on held-out tasks."""

    tasks: int
    blind: bool
    """Only blind answers judged; else suggestions may have anchored some."""
    accuracy: float | None
    low: float | None
    high: float | None
    """95 % Wilson interval. None: no held-out task yet."""
    nll: float | None = None
    ece: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidate and rival on the same tasks; positive differences favour the candidate."""

    control: str
    rival: str
    tasks: int
    accuracy: float
    rival_accuracy: float
    accuracy_difference: float
    accuracy_error: float
    """Standard error of the paired difference."""
    log_difference: float
    """Difference of the mean log probability given to the right label, in nats."""
    log_error: float
    no_worse: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of a candidate."""

    promoted: bool
    reason: str
    comparisons: tuple[Comparison, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """For the card."""
        return asdict(self)


def judges(data: Dataset, taught: Collection[int] = ()) -> tuple[list[Example], bool]:
    """The held-out examples that judge, and whether all are blind: only blind ones when there are enough.

    `taught`: keys of examples that a rival was trained on; they do not judge.
    """
    held = [e for e, out in zip(data.examples, data.held_out(), strict=True) if out and e.key not in taught]
    blind = [e for e in held if e.blind]
    return (blind, True) if len(blind) >= LEAST_BLIND else (held, len(blind) == len(held) > 0)


def evaluate(head: Head, data: Dataset) -> Score:
    """Score of a head on the held-out part of the data. A label that it does not know counts as missed."""
    examples, blind = judges(data)
    if not examples:
        return Score(0, blind, None, None, None)
    probabilities, truth = _aligned(head, data, examples)
    right = probabilities.argmax(axis=1) == truth
    low, high = wilson(int(right.sum()), len(right))
    return Score(len(right), blind, float(right.mean()), low, high,
                 nll(np.maximum(probabilities, LEAST_PROBABILITY), truth), ece(probabilities, truth))


def wilson(right: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    share, spread = right / count, Z * Z / count
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    return (0.0 if right == 0 else middle - half), (1.0 if right == count else middle + half)


def against_champion(candidate: Head, champion: Head, data: Dataset, taught: Collection[int] = ()) -> Comparison:
    """Both heads on the same held-out tasks, which neither was trained on; the champion was on those `taught`."""
    examples, _ = judges(data, taught)
    if len(examples) < LEAST_JUDGES:
        return _undecided(data.control, "the champion", len(examples))
    new, truth = _aligned(candidate, data, examples)
    old, _ = _aligned(champion, data, examples)
    return compare(data.control, "the champion", new, old, truth)


def against_answers(candidate: Head, said: Mapping[int, Mapping[str, float]], data: Dataset) -> Comparison:
    """A head and a champion that cannot be asked, only looked up: `said` has its {label: probability} by task."""
    examples, _ = judges(data, {e.key for e in data.examples if e.key not in said})
    if len(examples) < LEAST_JUDGES:
        return _undecided(data.control, "the champion", len(examples))
    new, truth = _aligned(candidate, data, examples)
    old = np.array([[said[e.key].get(label, 0.0) for label in data.labels] for e in examples])
    return compare(data.control, "the champion", new, old, truth)


def against_frequencies(candidate: Floats, truth: NDArray[np.int64], control: str) -> Comparison:
    """Out-of-fold probabilities (n, K) against always answering the classes' frequencies."""
    shares = np.bincount(truth, minlength=candidate.shape[1]) / max(len(truth), 1)
    return compare(control, "the mere frequencies of the classes", candidate, np.tile(shares, (len(truth), 1)), truth)


def compare(control: str, rival: str, new: Floats, old: Floats, truth: NDArray[np.int64]) -> Comparison:
    """Paired comparison in accuracy and in log score; worse is what chance explains in less than one case of ten."""
    count = len(truth)
    if count < LEAST_JUDGES:
        return _undecided(control, rival, count)
    right = (new.argmax(axis=1) == truth), (old.argmax(axis=1) == truth)
    gain, gain_error = _paired(right[0].astype(np.float64) - right[1])
    at = np.arange(count), truth
    logs, logs_error = _paired(np.log(np.maximum(new[at], LEAST_PROBABILITY))
                               - np.log(np.maximum(old[at], LEAST_PROBABILITY)))
    no_worse = gain >= -TOLERANCE * gain_error and logs >= -TOLERANCE * logs_error
    reason = (f"{control}: {'no worse' if no_worse else 'worse'}, accuracy {right[0].mean():.3f} against "
              f"{right[1].mean():.3f} of {rival} on the same {count} tasks ({gain:+.3f} ± {gain_error:.3f}), "
              f"log score {logs:+.3f} ± {logs_error:.3f}")
    return Comparison(control, rival, count, float(right[0].mean()), float(right[1].mean()), gain, gain_error,
                      logs, logs_error, no_worse, reason)


def compare_scores(control: str, rival: str, new: Floats, old: Floats) -> Comparison:
    """Paired comparison of any score (n,) where more is better, such as the F1 of regions."""
    if len(new) < LEAST_JUDGES:
        return _undecided(control, rival, len(new))
    gain, error = _paired(new - old)
    no_worse = gain >= -TOLERANCE * error
    reason = (f"{control}: {'no worse' if no_worse else 'worse'}, {new.mean():.3f} against {old.mean():.3f} of {rival} "
              f"on the same {len(new)} tasks ({gain:+.3f} ± {error:.3f})")
    return Comparison(control, rival, len(new), float(new.mean()), float(old.mean()), gain, error, 0.0, 0.0, no_worse,
                      reason)


def _undecided(control: str, rival: str, count: int) -> Comparison:
    return Comparison(control, rival, count, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, no_worse=False, reason=(
        f"{control}: {count} held-out tasks cannot compare it with {rival}; {LEAST_JUDGES} are needed"))


def verdict(comparisons: Sequence[Comparison]) -> Verdict:
    """Promoted only when no control is worse."""
    worse = [c for c in comparisons if not c.no_worse]
    said = "; ".join(c.reason for c in worse or comparisons)
    return Verdict(not worse, said, tuple(comparisons))


def _aligned(head: Head, data: Dataset, examples: Sequence[Example]) -> tuple[Floats, NDArray[np.int64]]:
    """Probabilities (n, all labels of the control), 0 for labels that the head does not know, and the truth."""
    probabilities = np.zeros((len(examples), len(data.labels)))
    known = [data.labels.index(label) for label in head.labels if label in data.labels]
    places = [i for i, label in enumerate(head.labels) if label in data.labels]
    probabilities[:, known] = head.probabilities([e.text for e in examples])[:, places]
    truth = np.array([data.labels.index(e.label) for e in examples], dtype=np.int64)
    return probabilities, truth


def _paired(difference: Floats) -> tuple[float, float]:
    """Mean of a paired difference and its standard error."""
    return float(difference.mean()), float(difference.std(ddof=1) / math.sqrt(len(difference)))
