"""Places a few tasks among others that have a value already: for what changed since all were compared."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ml_backend.active.choose import DOUBTFUL, RANDOM
from ml_backend.active.rank_all import Valued
from ml_backend.active.standing import Standing
from ml_backend.active.unsure import BY
from ml_backend.policy.policy import Learning


def placed(standing: Standing, values: Mapping[int, float], how: Learning) -> Valued:
    """Value of each task of `standing`, which has a belief of all: that of those in `values` about as uncertain.

    The share of the known ones that is less uncertain leads to the value that this share of them has or falls short of;
    with none known it is the uncertainty itself. What judges models gets its value by chance.
    """
    assert standing.belief is not None
    unsure = BY[how.by](standing.belief)
    old = np.array([task in values and not apart for task, apart in
                    zip(standing.key.tolist(), standing.apart.tolist(), strict=True)], dtype=np.bool_)
    given = np.sort([values[task] for task in standing.key[old].tolist()])
    if not len(given):
        value = unsure.copy()
    else:
        share = np.searchsorted(np.sort(unsure[old]), unsure) / len(given)
        value = np.interp(share, np.linspace(0, 1, len(given) + 1), np.concatenate([[0.0], given]))
    value[standing.apart] = standing.draw[standing.apart]
    why = [RANDOM if apart else DOUBTFUL if second else how.by
           for apart, second in zip(standing.apart.tolist(), standing.second.tolist(), strict=True)]
    return Valued(value, why)
