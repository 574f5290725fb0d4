"""Calibration: of the answers scored 0.8, four in five should be right.

Temperature scaling (Guo et al. 2017): one number divides the logits, fitted on predictions that the model made
about texts it was not trained on. It never changes which label comes first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 15
"""Bins of the expected calibration error, as in Guo et al."""
SMALLEST = 1e-12
"""Probability below which a logarithm is cut."""


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Probabilities (n, K) of logits (n, K)."""
    scaled = logits / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    grown = np.exp(scaled)
    return np.asarray(grown / grown.sum(axis=1, keepdims=True), dtype=np.float64)


def fit_temperature(logits: Floats, truth: Ints, weights: Floats) -> float:
    """The temperature in 0.05 to 20 with the least weighted NLL of `truth` (n,) under logits (n, K)."""
    from scipy.optimize import minimize_scalar

    below = logits - logits.max(axis=1, keepdims=True)
    said = below[np.arange(len(truth)), truth]
    most = -float(np.log(SMALLEST))

    def loss(log_temperature: float) -> float:
        temperature = float(np.exp(log_temperature))
        losses = np.log(np.exp(below / temperature).sum(axis=1)) - said / temperature
        return float(np.average(np.minimum(losses, most), weights=weights))

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))


def nll(probabilities: Floats, truth: Ints, weights: Floats | None = None) -> float:
    """Mean negative log-likelihood in nats; lower is better."""
    losses = -np.log(np.maximum(probabilities[np.arange(len(truth)), truth], SMALLEST))
    return float(np.average(losses, weights=weights))


def ece(probabilities: Floats, truth: Ints, bins: int = BINS) -> float:
    """Expected calibration error of the top label's score: mean gap of score and accuracy, 0 is perfect."""
    score, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    at = np.minimum((score * bins).astype(np.int64), bins - 1)
    gaps = np.abs(np.bincount(at, weights=right - score, minlength=bins))
    return float(gaps.sum() / len(truth))
