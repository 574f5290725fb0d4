"""Finds the lowest score above which errors are rarer than a target, though it is chosen by looking at the data; pure.

Each threshold of the grid has a hypothesis: "above it, the error is at least the target". They are tested in a fixed
order, from the strictest down (Learn then Test: Angelopoulos et al. 2021). Each start of the grid has its part of the
chance to be wrong; a hypothesis that falls hands its own on to the next one below, one that stands ends the run
(fallback procedure: Wiens 2003). So the chance that *any* threshold that passes is not safe is at most 1 - confidence.
No shape is assumed: a model may be wrong most where it is surest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routing.thresholds.betting import Floats
from routing.thresholds.grid import Grid

Test = Callable[[ArrayLike, ArrayLike, ArrayLike], Floats]
"""`betting.below` for data that keep arriving, `binomial.below` for data that are looked at once."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Audited tasks at or above each of J thresholds: how many, how many wrong, and the mean `doubt`, the chance that
    what people agreed on is wrong. All (J,)."""

    seen: NDArray[np.float64]
    wrong: NDArray[np.float64]
    doubt: NDArray[np.float64]


def count(levels: ArrayLike, score: ArrayLike, wrong: ArrayLike, doubt: ArrayLike) -> Counts:
    """Count n audited tasks (`score`, `wrong`, `doubt`: (n,)) above each of `levels` (J,)."""
    scores, marks, doubts = (np.asarray(given, np.float64) for given in (score, wrong, doubt))
    order = np.argsort(-scores, kind="stable")
    place = np.searchsorted(-scores[order], -np.asarray(levels, np.float64), side="right")

    def sums(values: Floats) -> Floats:
        return np.concatenate(([0.0], np.cumsum(values[order])))[place]

    seen = place.astype(np.float64)
    return Counts(seen, sums(marks), sums(doubts) / np.maximum(seen, 1.0))


def target(error: float, doubt: ArrayLike) -> Floats:
    """The error rate that disagreement with people must stay below, so that the machine's error stays below `error`.

    Of the machine's errors people miss at most as many as they are wrong themselves. What they wrongly object to
    counts against the machine.
    """
    return np.asarray(error * (1 - np.minimum(np.asarray(doubt, np.float64), 0.5)), np.float64)


def passed(grid: Grid, counts: Counts, error: float, confidence: float, test: Test) -> NDArray[np.bool_]:
    """(J,) thresholds above which the error is below `error`; all of them at once with this confidence.

    Counts of many sets of data at once, (..., J), give as many answers.
    """
    evidence = test(counts.wrong, counts.seen, target(error, counts.doubt))
    found, carried = np.zeros(evidence.shape, bool), np.zeros(evidence.shape[:-1])
    for at, start in enumerate(grid.starts):
        stake = carried + start * (1 - confidence)
        with np.errstate(divide="ignore"):      # nothing at stake: nothing can fall
            found[..., at] = (stake > 0) & (evidence[..., at] >= -np.log(stake))
        carried = np.where(found[..., at], stake, 0.0)
    return found


def lowest(grid: Grid, counts: Counts, error: float, confidence: float, test: Test) -> int | None:
    """Place in the grid of the lowest threshold that passed: the one that gives most to the machine."""
    found = np.flatnonzero(passed(grid, counts, error, confidence, test))
    return int(found[-1]) if len(found) else None
