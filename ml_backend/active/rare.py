"""Tasks that may be of a class of which few examples are known, or none."""

from __future__ import annotations

import numpy as np

from ml_backend.calibration import Floats

RARE = 0.25
"""A class is rare with fewer labelled tasks than this share of what each would have if all were as frequent."""
ENOUGH = 50.0
"""Labelled tasks from which on no class is rare, whatever the others have."""
LEAST = 0.02
"""Chance of a rare class below which a task is not asked for its sake."""


def rarity(counts: Floats) -> Floats:
    """(K,) 0 for classes with enough labelled tasks, up to 1 for one with none. A class among two can be rare, too."""
    line = min(RARE * counts.sum() / max(len(counts), 1), ENOUGH)
    if line < 1:
        return np.zeros(len(counts))
    return np.asarray(np.clip(1.0 - counts / line, 0.0, 1.0), dtype=np.float64)


def chance(belief: Floats, counts: Floats) -> Floats:
    """(n,) chance that a task is of a rare class, each class weighing as rare as it is; 0 where it is next to none."""
    found = belief @ rarity(counts)
    return np.asarray(np.where(found >= LEAST, found, 0.0), dtype=np.float64)


def unseen(counts: Floats) -> bool:
    """Whether a label has no labelled task at all: no model can name it, so only what is unlike all others leads to it.
    """
    return bool((counts < 1).any())
