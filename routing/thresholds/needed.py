"""How many more audited tasks would be needed until a threshold can be found, if errors go on as they did; pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

import numpy as np
from numpy.typing import ArrayLike

from routing.thresholds.grid import Grid
from routing.thresholds.search import Counts, Test, target

MOST = 10_000_000
"""More audited tasks than this are told as none being enough."""


@dataclass(frozen=True, slots=True)
class Needed:
    """`tasks` more audited tasks of any score would probably make `score` safe, if errors stay at `rate` above it."""

    tasks: int
    score: float
    rate: float


def needed(grid: Grid, counts: Counts, share: ArrayLike, error: float, confidence: float, test: Test) -> Needed | None:
    """The start of the grid that needs fewest. `share` (J,) of all tasks lie above each threshold.

    None where no start has fewer errors than the target so far: more of the same data would not help.
    """
    found: list[Needed] = []
    shares = np.asarray(share, np.float64)
    for at, start in enumerate(grid.starts):
        seen, wrong = float(counts.seen[at]), float(counts.wrong[at])
        rate, limit = wrong / seen if seen else 0.0, float(target(error, counts.doubt[at]))
        if start <= 0 or rate >= limit or shares[at] <= 0:
            continue
        enough = log(1 / (start * (1 - confidence)))

        def passes(more: int, at: int = at, seen: float = seen, wrong: float = wrong, rate: float = rate,
                   limit: float = limit, enough: float = enough) -> bool:
            above = more * float(shares[at])
            return bool(test(np.round(wrong + above * rate), np.round(seen + above), limit) >= enough)

        more = _least(passes)
        if more is not None:
            found.append(Needed(more, grid.levels[at], rate))
    return min(found, key=lambda one: one.tasks, default=None)


def _least(passes: object) -> int | None:
    """The smallest number that passes, by doubling and halving; None above MOST."""
    assert callable(passes)
    high = 1
    while not passes(high):
        high *= 2
        if high > MOST:
            return None
    low = high // 2
    while high - low > max(1, high // 100):
        middle = ceil((low + high) / 2)
        if passes(middle):
            high = middle
        else:
            low = middle
    return high
