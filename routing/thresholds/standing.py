"""Where a threshold in use stands: found, kept, moved, withdrawn. What happens to it when audited tasks arrive; pure.

Finding needs strong evidence, keeping less: a threshold stays until the evidence for it is used up or the alarm rings.
So it does not come and go with every audited task. After an alarm only what is answered later counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from routing.thresholds.betting import below
from routing.thresholds.drift import rings
from routing.thresholds.grid import Grid
from routing.thresholds.search import count, lowest, target

MOVE = 0.05
"""Share of the audited tasks that a lower threshold must give to the machine in addition to be worth a change: with
every change all tasks are judged anew."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A threshold at one moment. Times are ISO texts."""

    score: float | None = None
    """The threshold that is safe now; None: none is."""
    since: str | None = None
    """Since when this threshold is in use."""
    alarm: str | None = None
    """When it was last withdrawn; evidence from before does not count any more."""
    why: str = ""
    seen: int = 0
    """Audited tasks above the threshold (above none: all) that count."""
    wrong: int = 0

    def to_json(self) -> dict[str, Any]:
        """For the store."""
        return asdict(self)


def follow(had: Standing, grid: Grid, score: ArrayLike, wrong: ArrayLike, doubt: ArrayLike, at: Sequence[str], *,
           error: float, confidence: float, now: str) -> Standing:
    """Where a threshold stands after n audited tasks, given in the order of `at`, the times of their answers."""
    counting = np.array([had.alarm is None or moment > had.alarm for moment in at], bool)
    scores, marks, doubts = (np.asarray(given, np.float64)[counting] for given in (score, wrong, doubt))
    if had.score is not None:
        above = scores >= had.score
        limit = float(target(error, doubts[above].mean() if above.any() else 0.0))
        seen, errors = int(above.sum()), int(marks[above].sum())
        if rings(marks[above], limit):
            return Standing(alarm=now, seen=seen, wrong=errors, why=f"{errors} of {seen} audited tasks above "
                            f"{had.score:g} were wrong: the error is above the {error:.2%} that it was found for")
    counts = count(grid.levels, scores, marks, doubts)
    at_best = lowest(grid, counts, error, confidence, below)
    if had.score is not None and below(errors, seen, limit) >= 0 and (
            at_best is None or grid.levels[at_best] >= had.score
            or counts.seen[at_best] < seen + MOVE * max(len(scores), 1)):
        return replace(had, seen=seen, wrong=errors, why="")
    if at_best is None:
        lost = had.score is not None
        return Standing(alarm=now if lost else had.alarm, seen=len(scores), wrong=int(marks.sum()),
                        why=f"with {errors} wrong of {seen} audited tasks above {had.score:g} it is not sure any more "
                            f"that the error is below {error:.2%}" if lost else had.why)
    return Standing(score=grid.levels[at_best], since=now, alarm=had.alarm, seen=int(counts.seen[at_best]),
                    wrong=int(counts.wrong[at_best]))
