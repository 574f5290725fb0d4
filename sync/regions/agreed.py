"""How much of what one annotator marks the others of the task mark too, with what each task contributes to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sync.agreement.bootstrap import interval
from sync.arrays import FloatArray, IntArray
from sync.regions.gathered import Regions
from sync.regions.overlap import Pairs
from sync.told import rounded

Figure = dict[str, Any]

NOBODY = "no task has two answers or more"
EMPTY = "nobody marked anything where two or more answered"


@dataclass(frozen=True, slots=True)
class Base:
    """What figures are computed over: `use` (R,) are the regions of answers that count, `size` (T,) how many such
    answers a task has, `answers` all of them in tasks with two or more."""

    regions: Regions
    use: NDArray[np.bool_]
    size: IntArray

    def statistics(self, matched: Pairs, *, keep: NDArray[np.bool_] | None = None) -> FloatArray:
        """(matches a region might have had and had, regions) of each task (T, 2); `keep` (R,) only these regions."""
        use = self.use if keep is None else self.use & keep
        pairs = use[matched.left] & use[matched.right]
        tasks, task = len(self.size), self.regions.task
        both = np.bincount(task[matched.left[pairs]], minlength=tasks) * 2 / np.maximum(self.size - 1, 1)
        return np.stack([both, np.bincount(task[use], minlength=tasks)], axis=1).astype(np.float64)

    def figure(self, metric: str, matched: Pairs) -> Figure:
        """F1 of these matches with its interval over tasks."""
        return self.rated(metric, self.statistics(matched), np.arange(len(self.size)))

    def rated(self, metric: str, statistics: FloatArray, tasks: IntArray) -> Figure:
        """A ratio of two sums over these tasks, as a row of the report."""
        paired = tasks[self.size[tasks] > 1]
        counted = {"tasks": len(paired), "answers": int(self.size[paired].sum())}
        return {"metric": metric, **ratio(statistics[paired]), **counted} | (
            {} if len(paired) else {"reason": NOBODY})


def ratio(statistics: FloatArray, *, draw: bool = True, empty: str = EMPTY) -> Figure:
    """First column over second, summed over rows, with a bootstrap interval; None with the reason."""
    above, below = statistics.sum(0) if len(statistics) else (0.0, 0.0)
    if below <= 0:
        return {"value": None, "low": None, "high": None, "reason": empty}
    low, high = interval(statistics, lambda sums: sums[:, 0] / sums[:, 1]) if draw else (None, None)
    reason = None if low is not None or not draw else "too few tasks: no interval"
    return {"value": round(float(above / below), 6), "low": rounded(low, 6), "high": rounded(high, 6), "reason": reason}
