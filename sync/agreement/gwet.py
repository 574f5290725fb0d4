"""Gwet's AC1 and, with weights, AC2: chance agreement that does not explode where one label prevails (Gwet 2014)."""

from __future__ import annotations

import numpy as np

from sync.agreement import shares
from sync.agreement.measured import Figure
from sync.agreement.table import Table
from sync.arrays import FloatArray


def figure(table: Table, weights: FloatArray | None = None) -> Figure:
    """AC1, or AC2 with `weights` (K, K). The categories are the labels that were used at least once.

    Chance is sum(weights) / (K (K - 1)) times the sum over labels of share x (1 - share).
    """
    def chance(random: FloatArray, labels: int) -> FloatArray:
        partial = labels if weights is None else weights.sum()
        return np.asarray(partial / (labels * (labels - 1)) * (1 - random))

    return shares.figure(table, chance, weights, at_random=False)
