"""The smoothed dual: how many answers each annotator would give at given prices, were choices a little blurred.

The assignment's dual is  sum_w capacity_w p_w + sum_t (the `overlap` best of value - price, where positive): convex,
with kinks, in one price for each annotator. Blurred by a temperature (Fermi's x = 1 / (1 + exp(-(v - p - q) / T)),
where q is the price of the task), it is smooth and strictly convex, and Newton's method solves it in a few steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]

EXACT = 1e-3
"""Answers by which a task's blurred choices may differ from its overlap, on average."""

TURNS = 16
"""Steps at most by which the prices of tasks are found."""


@dataclass(frozen=True, slots=True)
class Blurred:
    """What would be chosen at some prices."""

    choice: Floats
    """(M, n) between 0 and 1."""
    slack: Floats
    """(n,) answers left open, of the task's overlap."""
    price: Floats
    """(n,) of one answer to the task, in units of the temperature."""


def blurred(reduced: Floats, overlap: Floats, start: Floats) -> Blurred:
    """Blurred choices at `reduced` (M, n) = (value - price) / temperature; `start` (n,) guesses the tasks' prices.

    Each task's price is found by Newton's method inside a bracket. All in the dtype of `reduced`.
    """
    wanted = overlap.astype(reduced.dtype)
    low = np.zeros_like(wanted)
    high = np.maximum(reduced.max(axis=0), 0) + np.log(2 * (len(reduced) + wanted) / np.maximum(wanted, 1))
    price = np.clip(start.astype(reduced.dtype), low, high)
    for _ in range(TURNS):
        choice = _fermi(reduced - price)
        slack = wanted * np.exp(-price)
        taken = choice.sum(axis=0)
        over = taken + slack - wanted
        if np.abs(over).sum() < EXACT * len(over):
            break
        slope = taken - (choice * choice).sum(axis=0) + slack
        low, high = np.where(over > 0, price, low), np.where(over > 0, high, price)
        newton = price + over / np.maximum(slope, 1e-6)
        price = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
    return Blurred(choice, slack, price)


def _fermi(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), in place; exp stays finite in float32."""
    np.clip(x, -60, 60, out=x)
    np.negative(x, out=x)
    np.exp(x, out=x)
    x += 1
    return np.reciprocal(x, out=x)
