"""Two models on the same tasks: who is right more often, who gives the truth more probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_backend.calibration import Floats
from ml_backend.judging.judges import LEAST_JUDGES
from ml_backend.judging.paired import chance_lower, chance_more_wrong, mean_error, shown
from ml_backend.judging.score import FLOOR

LEVEL = 0.10
"""Chance at most with which each measure calls a model worse that is as good as its rival. Both together do so in about
one case of ten (simulated): counts are coarse, and the two go together."""
LOG_PER_ERROR = 2.0
"""Nats that a wrong answer instead of a right one costs a calibrated model, about: what a margin allows the log score.
(0.85 for the truth falls to about 0.11.)"""
HELD_OUT, CROSS_VALIDATED = "held out", "cross-validated"
"""What a comparison rests on: tasks that neither was trained on; scores of models that had not seen the task."""


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
    accuracy_chance: float | None = None
    """How likely the candidate looks so much worse by chance though it is as good (within the margin)."""
    log_chance: float | None = None
    shows: float | None = None
    """Smallest difference of accuracy that these tasks show in four cases of five."""
    basis: str = HELD_OUT


def compare(
    control: str, rival: str, new: Floats, old: Floats, truth: NDArray[np.int64], margin: float = 0.0,
    basis: str = HELD_OUT,
) -> Comparison:
    """Paired comparison in accuracy and in log score of probabilities (n, K), (n, K) about the labels `truth` (n,).

    Worse is what chance explains in less than `LEVEL` of the cases, in either measure. `margin`: points of accuracy by
    which it may be worse beyond that.
    """
    count = len(truth)
    if count < LEAST_JUDGES:
        return undecided(control, rival, count)
    right = (new.argmax(axis=1) == truth), (old.argmax(axis=1) == truth)
    lost, won = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    gain, gain_error = mean_error(right[0].astype(np.float64) - right[1])
    at = np.arange(count), truth
    told = np.log(np.maximum(new[at], FLOOR)) - np.log(np.maximum(old[at], FLOOR))
    logs, logs_error = mean_error(told)
    chances = (chance_more_wrong(lost, won, count, margin), chance_lower(told + margin * LOG_PER_ERROR))
    no_worse = min(chances) > LEVEL
    shows = shown(count, lost + won, LEVEL)
    reason = (f"{control}: {'no worse' if no_worse else 'worse'}, accuracy {right[0].mean():.3f} against "
              f"{right[1].mean():.3f} of {rival} on the same {count} tasks{_how(basis)} ({gain:+.3f} ± "
              f"{gain_error:.3f}; {won} won, {lost} lost, p {chances[0]:.2g}), log score {logs:+.3f} ± "
              f"{logs_error:.3f} (p {chances[1]:.2g}){_allowed(margin)}; {count} tasks show differences from "
              f"{100 * shows:.1f} points on")
    return Comparison(control, rival, count, float(right[0].mean()), float(right[1].mean()), gain, gain_error,
                      logs, logs_error, no_worse, reason, *chances, shows, basis)


def compare_scores(control: str, rival: str, new: Floats, old: Floats) -> Comparison:
    """Paired comparison of any score (n,) where more is better, such as the F1 of regions."""
    if len(new) < LEAST_JUDGES:
        return undecided(control, rival, len(new))
    gain, error = mean_error(new - old)
    chance = chance_lower(new - old)
    no_worse = chance > LEVEL
    reason = (f"{control}: {'no worse' if no_worse else 'worse'}, {new.mean():.3f} against {old.mean():.3f} of {rival} "
              f"on the same {len(new)} tasks ({gain:+.3f} ± {error:.3f}, p {chance:.2g})")
    return Comparison(control, rival, len(new), float(new.mean()), float(old.mean()), gain, error, 0.0, 0.0, no_worse,
                      reason, chance)


def against_frequencies(candidate: Floats, truth: NDArray[np.int64], control: str) -> Comparison:
    """Out-of-fold probabilities (n, K) against always answering the classes' frequencies."""
    shares = np.bincount(truth, minlength=candidate.shape[1]) / max(len(truth), 1)
    return compare(control, "the mere frequencies of the classes", candidate, np.tile(shares, (len(truth), 1)), truth,
                   basis=CROSS_VALIDATED)


def undecided(control: str, rival: str, count: int, reason: str = "") -> Comparison:
    """Nothing can be said, so nothing is promoted; the reason says what is missing."""
    return Comparison(control, rival, count, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, no_worse=False, reason=reason or (
        f"{control}: {count} held-out tasks cannot compare it with {rival}; {LEAST_JUDGES} are needed"))


def _how(basis: str) -> str:
    return "" if basis == HELD_OUT else ", by cross-validation"


def _allowed(margin: float) -> str:
    return f", {100 * margin:g} points allowed" if margin else ""
