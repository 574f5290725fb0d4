"""Every annotator's quality on regions: F1, precision and recall against the others, labels, boundaries."""

from __future__ import annotations

from typing import Any

import numpy as np

from sync.agreement.bootstrap import interval
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations
from sync.outcome import AnnotatorQuality
from sync.performance import beta_interval, median_by
from sync.regions.belief import Belief
from sync.regions.boundaries import bias
from sync.regions.gathered import Regions
from sync.regions.scores import Judgement, f1, per_task
from sync.regions.text import nothing_beside
from sync.regions.votes import Votes

SOMETHING = "something"
"""What stands for all labels in a confusion, where there are too many for one of their own."""

Figure = dict[str, Any]


def qualities(seen: Observations, regions: Regions, votes: Votes, belief: Belief, judged: Judgement,
              shifts: tuple[IntArray, FloatArray], run: Figure) -> tuple[AnnotatorQuality, ...]:
    """One record for every annotator, in the order of `seen.annotators`.

    `shifts` are positions of regions and how far they lie from the others' place (`sync.regions.boundaries`), `run`
    what a later update needs to know of the whole run (JSON). Who cannot be judged gets the crowd's F1 and an
    interval from 0 to 1.
    """
    people = len(seen.annotators)
    annotator, _, sums = per_task(votes, judged, len(seen.tasks))
    crowd = float(np.nan_to_num(f1(sums.sum(0, keepdims=True))[0], nan=0.5))
    parts = np.searchsorted(annotator, np.arange(people + 1))
    seconds = median_by(seen.annotator, seen.seconds, people)
    answers, marked = np.bincount(seen.annotator, minlength=people), np.bincount(regions.annotator, minlength=people)
    labels = confusion_labels(regions, votes, belief)
    which, difference = shifts
    biases = bias(regions.kind, difference, regions.annotator[which], regions.task[which], people)
    by_label = _by_label(votes, judged, belief, people, regions)
    found = []
    for at, name in enumerate(seen.annotators):
        scores = score(sums[parts[at]:parts[at + 1]])
        value = scores["f1"]
        known = value["value"] is not None
        details = {"f1": value, "precision": scores["precision"], "recall": scores["recall"],
                   "regions": int(marked[at]), "judged_tasks": int(parts[at + 1] - parts[at]),
                   "boundaries": biases[at], "by_label": by_label[at], "run": run,
                   "reason": None if known else "nobody else answered the same tasks, or nothing was marked in them"}
        found.append(AnnotatorQuality(
            annotator=name, answers=int(answers[at]), accuracy=value["value"] if known else crowd,
            low=value["low"] if known else 0.0, high=value["high"] if known else 1.0,
            median_lead_time=None if np.isnan(seconds[at]) else float(seconds[at]), labels=labels,
            confusion=tuple(map(tuple, belief.confusion[at].round(6).tolist())),
            counts=tuple(map(tuple, belief.counts[at].round(4).tolist())), details=details))
    return tuple(found)


def confusion_labels(regions: Regions, votes: Votes, belief: Belief) -> tuple[str, ...]:
    """Names of the rows and columns of the confusions; the last one is "nothing"."""
    names = tuple(regions.labels[at] for at in votes.used.tolist())
    whole = belief.confusion.shape[1] == len(names) + 1
    return (*names, nothing_beside(regions.labels)) if whole else (SOMETHING, nothing_beside(regions.labels))


def score(sums: FloatArray) -> dict[str, Figure]:
    """F1, precision and recall with intervals, from (right, marked, there) of each task (T, 3).

    The interval spans the bootstrap over tasks and one from the counts alone: resampling a few faultless tasks
    would claim certainty.
    """
    right, marked, there = sums.sum(0) if len(sums) else np.zeros(3)
    return {"f1": _figure(sums, f1, right, (marked + there) / 2),
            "precision": _figure(sums, lambda s: s[:, 0] / s[:, 1], right, marked),
            "recall": _figure(sums, lambda s: s[:, 0] / s[:, 2], right, there)}


def _figure(sums: FloatArray, of: Any, right: float, number: float) -> Figure:
    if number <= 0:
        return {"value": None, "low": None, "high": None}
    low, high = (float(one[0]) for one in beta_interval(np.array([right]), np.array([number - right])))
    drawn = interval(sums, of, replicates=400)
    value = right / number
    return {"value": round(float(value), 6), "low": round(min([low, value, *_some(drawn[0])]), 6),
            "high": round(max([high, value, *_some(drawn[1])]), 6)}


def _some(number: float | None) -> list[float]:
    return [] if number is None else [number]


def _by_label(votes: Votes, judged: Judgement, belief: Belief, people: int, regions: Regions) -> list[list[Figure]]:
    """Of each annotator, for every label met: precision and recall, and what was taken for it.

    `confused` counts, where the others say `label`, what the annotator said instead ("nothing": missed), and
    `extra` how often they gave the label where the others say nothing is.
    """
    nothing = votes.nothing
    names = [*(regions.labels[at] for at in votes.used.tolist()), nothing_beside(regions.labels)]
    at = np.flatnonzero(judged.judged & (judged.there | judged.marked))
    truth = np.where(judged.there[at], belief.others_label[at], nothing)
    key = ((votes.annotator[at] * (nothing + 1) + truth) * (nothing + 1) + votes.label[at]) * 2 + judged.right[at]
    found: list[dict[int, Figure]] = [{} for _ in range(people)]
    for cell, count in zip(*(column.tolist() for column in np.unique(key, return_counts=True)), strict=True):
        rest, right = divmod(cell, 2)
        rest, said = divmod(rest, nothing + 1)
        who, true = divmod(rest, nothing + 1)
        if true < nothing:
            row = found[who].setdefault(true, _empty(names[true]))
            row["there"] += count
            row["right"] += count * right
            if not right and said != true:
                row["confused"][names[said]] = row["confused"].get(names[said], 0) + count
            if not right and said == true:
                row["misplaced"] += count
        if said < nothing:
            row = found[who].setdefault(said, _empty(names[said]))
            row["marked"] += count
            row["extra"] += count * (true == nothing)
    return [[_with_rates(rows[label]) for label in sorted(rows)] for rows in found]


def _empty(label: str) -> Figure:
    return {"label": label, "marked": 0, "there": 0, "right": 0, "extra": 0, "misplaced": 0, "confused": {}}


def _with_rates(row: Figure) -> Figure:
    return row | {"precision": round(row["right"] / row["marked"], 6) if row["marked"] else None,
                  "recall": round(row["right"] / row["there"], 6) if row["there"] else None}
