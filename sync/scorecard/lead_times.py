"""Which lead times are work. Label Studio's run while a tab is open, and count drafts twice.

A time is left out, never corrected: what somebody did meanwhile is not known. Three kinds are told apart:
*idle* (the tab stayed open), *overlapping* (longer than the time since the same annotator's last answer, so that
it was counted twice or another tab was open), *impossible* (too short to have done the task). A time that is
missing, zero or negative is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.scorecard.medians import others_median, quantile_by
from sync.scorecard.order import grouped

IDLE_SECONDS = 600.0
"""A time is idle only from here on, and when it is IDLE_TIMES what the task takes others (else the annotator)."""

IDLE_TIMES = 10.0

OVERLAP_TIMES, OVERLAP_SECONDS = 1.5, 5.0
"""A time overlaps when it is so many times the time since the last answer, and so many seconds, longer."""

READING = 100.0
"""Characters a second that nobody reads: about 1,000 words a minute, four times the mean of 190 studies (Brysbaert
2019, Journal of Memory and Language 109)."""

SHORT_OF_FASTEST = 4.0
"""A time is impossible when it is so many times shorter than the fastest tenth of the crowd needs for such a task.
Somebody who always works two or three times as fast as the others is only quick."""

ENOUGH = 10
"""Answers from which somebody's own fastest tenth is taken."""


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """Of n answers: `seconds` where it is work, else NaN; `typical` seconds of the others on the task (NaN: fewer
    than two); and which times are idle, overlapping or impossible. All (n,). Impossible ones keep their seconds."""

    seconds: FloatArray
    typical: FloatArray
    idle: NDArray[np.bool_]
    overlapping: NDArray[np.bool_]
    impossible: NDArray[np.bool_]


def lead_times(task: IntArray, annotator: IntArray, seconds: FloatArray, at: FloatArray, *, tasks: int,
               annotators: int, length: FloatArray | None = None) -> LeadTimes:
    """Sort out the lead times of n answers, given at POSIX times `at` (NaN: unknown).

    `length` (T,) is how many characters a task shows, NaN where that is not known.
    """
    seconds = np.where(seconds > 0, seconds, np.nan)
    overlapping = _overlapping(annotator, seconds, at, annotators)
    typical = others_median(task, np.where(overlapping, np.nan, seconds), tasks)
    own = quantile_by(annotator, np.where(overlapping, np.nan, seconds), annotators, 0.5)[0][annotator]
    usual = np.where(np.isnan(typical), own, typical)
    idle = (seconds >= IDLE_SECONDS) & (seconds >= IDLE_TIMES * usual) & ~overlapping
    kept = np.where(idle | overlapping, np.nan, seconds)
    impossible = _impossible(task, annotator, kept, typical, annotators, length)
    return LeadTimes(kept, typical, idle, overlapping, impossible)


def _overlapping(annotator: IntArray, seconds: FloatArray, at: FloatArray, annotators: int) -> NDArray[np.bool_]:
    """Longer than the time since the same annotator's last answer.

    Where most of somebody's times are, it is the moments that cannot be trusted (an import gives all the same).
    """
    order = grouped(annotator, at)
    order = order[~np.isnan(at[order])]
    found = np.zeros(len(seconds), bool)
    if len(order) < 2:
        return found
    same = annotator[order][1:] == annotator[order][:-1]
    gap = np.where(same, np.diff(at[order]), np.inf)
    later = order[1:]
    found[later] = (seconds[later] > OVERLAP_TIMES * gap) & (seconds[later] > gap + OVERLAP_SECONDS)
    share = np.bincount(annotator, weights=found, minlength=annotators)
    timed = np.bincount(annotator, weights=~np.isnan(seconds), minlength=annotators)
    return np.asarray(found & (share <= timed / 2)[annotator])


def _impossible(task: IntArray, annotator: IntArray, seconds: FloatArray, typical: FloatArray, annotators: int,
                length: FloatArray | None) -> NDArray[np.bool_]:
    """Far below what the crowd's fastest tenth needs for such a task, or too short to read half of what others do.

    The fastest tenth is each annotator's own, and the crowd's is the median of those: many who rush cannot
    make rushing normal until they are half of all.
    """
    with np.errstate(divide="ignore"):
        beside = np.log(seconds) - np.log(typical)
    fastest, size = quantile_by(annotator, beside, annotators, 0.1)
    usual = fastest[size >= ENOUGH]
    found: NDArray[np.bool_] = np.zeros(len(seconds), bool)
    if len(usual) >= 2:
        found = beside < np.median(usual) - np.log(SHORT_OF_FASTEST)
    if length is not None:
        unread = seconds < length[task] / READING
        found = found | (unread & ~(seconds >= typical / 2))
    return found
