"""How many regions nobody marked: the ones that no consensus and no agreement can see.

If what is there comes at random (a Poisson number a task) and annotators miss it independently, then what all of
those who looked missed is Poisson too, whatever they found: mean regions a task times the product of their miss
rates (capture and recapture). Two reasons make that too low: annotators tend to miss the same hard things, and a
region that one person alone marked may be an invention. If every one of those is real, Chao's estimator says more
(`if_all_real`); the truth lies between, or above where the same things are hard for all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray

DOUBT = 4.0
"""Regions' worth of the crowd's reliability in everybody's."""


def detection(confusion: FloatArray, counts: FloatArray) -> FloatArray:
    """Chance (W,) that an annotator marks something where something is; the last label of a confusion is "nothing"."""
    if confusion.shape[1] < 2:
        return np.ones(len(confusion))
    there = counts[:, :-1, :].sum((0, 2)) + 1e-9
    return np.asarray(np.einsum("k,wk->w", there / there.sum(), 1 - confusion[:, :-1, -1]))


def reliability(counts: FloatArray) -> FloatArray:
    """How much each annotator's boundaries weigh: their F1 by the model's expected `counts` (W, L, L), drawn to the
    crowd's. (W,)"""
    right = np.trace(counts[:, :-1, :-1], axis1=1, axis2=2)
    number = (counts[:, :-1, :].sum((1, 2)) + counts[:, :, :-1].sum((1, 2))) / 2
    crowd = right.sum() / max(float(number.sum()), 1e-9)
    return np.asarray((right + DOUBT * crowd) / (number + DOUBT))


def all_missed(detected: FloatArray, task: IntArray, annotator: IntArray, tasks: int) -> FloatArray:
    """Chance (T,) that everybody who answered a task misses the same region; 1 where nobody answered."""
    missed = np.log(np.clip(1 - detected, 1e-6, 1.0))
    return np.exp(np.bincount(task, missed[annotator], tasks))


def regions_per_task(expected: FloatArray, missed: FloatArray) -> float:
    """Mean number of regions a task, unseen ones included, from those expected of each task (T,) and `all_missed`."""
    looked = float((1 - missed).sum())
    return float(expected.sum() / looked) if looked > 1e-9 else 0.0


def if_all_real(group: IntArray, marked: NDArray[np.bool_]) -> float:
    """Regions that everybody missed, if nobody invents any: Chao's (1987) bias-corrected estimate from how many
    groups one and two people marked, by how many looked. `group` and `marked` are of votes (C,)."""
    looked, found = np.bincount(group), np.bincount(group, marked)
    total = 0.0
    for number in np.unique(looked[looked > 1]).tolist():
        of = found[looked == number]
        once, twice = float((of == 1).sum()), float((of == 2).sum())
        total += (number - 1) / number * once * max(once - 1, 0) / (2 * (twice + 1))
    return total
