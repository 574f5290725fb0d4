"""What became of somebody's annotations in the hands of others: left alone, touched, or changed in substance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.scorecard.rates import wilson


@dataclass(frozen=True, slots=True)
class Reviews:
    """Of W annotators, each (W,): `given` answers, of which others `edited` some, and `changed` what they say; share
    changed with its interval; `unknown`: edits of which the answer before is not known (they count in neither)."""

    given: IntArray
    edited: IntArray
    changed: IntArray
    unknown: IntArray
    share: FloatArray
    low: FloatArray
    high: FloatArray


def reviews(author: IntArray, changed: IntArray, given: IntArray) -> Reviews:
    """From edits by others: whose annotation (n,), and whether its answer differs then (1, 0, -1 unknown). (n,)

    `given` (W,) is how many answers each gave. Label Studio Community keeps no record of an answer that was looked
    at and found right, so the share is of all answers, and Wilson's interval with it.
    """
    people = len(given)
    counts = [np.bincount(author[changed == kind], minlength=people) for kind in (1, 0, -1)]
    size = np.maximum(given - counts[2], counts[0])
    low, high = wilson(counts[0], size)
    share = np.where(size > 0, counts[0] / np.maximum(size, 1), np.nan)
    return Reviews(given, sum(counts[1:], counts[0]), counts[0], counts[2], share, low, high)
