"""How many answers the open tasks still need: what is planned, and what finished tasks turned out to need; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

FEWEST = 20
"""Finished tasks that reached as many answers, below which the plan alone is taken."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """Answers that `tasks` open tasks need: expected, with its variance; `least` is what is planned already."""

    tasks: int
    mean: float
    variance: float
    least: float


def remaining(open_tasks: Mapping[tuple[int, int], int], finished: Mapping[int, int]) -> Remaining:
    """Answers still needed. `open_tasks` is {(answers so far, answers wanted more): tasks}, `finished` {answers that a
    finished task had in the end: tasks}.

    A task with a answers that wants m more will end with at least a + m: how many follows the finished tasks that
    had as many, where there are FEWEST of those, else it is a + m. What the machine may yet accept is not counted.
    """
    sizes = np.array(sorted(finished), np.float64)
    weight = np.array([finished[int(size)] for size in sizes], np.float64)
    mean = variance = least = 0.0
    for (had, more), tasks in sorted(open_tasks.items()):
        at_least = had + more
        least += more * tasks
        reach = sizes >= at_least
        seen = float(weight[reach].sum())
        if seen < FEWEST:
            mean += more * tasks
            continue
        share = weight[reach] / seen
        expected = float((share * sizes[reach]).sum())
        spread = float((share * (sizes[reach] - expected) ** 2).sum())
        mean += (expected - had) * tasks
        variance += spread * tasks + spread / seen * tasks ** 2
    return Remaining(sum(open_tasks.values()), mean, variance, least)
