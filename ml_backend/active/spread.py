"""Takes the most valuable tasks one after the other, each as unlike those taken before as it can be.

Greedy, in the manner of k-center (Sener and Savarese 2018) with a value: a near-duplicate of what was taken is worth
next to nothing however unsure the model is of it, for its label is known already.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_backend.active.likeness import Points
from ml_backend.calibration import Floats, Ints


def spread(value: Floats, points: Points, many: int, near: Floats | None = None) -> Ints:
    """Places of `many` of n tasks in the order taken, by `value` (n,), at least 0, times the distance (1 - cosine) to
    what was taken.

    `points` are (n, d); `near` (n,) says how near (0 to 1) each is already to something known. The same always: of
    equals the first is taken.
    """
    many = min(many, len(value))
    apart = np.ones(len(value)) if near is None else 1.0 - near
    left: NDArray[np.float64] = value.astype(np.float64) + TINY
    order = np.empty(many, dtype=np.int64)
    for turn in range(many):
        place = int(np.argmax(left * apart))
        order[turn] = place
        left[place] = -1.0
        np.minimum(apart, np.maximum(1.0 - points @ points[place], TINY), out=apart)
    return order


TINY = 1e-9
"""So that what is worth nothing, or the same as something taken, still comes before what was taken itself."""
