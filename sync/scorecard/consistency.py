"""Whether somebody answers the same when a task is asked twice, on a hidden copy, without knowing it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.scorecard.rates import wilson


@dataclass(frozen=True, slots=True)
class Consistency:
    """Of W annotators, each (W,): tasks `twice` asked, share answered the `same` with interval; `kappa`, the same
    corrected for what a person with those label shares would repeat by chance, with interval. NaN: unknown."""

    twice: IntArray
    same: FloatArray
    low: FloatArray
    high: FloatArray
    kappa: FloatArray
    kappa_low: FloatArray
    kappa_high: FloatArray


def consistency(annotator: IntArray, first: IntArray, second: IntArray, *, annotators: int,
                labels: int) -> Consistency:
    """From n pairs of answers (label indices) of one annotator to one task. Wilson intervals.

    `kappa` is Scott's pi within the person: chance is two draws from their own answers to those tasks. Its interval
    is that of the share, chance taken as known. With one label only it is unknown: nothing could have differed.
    """
    from scipy import sparse

    same = (np.asarray(first) == np.asarray(second)).astype(float)
    cells = sparse.coo_array((np.ones(2 * len(same)), (np.tile(annotator, 2), np.concatenate([first, second]))),
                             shape=(annotators, max(labels, 1))).tocsr()
    total = np.asarray(cells.sum(axis=1)).reshape(-1)
    squares = np.asarray(cells.multiply(cells).sum(axis=1)).reshape(-1)
    chance = squares / np.maximum(total, 1) ** 2
    twice, share, low, high = _share(annotator, same, annotators)
    possible = (twice > 0) & (chance < 1 - 1e-12)
    spread = np.where(possible, 1 - chance, 1.0)
    kappa, below, above = (np.where(possible, np.maximum((s - chance) / spread, -1.0), np.nan)
                           for s in (share, low, high))
    return Consistency(twice, share, low, high, kappa, below, above)


def likeness(annotator: IntArray, similarity: FloatArray, *, annotators: int) -> Consistency:
    """The same from how alike two structured answers are, 0 to 1; Wilson intervals, a little wide for such values."""
    twice, share, low, high = _share(annotator, np.clip(similarity, 0, 1), annotators)
    unknown = np.full(annotators, np.nan)
    return Consistency(twice, share, low, high, unknown, unknown, unknown)


def _share(annotator: IntArray, same: FloatArray,
           annotators: int) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    twice = np.bincount(annotator, minlength=annotators)
    hits = np.bincount(annotator, same, annotators)
    low, high = wilson(hits, twice)
    return twice, np.where(twice > 0, hits / np.maximum(twice, 1), np.nan), low, high
