"""Fleiss' kappa: chance is that two answers picked from all tasks agree (Fleiss 1971; unequal overlap: Gwet 2014)."""

from __future__ import annotations

from sync.agreement import shares
from sync.agreement.measured import Figure
from sync.agreement.table import Table
from sync.arrays import FloatArray


def figure(table: Table, weights: FloatArray | None = None) -> Figure:
    """Kappa of many annotators, not necessarily the same for every task; weighted if `weights` (K, K) are given."""
    return shares.figure(table, lambda random, labels: random, weights)
