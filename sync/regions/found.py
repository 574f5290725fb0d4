"""The consensus of every task: its regions, how sure each is, and how good the whole is expected to be.

`probability` of a task is the F1 score that its regions can expect against the truth: of twenty regions at 95 % each
nobody expects all to be right (36 %), yet the task is well done, and a stop rule needs to see that. `wrong` is the
chance that anything at all is: a region too many, missing (also one that everybody missed), or of the wrong label.
Boundaries are part of neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueloop.store.consensus import Consensus
from sync.arrays import FloatArray, IntArray
from sync.kinds import TEXT_LENGTH
from sync.observations import Observations
from sync.regions.belief import Belief
from sync.regions.gathered import LINES, Regions
from sync.regions.places import Places
from sync.regions.read import in_order
from sync.regions.text import text
from sync.regions.votes import Votes
from sync.results import TRUTH

METHOD = "regions"
"""Name of the method in the store."""

Value = dict[str, Any]


def consensus(control: str, seen: Observations, regions: Regions, group: IntArray, votes: Votes, belief: Belief,
              place: Places, unseen: FloatArray) -> tuple[Consensus, ...]:
    """One record for every task, in the order of `seen.tasks`. `unseen` (T,) is how many regions everybody probably
    missed."""
    tasks = len(seen.tasks)
    chosen = belief.exists >= 0.5 - 1e-9
    expected, perfect = expected_f1(votes.task, chosen, belief, unseen)
    answers = np.bincount(seen.task, minlength=tasks)
    same = votes.label == belief.label[votes.group]
    agreeing, looked = (np.bincount(votes.group, same, votes.groups).astype(int).tolist(),
                        np.bincount(votes.group, minlength=votes.groups).tolist())
    values: list[list[Value]] = [[] for _ in range(tasks)]
    for at in np.flatnonzero(chosen & (votes.truth[votes.task] < 0)).tolist():
        region = _region(regions, place, at)
        region["label"] = regions.labels[int(votes.used[belief.label[at]])]
        region["probability"] = round(float(belief.sure[at]), 6)
        values[int(votes.task[at])].append(region | {"votes": agreeing[at], "of": looked[at]})
    for at in np.flatnonzero(votes.truth[regions.task] == regions.answer).tolist():
        counted = {"probability": 1.0, "votes": agreeing[group[at]], "of": looked[group[at]]}
        values[int(regions.task[at])].append({**regions.value[at], **counted})
    rows = []
    for at, (task, unordered) in enumerate(zip(seen.tasks, values, strict=True)):
        known = votes.truth[at] >= 0
        value = in_order(unordered)
        rows.append(Consensus(
            task, control, text(regions.kind, value)[:TEXT_LENGTH], 1.0 if known else round(float(expected[at]), 6), {},
            int(answers[at]), TRUTH if known else METHOD, value=value,
            wrong=0.0 if known else round(1 - float(perfect[at]), 6)))
    return tuple(rows)


def expected_f1(task: IntArray, chosen: NDArray[np.bool_], belief: Belief,
                unseen: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(expected F1, chance that everything is right) of each task: both (T,).

    F1 is taken as the ratio of expectations; where nothing is chosen it is the chance that nothing is there.
    """
    tasks = len(unseen)
    hits = np.bincount(task, belief.sure * chosen, tasks)
    there = np.bincount(task, belief.there, tasks) + unseen
    marked = np.bincount(task, chosen, tasks)
    right = np.where(chosen, belief.sure, 1 - belief.there)
    perfect = np.exp(np.bincount(task, np.log(np.clip(right, 1e-12, 1)), tasks) - unseen)
    ratio = 2 * hits / np.maximum(marked + there, 1e-12)
    return np.where(marked > 0, np.minimum(ratio, 1), perfect), perfect


def _region(regions: Regions, place: Places, at: int) -> Value:
    """The canonical form of a consensus region, without its label."""
    example = regions.value[int(place.example[at])]
    if place.exact[at]:
        return dict(example)
    extent = [_plain(one) for one in place.extent[at].tolist()]
    if regions.kind in LINES:
        return {"start": extent[0], "end": _plain(extent[1] - regions.frames), "unit": example["unit"]}
    left, top, right, bottom = extent
    return {"x": left, "y": top, "width": _plain(right - left), "height": _plain(bottom - top), "rotation": 0,
            "unit": example["unit"]}


def _plain(number: float) -> float:
    """Without the noise of the last digits, and whole where it is."""
    number = round(number, 9)
    return int(number) if float(number).is_integer() else number
