"""What an answer of each person costs beside the others', so that its worth can be reckoned for the money."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cueloop.declared import Costs
from routing.people.windows import Window

Array = NDArray[np.float64]

MOST = 4.0
"""Nobody counts as so many times dearer, or cheaper, than the others: who costs nothing is not asked everything."""


def relative(costs: Costs, found: Sequence[Window]) -> Array:
    """(W,) what an answer of everybody is expected to cost: their hour's money times their median seconds, as a
    multiple of the mean. 1 for all where no rate is declared, and for whoever has none."""
    rates = {email.lower(): rate for email, rate in costs.people.items()}
    own = [rates.get(window.annotator.email.lower(), costs.per_hour) for window in found]
    return beside([None if rate is None else rate * window.pace for rate, window in zip(own, found, strict=True)])


def beside(money: Sequence[float | None]) -> Array:
    """(W,) of what each one's answer costs as a multiple of the mean, at most `MOST` and at least one in so many;
    1 where it is unknown (None, NaN), or nobody's costs anything."""
    each = np.array([np.nan if one is None else one for one in money], np.float64)
    known = np.isfinite(each)
    mean = float(each[known].mean()) if known.any() else 0.0
    if mean <= 0:
        return np.ones(len(each))
    return np.asarray(np.where(known, np.clip(np.where(known, each, mean) / mean, 1 / MOST, MOST), 1.0))
