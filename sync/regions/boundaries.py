"""Whether an annotator starts too early or ends too late: mean signed difference to the others' boundaries.

Positive is later (further right, further down). Only regions that the others say are there count; the interval
allows for the regions of one task being alike. It is a difference to the others: a whole crowd that starts late
shows nothing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.regions.gathered import LINES, Regions
from sync.regions.overlap import sizes
from sync.regions.scores import Judgement
from sync.regions.votes import Votes

SIDES = ("left", "top", "right", "bottom")
"""Names of the coordinates of a box, or of the bounds of a polygon."""

Figure = dict[str, Any]
Row = list[float | None]


def shifts(regions: Regions, votes: Votes, judged: Judgement, which: IntArray,
           extent: FloatArray) -> tuple[IntArray, FloatArray]:
    """(positions of regions that the others say are there, how far their boundaries lie from the others').

    `which` and `extent` as from `places.without_each`. Boxes and polygons have one column
    more: the log of the ratio of areas (of polygons: of their bounds).
    """
    there = np.zeros(len(regions), bool)
    at = np.flatnonzero(judged.judged & judged.marked & (judged.there >= 0.5))
    there[votes.region[at]] = True
    keep = there[which]
    which, extent = which[keep], extent[keep]
    difference = regions.extent[which] - extent
    if regions.kind in LINES:
        return which, difference
    ratio = np.log(np.maximum(sizes(regions.extent[which]), 1e-9)) - np.log(np.maximum(sizes(extent), 1e-9))
    return which, np.column_stack((difference, ratio))


def bias(kind: str, difference: FloatArray, annotator: IntArray, task: IntArray, annotators: int) -> list[Figure]:
    """Bias of each annotator on each side, from differences of M regions (M, D) by whom in which task.

    One dict an annotator: {side: {"mean", "low", "high"}, ..., "regions": n}, None where there is no region or no
    interval. Boxes and polygons have `area_ratio`, too: the geometric mean of own area by the others'.
    """
    order = np.lexsort((task, annotator))
    difference, annotator, task = difference[order], annotator[order], task[order]
    parts = np.searchsorted(annotator, np.arange(annotators + 1)).tolist()
    return [_sides(kind, *clustered(difference[a:b], task[a:b])) for a, b in pairwise(parts)]


def _sides(kind: str, mean: Row, low: Row, high: Row, regions: int) -> Figure:
    names = ("start", "end") if kind in LINES else SIDES
    found: Figure = {side: {"mean": mean[at], "low": low[at], "high": high[at]} for at, side in enumerate(names)}
    if kind not in LINES:
        found["area_ratio"] = {key: None if row[-1] is None else round(float(np.exp(row[-1])), 6)
                               for key, row in (("mean", mean), ("low", low), ("high", high))}
    return found | {"regions": regions}


def clustered(values: FloatArray, cluster: IntArray,
              level: float = 0.95) -> tuple[Row, Row, Row, int]:
    """(mean, low, high, rows) of each column of `values` (n, D), rows of one cluster not being independent.

    Interval by the cluster-robust standard error and Student's t with clusters - 1 degrees of freedom.
    """
    from scipy.special import stdtrit

    size, width = values.shape
    nobody: Row = [None] * width
    if not size:
        return nobody, nobody, nobody, 0
    mean = values.mean(0)
    _, place = np.unique(cluster, return_inverse=True)
    clusters = int(place.max()) + 1
    means = [round(float(one), 6) for one in mean]
    if clusters < 2:
        return list(means), nobody, nobody, size
    off = np.stack([np.bincount(place, column, clusters) for column in (values - mean).T], axis=1)
    error = np.sqrt((off**2).sum(0) * clusters / (clusters - 1)) / size
    reach = float(stdtrit(clusters - 1, (1 + level) / 2)) * error
    return (list(means), [round(float(one), 6) for one in mean - reach],
            [round(float(one), 6) for one in mean + reach], size)
