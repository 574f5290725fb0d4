"""From rows of the store to arrays: what a version told of the tasks of one control, as `trust` reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueloop.types import Control
from ml_backend.calibration import Ints
from ml_backend.elsewhere.trust import FULL, SCORED, SCORELESS, Sayings

RIGHT, WRONG = 0, 1
"""The two labels of a region: it is there, or it is not."""


def of_choices(labels: Sequence[str], rows: Sequence[tuple[str, Mapping[str, float] | None]]) -> Sayings:
    """From (label told, raw) of n tasks."""
    size, place = len(labels), {label: at for at, label in enumerate(labels)}
    told = np.array([place[label] for label, _ in rows], np.int64)
    shares = np.full((len(rows), size), 1 / size)
    kind = np.full(len(rows), SCORELESS, np.int8)
    for at, (label, raw) in enumerate(rows):
        if not raw:
            continue
        if len(raw) == 1:
            shares[at] = (1 - raw[label]) / max(size - 1, 1)
            shares[at, place[label]], kind[at] = raw[label], SCORED
        else:
            shares[at] = [raw.get(name, 0.0) for name in labels]
            kind[at] = FULL
    return Sayings(told, shares, kind)


def of_regions(regions: Sequence[Mapping[str, Any]]) -> Sayings:
    """From n regions: whether each is there, with the score that was told of it."""
    told = np.array([np.nan if r.get("told") is None else r["told"] for r in regions], np.float64)
    known = ~np.isnan(told)
    share = np.where(known, told, 0.5)
    return Sayings(np.full(len(regions), RIGHT, np.int64), np.column_stack([share, 1 - share]),
                   np.where(known, SCORED, SCORELESS).astype(np.int8))


def matched(control: Control, told: Sequence[Sequence[Mapping[str, Any]]],
            agreed: Sequence[Sequence[Mapping[str, Any]]]) -> list[Ints]:
    """For each of n tasks, RIGHT or WRONG for each of its regions told: is there one of people's with the same label
    and an IoU of a half or more? (One to one, see `sync.regions.matching`.)"""
    from sync.observations import observe
    from sync.regions.gathered import gather
    from sync.regions.matching import matches
    from sync.regions.overlap import overlapping

    count = len(told)
    both = [[dict(r) for r in some] for pair in zip(told, agreed, strict=True) for some in pair]
    seen = observe([at // 2 for at in range(2 * count)], ["pipeline", "people"] * count, [""] * 2 * count, value=both)
    regions = gather(control, seen)
    pairs = matches(regions, overlapping(regions))
    hit = {id(regions.value[at]) for at in [*pairs.left.tolist(), *pairs.right.tolist()]}
    return [_right(both[2 * at], hit) for at in range(count)]


def _right(regions: Sequence[Mapping[str, Any]], hit: set[int]) -> NDArray[np.int64]:
    return np.array([RIGHT if id(one) in hit else WRONG for one in regions], np.int64)
