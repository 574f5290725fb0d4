"""What can be said of a class, or of all: the safe threshold, what it gives to the machine, how sure it is; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from routing.thresholds import betting, binomial
from routing.thresholds.grid import Grid
from routing.thresholds.needed import Needed, needed
from routing.thresholds.search import Test, count, lowest, target

Interval = Callable[[int, int, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Method:
    """How evidence is weighed: `test` finds the threshold, `interval` tells how large the error above it may be."""

    test: Test
    interval: Interval


ANYTIME = Method(betting.below, betting.interval)
"""For data that keep arriving and are looked at again and again."""

ONCE = Method(binomial.below, binomial.interval)
"""For data that are looked at once: a file."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """`tasks` of a class (`label`; empty: all) with a prediction, `audited` of them, `wrong` of those.

    `score` is the threshold, None where none is safe: then `needed` says what is missing, or `why` what stands in the
    way. `share` of the tasks lie above it. The rest is about audited tasks above it (above none: all of them): `above`,
    `errors`, the interval `low` to `high` of their error, `doubt`, and `effective`, what they count when each is
    discounted by the chance that people are wrong about it.
    """

    label: str
    tasks: int
    audited: int
    wrong: int
    score: float | None
    share: float
    above: int
    errors: int
    low: float
    high: float
    doubt: float
    effective: float
    needed: Needed | None
    why: str


def outlook(label: str, grid: Grid, population: ArrayLike, score: ArrayLike, wrong: ArrayLike, doubt: ArrayLike, *,
            error: float, confidence: float, method: Method) -> Outlook:
    """Search `grid` for a class with these scores in the whole (`population`) and these n audited tasks."""
    everything = np.asarray(population, np.float64)
    scores, marks, doubts = (np.asarray(given, np.float64) for given in (score, wrong, doubt))
    counts = count(grid.levels, scores, marks, doubts)
    at = lowest(grid, counts, error, confidence, method.test)
    level = None if at is None else grid.levels[at]
    above: NDArray[np.bool_] = np.ones(len(scores), bool) if level is None else scores >= level
    seen, errors = int(above.sum()), int(marks[above].sum())
    low, high = method.interval(errors, seen, confidence)
    missing = None
    if level is None:
        shares = (everything[:, None] >= np.asarray(grid.levels)).mean(0) if len(everything) else np.zeros(0)
        missing = needed(grid, counts, shares, error, confidence, method.test)
    mean = float(doubts[above].mean()) if seen else 0.0
    return Outlook(
        label=label, tasks=len(everything), audited=len(scores), wrong=int(marks.sum()), score=level,
        share=float((everything >= level).mean()) if level is not None else 0.0, above=seen, errors=errors,
        low=low, high=high, doubt=mean, effective=float((1 - doubts[above]).sum()), needed=missing,
        why="" if level is not None else _why(grid, len(scores), errors, mean, missing, error))


def _why(grid: Grid, audited: int, errors: int, doubt: float, missing: Needed | None, error: float) -> str:
    """Why no threshold is safe, in words."""
    if not grid.levels:
        return "the model predicts no such task"
    if not audited:
        return "no audited task yet"
    if missing is not None:
        return "too few audited tasks"
    if errors / audited <= doubt or doubt >= float(target(error, doubt)):
        return (f"people themselves are expected to be wrong about {doubt:.1%} of the audited tasks: ask again where "
                "they and the model disagree")
    return "so far the error is above the target at every score that was tried"
