"""What everybody who looked at a task says of each group of regions: its label, or that nothing is there.

An annotator who answered a task and has no region in a group said "nothing" about it. Nobody says so of places where
no one marked anything: there is no candidate. So what everybody missed is never seen, and `sync.regions.unseen`
estimates it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sync.arrays import IntArray
from sync.observations import Observations
from sync.regions.gathered import Regions

UNKNOWN = -1
"""In `pinned`: nobody declared what is there."""


@dataclass(frozen=True, slots=True)
class Votes:
    """C votes on G groups: of each group, one of everybody who answered its task. K labels in use, K is "nothing".

    `group`, `annotator`, `answer`, `label`, `region` (-1: none) are (C,); `task` and `pinned` (what the ground truth
    says, K for nothing, -1 unknown) are (G,). `independent` (C,) is false for reviews, which start from what somebody
    else marked. `used` (K,) are the labels' places among the regions' labels. `truth` (T,) is the row of the answer
    that is a task's ground truth, or -1.
    """

    group: IntArray
    annotator: IntArray
    answer: IntArray
    label: IntArray
    region: IntArray
    independent: NDArray[np.bool_]
    task: IntArray
    pinned: IntArray
    used: IntArray
    truth: IntArray

    @property
    def groups(self) -> int:
        return len(self.task)

    @property
    def nothing(self) -> int:
        return len(self.used)


def truths(seen: Observations) -> IntArray:
    """Row of the answer that is the ground truth of each task, the last one where there are several; -1: none. (T,)"""
    found = np.full(len(seen.tasks), -1)
    rows = np.flatnonzero(seen.truth)
    found[seen.task[rows]] = rows
    return found


def compared(seen: Observations) -> NDArray[np.bool_]:
    """Answers that agreement is measured on (N,): all but reviews, and of several truths of a task the one that holds.

    Whoever gave a ground truth answered like everybody: see `sync.agreement.units`.
    """
    found = ~seen.truth
    truth = truths(seen)
    found[truth[truth >= 0]] = True
    return np.asarray(found & ~seen.review)


def votes(regions: Regions, group: IntArray, seen: Observations, truth: IntArray) -> Votes:
    """Votes of all answers but ground truths on the groups (R,) of these regions; `truth` as from `truths`."""
    used, label = np.unique(regions.label, return_inverse=True)
    groups = int(group.max(initial=-1)) + 1
    task = np.zeros(groups, np.int64)
    task[group] = regions.task
    known = truth[regions.task] == regions.answer
    pinned = np.where(truth[task] >= 0, len(used), UNKNOWN)
    pinned[group[known]] = label[known]
    rows = np.flatnonzero(~seen.truth)
    rows = rows[np.argsort(seen.task[rows], kind="stable")]
    size = np.bincount(seen.task[rows], minlength=len(seen.tasks))
    first = np.concatenate(([0], np.cumsum(size)))
    counts = size[task]
    at = np.repeat(np.arange(groups), counts)
    begin = np.cumsum(counts) - counts
    answer = rows[np.arange(len(at)) - np.repeat(begin, counts) + first[task[at]]]
    region = _member(group[~known], regions.answer[~known], np.flatnonzero(~known), at, answer, len(seen.task))
    said = np.where(region >= 0, label[region] if len(label) else len(used), len(used))
    return Votes(at, seen.annotator[answer], answer, said, region, ~seen.review[answer], task, pinned, used, truth)


def as_something(votes: Votes) -> Votes:
    """The same votes with one label for all, so that only "nothing" differs from it."""
    pinned = np.where(votes.pinned >= 0, votes.pinned == votes.nothing, UNKNOWN)
    return replace(votes, label=(votes.label == votes.nothing).astype(np.int64), pinned=pinned,
                   used=np.zeros(1, np.int64))


def _member(group: IntArray, answer: IntArray, region: IntArray, at: IntArray, asked: IntArray,
            answers: int) -> IntArray:
    """The region of each (group, answer) asked for, or -1."""
    if not len(region):
        return np.full(len(at), -1)
    key = group * answers + answer
    order = np.argsort(key)
    wanted = at * answers + asked
    place = np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)
    return np.where(key[order][place] == wanted, region[order][place], -1)
