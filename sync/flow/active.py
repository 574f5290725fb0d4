"""How long people worked: lead times that can be trusted, and sessions.

Label Studio's lead time runs while a tab is open, so a lunch break counts as work on one task. A lead time counts
up to TIMES the person's own median, at least SHORTEST and never more than LONGEST. An unknown one stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sync.arrays import FloatArray, IntArray

TIMES = 10.0
"""A lead time counts up to so many times its annotator's median."""
SHORTEST, LONGEST = 60.0, 1_800.0
"""Seconds: a shorter lead time always counts in full, and never more than this is counted for one task."""
IDLE = 900.0
"""Seconds between two submissions after which a new session begins."""


def counted(seconds: FloatArray, annotator: IntArray, medians: Mapping[int, float]) -> FloatArray:
    """Seconds of work that each lead time stands for; NaN where it is unknown or negative. (N,)"""
    limit = {who: min(max(TIMES * usual, SHORTEST), LONGEST) for who, usual in medians.items()}
    most = np.fromiter((limit.get(who, LONGEST) for who in np.asarray(annotator).tolist()), np.float64, len(annotator))
    known = np.where(np.asarray(seconds, np.float64) >= 0, seconds, np.nan)
    return np.asarray(np.fmin(known, most) + known * 0.0, np.float64)


def sessions(at: FloatArray, seconds: FloatArray, idle: float = IDLE) -> tuple[float, int]:
    """(seconds, number) of the sessions of one person who submitted at these moments.

    A gap longer than `idle` ends a session. It lasts from the beginning of its first task (its counted lead time
    before the first submission, 0 where that is unknown) to its last submission.
    """
    if not len(at):
        return 0.0, 0
    seconds = np.nan_to_num(np.asarray(seconds, np.float64))
    order = np.lexsort((seconds, at))
    at, seconds = np.asarray(at)[order], seconds[order]
    first = np.concatenate(([True], np.diff(at) > idle))
    last = np.concatenate((first[1:], [True]))
    length = at[last] - at[first] + seconds[first]
    return float(length.sum()), int(first.sum())
