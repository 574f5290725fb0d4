"""A softmax regression that goes on from where it was: for trying out orders of asking, thousands of small fits.

The same model as `text-linear` (multinomial logistic regression with the same penalty), in single precision and
started from the last one. It learns soft labels: a row of weights for each example.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError
from ml_backend.calibration import Floats, softmax
from ml_backend.models.text_linear import INVERSE_REGULARISATION

Features = Any
"""(n, features), dense or sparse, single precision."""
TOLERANCE = 1e-4
"""Largest slope of the mean loss at which it counts as learned."""
MAX_ITERATIONS = 500


@dataclass(frozen=True, slots=True)
class Learned:
    """Coefficients (features, labels) and intercept (labels,); `seen` (labels,) says which had an example."""

    coefficients: NDArray[np.float32]
    intercept: NDArray[np.float32]
    seen: NDArray[np.bool_]

    def probabilities(self, features: Features) -> Floats:
        """(n, labels), 0 for a label that it never saw."""
        logits = np.asarray(features @ self.coefficients, dtype=np.float64) + self.intercept
        logits[:, ~self.seen] = -np.inf
        return softmax(logits)


def learn(features: Features, lessons: Floats, before: Learned | None = None) -> Learned:
    """Fit features (n, d) to lessons (n, labels): how much each label weighs in each example, at least 0.

    `before` is where to start. Raises ModelError for lessons of nothing, or when it does not converge.
    """
    from scipy.optimize import minimize

    seen = lessons.sum(axis=0) > 0
    labels = np.flatnonzero(seen)
    if not len(labels):
        raise ModelError("There is nothing to learn: no example has a label.")
    size, classes = features.shape[1], len(labels)
    start = np.zeros((size + 1, classes))
    if before is not None:
        start[:-1], start[-1] = before.coefficients[:, labels], before.intercept[labels]
    if classes > 1:
        found = minimize(_loss, start.ravel(), args=(features, lessons[:, labels].astype(np.float32)), jac=True,
                         method="L-BFGS-B", options={"maxiter": MAX_ITERATIONS, "gtol": TOLERANCE, "ftol": 1e-9})
        if found.nit >= MAX_ITERATIONS:
            raise ModelError(f"The model did not converge in {MAX_ITERATIONS} steps on {features.shape[0]} examples.")
        start = found.x.reshape(size + 1, classes)
    coefficients = np.zeros((size, len(seen)), dtype=np.float32)
    intercept = np.zeros(len(seen), dtype=np.float32)
    coefficients[:, labels], intercept[labels] = start[:-1], start[-1]
    return Learned(coefficients, intercept, seen)


def _loss(flat: Floats, features: Features, lessons: NDArray[np.float32]) -> tuple[float, Floats]:
    """Mean loss with the penalty on coefficients alone, and its slope."""
    weights = flat.reshape(-1, lessons.shape[1])
    total = float(lessons.sum())
    logits = features @ weights[:-1].astype(np.float32) + weights[-1].astype(np.float32)
    logits -= logits.max(axis=1, keepdims=True)
    grown = np.exp(logits)
    norm = grown.sum(axis=1, keepdims=True)
    shares, mass = grown / norm, lessons.sum(axis=1, keepdims=True)
    loss = float((mass * np.log(norm)).sum(dtype=np.float64) - (lessons * logits).sum(dtype=np.float64))
    gap = shares * mass - lessons
    penalty = 1.0 / INVERSE_REGULARISATION
    slope = np.empty_like(weights)
    slope[:-1] = features.T @ gap + penalty * weights[:-1]
    slope[-1] = gap.sum(axis=0)
    return (loss + 0.5 * penalty * float((weights[:-1] ** 2).sum())) / total, slope.ravel() / total
