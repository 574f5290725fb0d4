"""Who agrees with whom: percent and kappa of each two annotators with enough tasks in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from sync.agreement import cohen
from sync.agreement.measured import measured
from sync.agreement.pairs import LEAST, Overlaps, answers_of
from sync.agreement.told import named, told
from sync.agreement.units import Units
from sync.told import rounded

MOST = 100
"""Of more pairs than this only those with most tasks in common are told."""


def by_pair(units: Units, overlap: Overlaps, weights: str = "none", *, least: int = LEAST, most: int = MOST,
            replicates: int = 1000, seed: int = 0) -> list[dict[str, Any]]:
    """One record a pair, most tasks in common first: kappa with its interval, percent, shared tasks."""
    pairs = overlap.pairs[overlap.shared >= least][:most]
    records = []
    for (first, second), (tasks, one, other) in zip(pairs, answers_of(units, pairs), strict=True):
        pair = cohen.compare(tasks, one, other, units.position, weights)
        found = measured(cohen.figure(pair), replicates=replicates, seed=seed)
        names = [named(units.annotators[first]), named(units.annotators[second])]
        records.append({"annotators": names, "metric": cohen.metric(weights), **told(found),
                        "percent": rounded(float(np.mean(one == other)))})
    return records
