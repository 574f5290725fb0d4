"""How much of what an annotator marks the others mark too, and the reverse: plain counts, no model."""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray
from sync.observations import Observations
from sync.regions.gathered import Regions
from sync.regions.overlap import Pairs


def confirmed(seen: Observations, regions: Regions, near: Pairs) -> FloatArray:
    """Of each annotator (W, 3): matches with others (`near`), own regions times other answers on their tasks, others'
    regions on their tasks. Independent answers only."""
    independent = ~seen.truth & ~seen.review
    tasks, people = len(seen.tasks), len(seen.annotators)
    others = np.maximum(np.bincount(seen.task[independent], minlength=tasks) - 1, 0)
    use = independent[regions.answer]
    near = near.where(np.flatnonzero(use[near.left] & use[near.right]))
    ends = regions.annotator[np.concatenate((near.left, near.right))]
    total = np.bincount(regions.task[use], minlength=tasks)
    own = np.bincount(regions.answer[use], minlength=len(seen.task))
    rows = np.flatnonzero(independent)
    who = seen.annotator[rows]
    return np.stack([np.bincount(ends, minlength=people),
                     np.bincount(who, own[rows] * others[seen.task[rows]], people),
                     np.bincount(who, total[seen.task[rows]] - own[rows], people)], axis=1).astype(np.float64)
