"""Chooses who is asked about many waiting tasks at once.

Task by task, the first tasks would take the places of scarce specialists that later ones need more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from routing.choose import NOBODY, Choice, Pool, choose


def batch(pool: Pool, value: NDArray[np.float64], allowed: NDArray[np.bool_], need: Sequence[int],
          tasks: Sequence[int], salts: Sequence[str]) -> list[Choice]:
    """Choose people for tasks, which are given in the order of their priority; one choice for each.

    `value` (T, W) is what each one's answer to each task is worth, `allowed` (T, W) who may be asked, `need` (T,)
    how many are wanted, `tasks` (T,) keys, `salts` (T,) make the draws of a task differ from its earlier ones. The
    places are taken in the pool. A task of which nobody is chosen gets a choice of nobody.
    """
    return [choose(pool, value[at], allowed[at], need[at], task, salts[at]) if pool.free.any() else NOBODY
            for at, task in enumerate(tasks)]
