"""Whether errors have become more frequent than promised: an alarm that rings seldom by chance; pure.

Two tests look at audited tasks in the order of their answers. One bets from the first task on that the error is above
the promise. The other begins a bet anew at every task and adds up what all of them hold, so that a good past hides no
bad present (Shiryaev-Roberts; Shin, Ramdas and Rinaldo 2024: e-detectors).
"""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import ArrayLike

from routing.thresholds.betting import above

RUN = 5_000
"""Audited tasks between two false alarms, on average and at least, of a machine whose error is just the promised."""

EVER = 0.05
"""Chance that the test of the whole past ever rings although the promise is kept."""


def rings(wrong: ArrayLike, error: float) -> bool:
    """Whether `wrong` (n,), in the order of time, shows an error rate above `error`, in the whole or lately."""
    marks = np.asarray(wrong, np.float64)
    if not len(marks):
        return False
    late = np.cumsum(marks[::-1])
    evidence = above(late, np.arange(1, len(marks) + 1), error)
    lately = float(np.logaddexp.reduce(evidence))
    return bool(evidence[-1] >= log(1 / EVER) or lately >= log(RUN))
