"""Multinomial logistic regression on features of texts, by L-BFGS (Liu and Nocedal 1989) in single precision.

It minimises the mean weighted log loss plus an L2 penalty, as scikit-learn does, and ends by the same criterion. What
it does otherwise makes it fit for a hundred thousand texts: several labels of one text are one row; a step along a
direction costs one product with the features, whatever lengths are tried; and vectors have four bytes a number.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cueloop.errors import ModelError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from ml_backend.models.factored import Factored

Singles = NDArray[np.float32]

TOLERANCE = 1e-4
"""Largest slope of the mean loss, in any direction of the axes, that counts as the bottom."""
REMEMBERED = 5
"""Steps whose curvature is remembered: each takes twice the memory of the coefficients, and ten hardly save steps."""
TRIES = 30
"""Lengths that are tried along one direction at most."""
FLATTER = 0.5
"""A length is accepted when the slope there is this share of the slope at the start at most."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Where the loss is least."""

    coefficients: Singles
    """(features + 1, classes); the last row is the intercept."""
    logits: Singles
    """(n, classes) of the rows it was fitted on."""
    iterations: int


def fit(
    features: Factored | csr_matrix | Singles, weights: Singles, *, inverse_regularisation: float, most: int,
    start: Singles | None = None,
) -> Fitted:
    """Fit features (n, features) to weights (n, classes) of each label in each row.

    `start`: coefficients to begin at; zeros if None. Raises ModelError for weights that are no numbers, and when the
    slope is not below `TOLERANCE` after `most` steps.
    """
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ModelError("Weights of training examples must be numbers from 0 up, and not all 0. Nothing was trained.")
    problem = _Problem(features, weights, inverse_regularisation)
    at = problem.point(np.zeros(problem.shape, np.float32) if start is None else start.astype(np.float32))
    steps: deque[tuple[Singles, Singles, float]] = deque(maxlen=REMEMBERED)
    for iteration in range(most):
        if _steepest(at.gradient) <= TOLERANCE:
            return Fitted(at.coefficients, at.logits, iteration)
        direction = _direction(at.gradient, steps)
        after = problem.search(at, direction, first=not steps)
        if after is None:
            break
        moved, turned = after.coefficients - at.coefficients, after.gradient - at.gradient
        curvature = float(np.vdot(moved, turned))
        if curvature > 0:
            steps.append((moved, turned, curvature))
        at = after
    raise ModelError(f"Training did not converge (slope {_steepest(at.gradient):.1e} after {most} steps at most). "
                     "The model is not used. Look for texts that carry contradicting labels.")


@dataclass(frozen=True, slots=True)
class _Point:
    """A place in the space of coefficients."""

    coefficients: Singles
    logits: Singles
    loss: float
    """Mean log loss, without the penalty."""
    gradient: Singles


class _Problem:
    """The loss and its slope."""

    def __init__(
        self, features: Factored | csr_matrix | Singles, weights: Singles, inverse_regularisation: float,
    ) -> None:
        whole = float(weights.sum(dtype=np.float64))
        self._features = features
        self._weights = weights / np.float32(whole)
        self._each = self._weights.sum(axis=1, keepdims=True)
        self._penalty = 1.0 / (inverse_regularisation * whole)
        self.shape = features.shape[1] + 1, weights.shape[1]

    def point(self, coefficients: Singles) -> _Point:
        return self._at(coefficients, self._logits(coefficients))

    def _at(self, coefficients: Singles, logits: Singles) -> _Point:
        loss, residual = self._loss(logits)
        gradient = np.empty_like(coefficients)
        np.multiply(coefficients, np.float32(self._penalty), out=gradient)
        gradient[:-1] += self._features.T @ residual
        gradient[-1] = residual.sum(axis=0)
        return _Point(coefficients, logits, loss, gradient)

    def _logits(self, coefficients: Singles) -> Singles:
        found: Singles = self._features @ coefficients[:-1]
        found += coefficients[-1]
        return found

    def _loss(self, logits: Singles) -> tuple[float, Singles]:
        """The mean log loss, and its slope by the logits."""
        residual = logits - logits.max(axis=1, keepdims=True)
        told = np.einsum("ij,ij->", self._weights, residual, dtype=np.float64)
        np.exp(residual, out=residual)
        sums = residual.sum(axis=1, keepdims=True)
        residual *= self._each / sums
        residual -= self._weights
        return float(np.vdot(self._each.astype(np.float64), np.log(sums, dtype=np.float64)) - told), residual

    def search(self, at: _Point, direction: Singles, *, first: bool) -> _Point | None:
        """The next point along a direction, or None where float32 sees no way down any more.

        The loss is convex: its slope along the direction only grows, so the length is where it is nearly zero.
        """
        change = self._logits(direction)
        slope = float(np.vdot(at.gradient, direction))
        if not slope < 0:
            return None
        steep = self._penalty * float(np.vdot(at.coefficients[:-1], direction[:-1]))
        bend = self._penalty * float(np.vdot(direction[:-1], direction[:-1]))
        low, high, at_low, at_high = 0.0, 0.0, slope, 0.0
        length = min(1.0, 1.0 / float(np.linalg.norm(at.gradient.ravel(), 1))) if first else 1.0
        for _ in range(TRIES):
            _, residual = self._loss(at.logits + np.float32(length) * change)
            here = float(np.vdot(residual, change)) + steep + length * bend
            if abs(here) <= FLATTER * -slope:
                break
            if here < 0:
                low, at_low = length, here
            else:
                high, at_high = length, here
            length = low + (high - low) * min(0.9, max(0.1, at_low / (at_low - at_high))) if high else 4 * length
        else:
            return None
        after = at.coefficients.copy()
        _add(after, length, direction)
        return self._at(after, at.logits + np.float32(length) * change)


def _direction(gradient: Singles, steps: deque[tuple[Singles, Singles, float]]) -> Singles:
    """Downhill, bent by the curvature of the remembered steps (the two loops of L-BFGS)."""
    found, factors = -gradient, []
    for moved, turned, curvature in reversed(steps):
        factors.append(float(np.vdot(moved, found)) / curvature)
        _add(found, -factors[-1], turned)
    if steps:
        _, turned, curvature = steps[-1]
        found *= np.float32(curvature / float(np.vdot(turned, turned)))
    for (moved, turned, curvature), factor in zip(steps, reversed(factors), strict=True):
        _add(found, factor - float(np.vdot(turned, found)) / curvature, moved)
    return found


def _steepest(gradient: Singles) -> float:
    return float(max(gradient.max(), -gradient.min()))


def _add(to: Singles, factor: float, other: Singles) -> None:
    """`to += factor * other`, in place: the vectors are the largest thing in memory."""
    from scipy.linalg.blas import saxpy

    saxpy(other.reshape(-1), to.reshape(-1), a=factor)
