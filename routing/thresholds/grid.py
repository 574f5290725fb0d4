"""The thresholds that are tried, strictest first: places in the distribution of scores, labels not looked at; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

STEP = 0.025
"""Share of tasks between two thresholds that are tried."""

STARTS = (0.15, 0.4, 0.8)
"""Shares of tasks above a threshold at which the search starts, each with an equal part of what may go wrong.

A strict start needs many audited tasks before it can pass; a lax one passes early if the model is good, and never if it
is not. Of the sets that were tried in simulations (one to forty starts) three gave the most work to the machine."""

DIGITS = 6
"""Digits of a threshold: it is rounded down, so that the task it was taken from stays above it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Thresholds, strictest first, and the share of what may go wrong that the search starts with at each (sum 1)."""

    levels: tuple[float, ...] = ()
    starts: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For the store."""
        return {"levels": list(self.levels), "starts": list(self.starts)}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Grid:
        """Back from the store."""
        return cls(tuple(row["levels"]), tuple(row["starts"]))


def make(scores: ArrayLike, step: float = STEP, starts: Sequence[float] = STARTS) -> Grid:
    """Thresholds above which every `step` more of the tasks lie; equal ones are one. Empty without scores."""
    ordered = np.sort(np.asarray(scores, np.float64))[::-1]
    if not len(ordered):
        return Grid()
    weight: dict[float, float] = {}
    shares = np.arange(1, round(1 / step) + 1) * step
    chosen = {int(np.argmin(np.abs(shares - start))) for start in starts}
    for place, share in enumerate(shares):
        last = ordered[min(max(round(share * len(ordered)), 1), len(ordered)) - 1]
        level = float(np.floor(last * 10**DIGITS) / 10**DIGITS)
        weight[level] = weight.get(level, 0.0) + (1 / len(chosen) if place in chosen else 0.0)
    return Grid(tuple(weight), tuple(weight.values()))
