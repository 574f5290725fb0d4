"""How far the scores of somebody else's pipeline can be believed, learned from people's blind answers.

* A told score is tempered: its log odds are divided by one temperature (Guo et al. 2017). With few answers the
  temperature stays near a prior of 2, because pipelines, and language models most of all, are sure of too much.
* Without a score, the score is the share of right answers among those with the same label: a beta-binomial mean,
  drawn to the share of the other labels, and that one to a half.
* What is left for the other labels goes where people went when the pipeline said this label and was wrong.
* However sure it is, n answers support only so much: the result is drawn to a half as by four further answers, two
  right and two wrong (Agresti and Coull 1998). So a pipeline without any blind answer scores 0.5, one with 50 at most
  0.96: no rule accepts its labels by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_backend.calibration import Floats, Ints

PRIOR_TEMPERATURE, PRIOR_SPREAD = 2.0, 0.5
"""Middle of the prior of the temperature, and standard deviation of its logarithm."""
IMAGINED = 4.0
"""Answers, half of them right, that are imagined beside those that people gave."""
LABEL_WEIGHT = 20.0
"""Answers that the share of the other labels is worth, at most, in the share of one."""
REST_WEIGHT = 5.0
"""Answers, spread evenly, that are imagined beside those where the pipeline was wrong about a label."""
FLOOR = 1e-4
"""No told probability is nearer to 0 or 1: a pipeline that says 1 can be tempered, too."""
LEAST, MOST = 0.2, 50.0
"""Bounds of the temperature."""
SCORELESS, SCORED, FULL = 0, 1, 2
"""What was told beside a label: nothing, its score, the probabilities of all labels."""


@dataclass(frozen=True, slots=True)
class Sayings:
    """What was told of n tasks with K labels."""

    label: Ints
    """(n,) the label that was told."""
    shares: Floats
    """(n, K) told probabilities; of a score alone, what is left is spread evenly; of a label alone, all is even."""
    kind: NDArray[np.int8]
    """(n,) SCORELESS, SCORED or FULL."""

    def where(self, keep: NDArray[Any]) -> Sayings:
        """Only these tasks."""
        return Sayings(self.label[keep], self.shares[keep], self.kind[keep])


@dataclass(frozen=True, slots=True)
class Trust:
    """What was learned of a pipeline's answers to a control with K labels."""

    temperature: float
    tasks: int
    """Tasks with a score from which the temperature was learned."""
    share: float
    """Share of right answers without a score, drawn to a half."""
    label_shares: Floats
    """(K,) the same for each label told, drawn to that of the others."""
    scoreless: int
    """Tasks without a score from which the shares were learned."""
    rest: Floats
    """(K, K) where people go, other than to the label told: rows sum to 1, the diagonal is 0."""


def prior(labels: int) -> Trust:
    """What is believed of a pipeline before anybody answered."""
    empty = Sayings(np.zeros(0, np.int64), np.zeros((0, labels)), np.zeros(0, np.int8))
    return learn(empty, np.zeros(0, np.int64), np.zeros(0))


def learn(said: Sayings, truth: Ints, weight: Floats) -> Trust:
    """Learn from n tasks: what was told, the label that people gave (n,), and how sure it is (n,)."""
    labels = said.shares.shape[1]
    scored = said.kind != SCORELESS
    right = weight * (said.label == truth) + (1 - weight) * (said.label != truth) / max(labels - 1, 1)
    bare = ~scored
    share = (right[bare].sum() + IMAGINED / 2) / (bare.sum() + IMAGINED)
    counts = np.bincount(said.label[bare], minlength=labels)
    hits = np.bincount(said.label[bare], weights=right[bare], minlength=labels)
    rest = np.zeros((labels, labels))
    np.add.at(rest, (said.label, truth), weight)
    rest += REST_WEIGHT / max(labels - 1, 1)
    np.fill_diagonal(rest, 0.0)
    rest /= np.maximum(rest.sum(axis=1, keepdims=True), 1e-12)
    other_counts = counts.sum() - counts + IMAGINED        # a label's own answers count once
    other_share = (hits.sum() - hits + IMAGINED / 2) / other_counts
    drawn = np.minimum(LABEL_WEIGHT, other_counts)
    return Trust(_temperature(said.where(scored), truth[scored], weight[scored]), int(scored.sum()), float(share),
                 (hits + drawn * other_share) / (counts + drawn), int(bare.sum()), rest)


def sure(trust: Trust, said: Sayings) -> Floats:
    """(n,) how likely the label told is right."""
    at = np.arange(len(said.label)), said.label
    told = np.where(said.kind == FULL, _tempered(trust, said)[at],
                    1 / (1 + np.exp(-_logit(said.shares[at]) / trust.temperature)))
    supported = trust.tasks / (trust.tasks + IMAGINED)
    told = supported * told + (1 - supported) * np.minimum(told, 0.5)
    return np.asarray(np.where(said.kind == SCORELESS, trust.label_shares[said.label], told), np.float64)


def believed(trust: Trust, said: Sayings) -> Floats:
    """Calibrated probabilities (n, K) of what was told, K at least 2. The label told stays the likeliest one."""
    at = np.arange(len(said.label)), said.label
    others = np.where((said.kind == FULL)[:, None], _tempered(trust, said), trust.rest[said.label])
    others[at] = 0.0
    others /= np.maximum(others.sum(axis=1, keepdims=True), 1e-12)
    return _likeliest(sure(trust, said), others, at)


def _tempered(trust: Trust, said: Sayings) -> Floats:
    shares = np.clip(said.shares, FLOOR, 1.0) ** (1 / trust.temperature)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float64)


def _likeliest(told: Floats, others: Floats, at: tuple[NDArray[Any], Ints]) -> Floats:
    """Probabilities with `told` (n,) at the label told and the rest spread as `others` (n, K), which sum to 1.

    Where another label would come first, the rest is spread more evenly, as far as it must.
    """
    labels = others.shape[1]
    told = np.maximum(told, 1 / labels + 1e-6)
    even = np.full_like(others, 1 / (labels - 1))
    even[at] = 0.0
    most = others.max(axis=1)
    room = (told - 1e-6) / np.maximum(1 - told, 1e-12)
    mixed = np.clip((most - room) / np.maximum(most - 1 / (labels - 1), 1e-12), 0.0, 1.0)
    spread = (1 - mixed[:, None]) * others + mixed[:, None] * even
    found = (1 - told)[:, None] * spread
    found[at] = told
    return np.asarray(found, np.float64)


def _temperature(said: Sayings, truth: Ints, weight: Floats) -> float:
    """The likeliest temperature given its prior. Of a score alone, only right or wrong is known."""
    if not len(truth):
        return PRIOR_TEMPERATURE
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(truth))
    odds, right = _logit(said.shares[rows, said.label]), said.label == truth
    logs = np.log(np.clip(said.shares, FLOOR, 1.0))
    full = said.kind == FULL

    def loss(log_temperature: float) -> float:
        temperature = float(np.exp(log_temperature))
        binary = np.logaddexp(0.0, np.where(right, -odds, odds) / temperature)
        scaled = logs / temperature
        several = np.logaddexp.reduce(scaled, axis=1) - scaled[rows, truth]
        own = np.sum(weight * np.where(full, several, binary))
        return float(own + (log_temperature - np.log(PRIOR_TEMPERATURE)) ** 2 / (2 * PRIOR_SPREAD ** 2))

    found = minimize_scalar(loss, bounds=(np.log(LEAST), np.log(MOST)), method="bounded")
    return float(np.exp(found.x))


def _logit(share: Floats) -> Floats:
    clipped = np.clip(share, FLOOR, 1 - FLOOR)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float64)
