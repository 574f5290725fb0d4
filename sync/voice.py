"""The model as one more voice in the consensus, with as much weight as it has earned.

The idea is CROWDLAB's (Goh, Tkachenko and Mueller 2022): predictions of a trained model speak beside people, weighed
by how far they can be relied on. Here that is learned from people's answers alone: how much better is an answer
predicted by the others' answers together with the model than by the others' answers? Two figures say it. The model is
believed with a `weight`, else it is as if it had said nothing, so that its word is never worth more than
1 / (1 - weight) to one; and its probabilities are first tempered by a `temperature`. A model that is useless, wrong
or too sure of itself earns no weight, or a higher temperature, and changes nothing.

Only predictions made without having seen a task's label may speak (`usable`): a model never vouches for a label that
it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray, normalised
from sync.consensus import ANNOTATOR_WEIGHT, Fit
from sync.passes import passes
from sync.performance import blocks
from sync.probability import INDEPENDENCE, cautious

TEMPERATURES = (0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0, 8.0)
WEIGHTS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)

SURE = 3.0
"""Standard errors by which the model must improve the prediction of answers before it gets a word."""

ENOUGH = 30
"""Tasks with two answers or more and a usable prediction, below which nothing is learned."""

_FLOOR = 1e-6
"""Probabilities of a model are at least this."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What a model says of T tasks: `probabilities` (T, K), of which only rows that are `usable` (T,) may speak.

    Usable are predictions by a version that was trained without the task, to people who had not seen it.
    """

    probabilities: FloatArray
    usable: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Heard:
    """How much a model's word is worth: `weight` from 0 to 1, `temperature`, the mean tempered prediction `shares`
    (K,), the number of `tasks` from which it was learned, and the `reason` where the weight is 0."""

    weight: float
    temperature: float
    shares: tuple[float, ...]
    tasks: int
    reason: str | None = None

    def facts(self) -> dict[str, Any]:
        """As JSON, for the store (`fits.voice`); `heard` reads it back."""
        return {"weight": self.weight, "temperature": self.temperature, "tasks": self.tasks, "reason": self.reason,
                "shares": [round(share, 8) for share in self.shares]}


def heard(facts: dict[str, Any]) -> Heard:
    """What `Heard.facts` wrote."""
    return Heard(facts["weight"], facts["temperature"], tuple(facts["shares"]), facts["tasks"], facts["reason"])


def learn(voice: Voice, task: IntArray, annotator: IntArray, label: IntArray, fit: Fit, *,
          pinned: IntArray | None = None) -> Heard:
    """Weigh a model by how it helps to predict people's answers (three arrays of length N) where two or more
    annotators answered; `fit` is the consensus of people alone. Ground truth is left out: it needs no vote.

    Raises ValueError when the voice has another shape than the fit's tasks and labels.
    """
    tasks, labels = fit.posterior.shape
    if voice.probabilities.shape != (tasks, labels) or voice.usable.shape != (tasks,):
        raise ValueError(f"a voice for {tasks} tasks and {labels} labels has shape {voice.probabilities.shape}")
    answers = np.bincount(task, minlength=tasks)
    free = voice.usable if pinned is None else voice.usable & (np.asarray(pinned) < 0)
    rows = np.flatnonzero(free[task] & (answers[task] > 1))
    size = len(np.unique(task[rows]))
    uniform = (1 / max(labels, 1),) * labels
    if size < ENOUGH:
        return Heard(0.0, 1.0, uniform, size, f"only {size} tasks have two answers and a prediction; {ENOUGH} are "
                     "needed to weigh a model")
    speaks = free & (answers > 0)
    shares = [tempered(voice.probabilities, temperature)[speaks].mean(0) for temperature in TEMPERATURES]
    predicted = _predicted(task, annotator, label, fit, rows, voice, shares)
    best: tuple[float, float, float, FloatArray] | None = None
    for at, temperature in enumerate(TEMPERATURES):
        for weight, gain in zip(WEIGHTS, _gains(task[rows], *(part[at] for part in predicted)), strict=True):
            total, error = float(gain.sum()), float(gain.std() * np.sqrt(len(gain)))
            if total > max(SURE * error, 2.0) and (best is None or total > best[0]):
                best = total, weight, temperature, shares[at]
    if best is None:
        return Heard(0.0, 1.0, uniform, size, "the model does not help to predict people's answers")
    return Heard(best[1], best[2], tuple(map(float, best[3])), size)


def join(probability: FloatArray, said: FloatArray, heard: Heard) -> FloatArray:
    """Probabilities (n, K) by people and model together, from people's and what the model `said` (n, K both)."""
    if heard.weight == 0:
        return probability
    ratio = tempered(said, heard.temperature) / np.maximum(np.array(heard.shares), _FLOOR)
    return normalised(probability * (heard.weight * ratio + 1 - heard.weight))


def tempered(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Probabilities (n, K) to the power of 1 / temperature. What is no probability, such as NaN, counts as unsaid."""
    clean = np.maximum(np.nan_to_num(probabilities, nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    total = clean.sum(1, keepdims=True)
    clean = np.where(total > 0, clean / np.maximum(total, 1e-300), 1 / max(clean.shape[1], 1))
    return normalised(np.maximum(clean, _FLOOR) ** (1 / temperature))


def _predicted(task: IntArray, annotator: IntArray, label: IntArray, fit: Fit, rows: IntArray, voice: Voice,
               shares: list[FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How well each answer in `rows` is predicted, for each of `TEMPERATURES`: (temperatures, n) three times.

    With the model as well as the others; what that must be divided by; and by the others alone. What they say rests
    on cautious confusions and is calibrated as the probability of a consensus is.
    """
    tasks, labels = fit.posterior.shape
    careful = cautious(fit.confusion, fit.counts, ANNOTATOR_WEIGHT)
    evidence = passes(task, annotator, label, tasks=tasks, annotators=len(careful), labels=labels).expect(
        careful, np.full(labels, 1 / labels))
    others = np.bincount(task, minlength=tasks) - 1
    together, whole, alone = (np.empty((len(TEMPERATURES), len(rows))) for _ in range(3))
    for part in blocks(len(rows), labels):
        at = rows[part]
        chance = careful[annotator[at], :, label[at]]
        logs = (np.log(np.maximum(evidence[task[at]], 1e-300)) - np.log(np.maximum(chance, 1e-12))
                + np.log(np.maximum(fit.prior, 1e-300)))
        logs *= others[task[at]][:, None] ** -INDEPENDENCE
        belief = normalised(np.exp(logs - logs.max(1, keepdims=True)))
        alone[:, part] = (belief * chance).sum(1)
        for which, temperature in enumerate(TEMPERATURES):
            said = tempered(voice.probabilities[task[at]], temperature)
            spoken = belief * said / np.maximum(shares[which], _FLOOR)
            together[which, part], whole[which, part] = (spoken * chance).sum(1), spoken.sum(1)
    return together, whole, alone


def _gains(task: IntArray, together: FloatArray, whole: FloatArray, alone: FloatArray) -> list[FloatArray]:
    """Log likelihood that the answers to each of M tasks gain by the model, for each of `WEIGHTS`: (M,) each."""
    _, place = np.unique(task, return_inverse=True)
    gains = [np.log((weight * together + (1 - weight) * alone) / (weight * whole + 1 - weight) / alone)
             for weight in WEIGHTS]
    return [np.asarray(np.bincount(place, weights=gain), np.float64) for gain in gains]
