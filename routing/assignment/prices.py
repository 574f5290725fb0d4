"""Prices of the annotators' places: Newton's method on the smoothed dual, from hot to cold.

First on a sample of the tasks with capacities in proportion, from a temperature at which everybody is asked a little
about everything. `routing.assignment.correct` then corrects them by all tasks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from routing.assignment.smooth import Blurred, Floats, blurred

Array = NDArray[np.float64]

COOLING = 0.3
"""Factor of the temperature from one stage to the next."""

COLD = 3e-4
"""Last temperature, in units of the values' spread."""

WARM = 0.03
"""Temperature at which known prices of another sample serve."""

CLOSE = 0.04
"""A stage is done when the loads miss the capacities by this share in all."""

ROUGH = 0.15
"""The same after `SOME` steps: the next temperature goes on."""

SOME, STEPS = 10, 40
"""Steps at one temperature until a rough fit will do, and at most."""

STIFF = 0.01
"""Resistance to a common shift of all prices, which means nothing where places and answers wanted are as many."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Tasks with all annotators: `value` (W, n)."""

    value: Floats
    overlap: Floats

    def reduced(self, price: Array, heat: float) -> Floats:
        """(W, n) value less price, in units of the temperature."""
        return np.asarray((self.value - price.astype(self.value.dtype)[:, None]) * self.value.dtype.type(1 / heat))

    def load(self, found: Blurred) -> Array:
        """(W,) answers of each annotator."""
        return np.asarray(found.choice.sum(axis=1, dtype=float))

    def curvature(self, found: Blurred) -> Array:
        """(W, W) minus the derivative of the loads by the prices, in units of the temperature."""
        moving = found.choice * (1 - found.choice)
        whole = np.maximum(moving.sum(axis=0) + found.slack, 1e-9)
        together = (moving @ (moving / whole).T).astype(float)
        return np.asarray(np.diag(moving.sum(axis=1, dtype=float)) - together)


def of_sample(value: Floats, capacity: Array, overlap: Floats, spread: float,
              known: Array | None = None) -> tuple[Array, float]:
    """(W,) prices for a sample of tasks, and the last temperature.

    `value` (W, n) is minus infinity where nobody is asked; `capacity` (W,) positive, in proportion to the sample.
    `known` prices of another sample spare the hot stages.
    """
    finite = np.where(np.isfinite(value), value, 0)
    heat = max(2 * spread, min(float((finite.sum(axis=1) / capacity).max()), 50 * (float(finite.max()) + spread)))
    price: Array = np.zeros(len(capacity))
    tasks = Whole(value, overlap)
    task_price: Floats = np.zeros(value.shape[1], value.dtype)
    if known is not None:
        heat, price = WARM * spread, known
        task_price = _last(tasks.reduced(price, 1.0), overlap)
    while True:
        price, task_price, _ = _stage(tasks, capacity, heat, price, task_price, CLOSE)
        if heat <= COLD * spread:
            return price, heat
        heat = max(heat * COOLING, COLD * spread)
        price = np.minimum(price, float(finite.max()) + 5 * heat)       # no place is worth more than an answer


def _stage(tasks: Whole, capacity: Array, heat: float, price: Array, task_price: Floats,
           close: float) -> tuple[Array, Floats, Blurred]:
    """Prices at one temperature, the tasks' prices and the blurred choices there."""
    rest, found = _at(tasks, capacity, heat, price, task_price)
    for turn in range(STEPS):
        if np.abs(rest).sum() < (close if turn < SOME else ROUGH) * capacity.sum():
            break
        full = np.linalg.solve(_bend(tasks, capacity, heat, price, found), rest) * heat
        step = np.clip(full, -2 * heat, 6 * heat)
        before, length = float(rest @ step), 1.0
        if before <= 0:     # cut price by price it may lead upwards; shortened as a whole it never does
            step = full * min(1.0, 6 * heat / float(np.abs(full).max()))
            before = float(rest @ step)
        if before <= 0:     # nothing but rounding is left
            break
        for _ in range(6):
            left, tried = _at(tasks, capacity, heat, price + length * step, found.price * heat)
            if left @ step >= -before / 2:      # still going down, or hardly beyond the lowest point
                break
            length *= max(0.1, min(0.7, before / (before - float(left @ step))))
        price, rest, found = price + length * step, left, tried
    return price, found.price * heat, found


def _at(tasks: Whole, capacity: Array, heat: float, price: Array, task_price: Floats) -> tuple[Array, Blurred]:
    """(W,) by how much the loads exceed the capacities, places left open counted; and the blurred choices."""
    found = blurred(tasks.reduced(price, heat), tasks.overlap, task_price / heat)
    return tasks.load(found) + places_open(capacity, price, heat) - capacity, found


def _bend(tasks: Whole, capacity: Array, heat: float, price: Array, found: Blurred) -> Array:
    bend = tasks.curvature(found) + np.diag(places_open(capacity, price, heat))
    own = np.diag(bend) + 1e-9
    return np.asarray(bend + np.diag(1e-6 * own) + STIFF * np.outer(own, own) / own.sum())


def places_open(capacity: Array, price: Array, heat: float) -> Array:
    """(W,) places that stay open: those of no price; this keeps prices above zero."""
    return np.asarray(capacity * np.exp(np.clip(-price / heat, -60, 60)))


def _last(reduced: Floats, overlap: Floats) -> Floats:
    """(T,) what the last answer of each task is worth, net: a guess at its price."""
    at = np.maximum(len(reduced) - np.maximum(overlap, 1), 0)
    return np.asarray(np.maximum(np.take_along_axis(np.sort(reduced, axis=0), at[None], axis=0)[0], 0))
