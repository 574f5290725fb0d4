"""Agreement of several groups of answers beside each other: what differs, and whether more than by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sync.agreement import krippendorff
from sync.agreement.measured import Figure, difference, measured
from sync.agreement.table import Table
from sync.agreement.told import told
from sync.agreement.units import Units


def compared(tables: Sequence[Table], level: str, *, replicates: int = 1000, seed: int = 0) -> list[dict[str, Any]]:
    """Alpha of each table, and its difference to the one before it (None for the first)."""
    records: list[dict[str, Any]] = []
    before: Figure | None = None
    for table in tables:
        figure = krippendorff.figure(table, level)
        change = None if before is None else told(difference(before, figure, replicates=replicates, seed=seed))
        records.append({**told(measured(figure, replicates=replicates, seed=seed)), "difference": change})
        before = figure
    return records


def by_guideline(units: Units, level: str, *, replicates: int = 1000, seed: int = 0) -> list[dict[str, Any]]:
    """One record a version, oldest first, before them the answers whose version is unknown (None).

    Two answers count as a pair only if both were given under the same version; each version but the first known one
    is compared with the one before it. No records where no version is known.
    """
    versions = [int(version) for version in np.unique(units.guideline) if version >= 0]
    if not versions:
        return []
    unknown = [units.table(units.guideline < 0)] if (units.guideline < 0).any() else []
    known = [units.table(units.guideline == version) for version in versions]
    records = [*compared(unknown, level, replicates=replicates, seed=seed),
               *compared(known, level, replicates=replicates, seed=seed)]
    names: list[int | None] = [*([None] * len(unknown)), *versions]
    return [{"guideline": name, **record} for name, record in zip(names, records, strict=True)]


def blind(units: Units, level: str, *, replicates: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Alpha of blind answers alone, of those given with a suggestion on screen (`suggested`), and their difference.

    A suggestion that both have seen makes annotators agree, right or wrong, so only the blind ones measure them.
    """
    without, suggested = compared([units.table(units.seen == 0), units.table(units.seen == 1)], level,
                                  replicates=replicates, seed=seed)
    if not (units.seen == 0).any():
        without["reason"] = "no answer is known to be blind"
    change = suggested.pop("difference")
    return {**without, "suggested": suggested, "difference": change}
