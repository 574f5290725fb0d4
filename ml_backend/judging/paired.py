"""Whether one model is worse than another on the same tasks: tests that hold for small counts; pure.

Only tasks where exactly one of the two is right tell them apart (McNemar 1947). With no margin their count is
binomial, and the test exact. A margin is tested with that binomial, moved by the margin, and with Tango's score test
(1998); the larger of the two chances counts, so the test is not too quick where counts are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, sqrt

import numpy as np

from ml_backend.calibration import Floats

FLIPS = 1_999
"""Random changes of sides that a permutation test looks at."""
MANY = 500
"""Tasks from which on the mean of paired differences is as good as normal."""
POWER = 0.8
"""Chance with which a difference that "can be shown" is shown."""
SEED = 20_260
"""Of the permutations: the same figures give the same answer."""


def chance_more_wrong(lost: int, won: int, tasks: int, margin: float = 0.0) -> float:
    """How likely so many losses are by chance, if the error of the new one is at most `margin` above the old one's.

    lost: tasks that only the old one got right; won: only the new one.
    """
    from scipy.stats import binom

    told = lost + won
    if not lost:
        return 1.0
    differing = max(told / tasks, margin)
    exact = float(binom.sf(lost - 1, told, (1 + margin / differing) / 2))
    return exact if margin == 0 else max(exact, _tango(lost, won, tasks, margin))


def _tango(lost: int, won: int, tasks: int, margin: float) -> float:
    """Upper tail of the score test of lost/tasks - won/tasks = margin, with the likeliest nuisance under it."""
    b = lost + won + margin * (lost - won - 2 * tasks)
    both = (b + sqrt(b * b + 8 * tasks * won * margin * (1 - margin))) / (4 * tasks)
    variance = tasks * (2 * max(both, 0.0) + margin - margin * margin)
    return normal_tail((lost - won - tasks * margin) / sqrt(variance)) if variance > 0 else 1.0


def chance_lower(difference: Floats) -> float:
    """How likely a mean of paired differences (n,) so low is by chance, if the sides could be changed at will.

    A permutation test of signs (Fisher 1935), of `FLIPS` random ones; from `MANY` on, the normal one.
    """
    if not difference.any():
        return 1.0
    if len(difference) >= MANY:
        mean, error = mean_error(difference)
        return normal_tail(-mean / error) if error > 0 else float(mean >= 0)
    signs = np.random.default_rng(SEED).integers(0, 2, (FLIPS, len(difference)), np.int8) * 2.0 - 1
    as_low = int((signs @ difference <= difference.sum() + 1e-12).sum())
    return (1 + as_low) / (1 + FLIPS)


def mean_error(difference: Floats) -> tuple[float, float]:
    """Mean of a paired difference (n,), n > 1, and its standard error."""
    return float(difference.mean()), float(difference.std(ddof=1) / sqrt(len(difference)))


def shown(tasks: int, differing: int, level: float) -> float:
    """Smallest difference of accuracy that so many tasks show in four cases of five (Miettinen 1968).

    differing: tasks where exactly one of the two is right.
    """
    both = normal_quantile(1 - level) + normal_quantile(POWER)
    return min(1.0, max(both * sqrt(differing), both * both) / max(tasks, 1))


def holm(chances: Sequence[float], level: float) -> list[bool]:
    """Which of several tests say no, so that any of them says so by chance with at most `level` (Holm 1979)."""
    found = [False] * len(chances)
    for rank, at in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        if chances[at] > level / (len(chances) - rank):
            break
        found[at] = True
    return found


def normal_tail(z: float) -> float:
    """Chance that a standard normal exceeds z."""
    return erfc(z / sqrt(2)) / 2


def normal_quantile(share: float) -> float:
    """Where a share (0 to 1) of a standard normal lies below."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)
