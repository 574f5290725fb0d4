"""Every annotator's quality on regions: F1, precision and recall against the others, labels, boundaries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
              shifts: tuple[IntArray, FloatArray], plain: FloatArray, run: Figure) -> tuple[AnnotatorQuality, ...]:
    """One record for every annotator, in the order of `seen.annotators`.

    `shifts` are positions of regions and how far they lie from the others' place (`sync.regions.boundaries`), `run`
    what a later update needs to know of the whole run (JSON), `plain` is from `confirmed`.

    Who cannot be judged gets the crowd's F1 and an
    interval from 0 to 1.
    """
    people = len(seen.annotators)
    annotator, sums = per_task(votes, judged, len(seen.tasks))
    crowd = float(np.nan_to_num(f1(sums[:, :3].sum(0, keepdims=True))[0], nan=0.5))
    parts = np.searchsorted(annotator, np.arange(people + 1))
    seconds = median_by(seen.annotator, seen.seconds, people)
    answers, marked = np.bincount(seen.annotator, minlength=people), np.bincount(regions.annotator, minlength=people)
    labels = confusion_labels(regions, votes, belief)
    which, difference = shifts
    biases = bias(regions.kind, difference, regions.annotator[which], regions.task[which], people)
    by_label = _by_label(votes, judged, people, vote_labels(regions, votes))
    two = len(set(seen.annotator[~seen.truth & ~seen.review].tolist())) == 2
    found = []
    for at, name in enumerate(seen.annotators):
        scores = score(sums[parts[at]:parts[at + 1]])
        if two:
            scores = {key: _open(one, plain[at], key) for key, one in scores.items()}
        value = scores["f1"]
        known = value["value"] is not None
        details = {"f1": value, "precision": scores["precision"], "recall": scores["recall"],
                   "pairwise_f1": _pairwise(plain[at])["value"],
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
    names = vote_labels(regions, votes)
    return names if belief.confusion.shape[1] == len(names) else (SOMETHING, names[-1])


def vote_labels(regions: Regions, votes: Votes) -> tuple[str, ...]:
    """Names of what votes say; the last one is "nothing"."""
    return (*(regions.labels[at] for at in votes.used.tolist()), nothing_beside(regions.labels))


def score(sums: FloatArray) -> dict[str, Figure]:
    """F1, precision and recall with intervals, from the columns of `scores.per_task`, one row a task.

    An interval spans both ways of judging, and what resampling tasks gives as well as what the counts alone do:
    resampling a few faultless tasks would claim certainty.
    """
    return {"f1": _figure(sums, f1, (0.5, 0.5)),
            "precision": _figure(sums, lambda s: s[:, 0] / s[:, 1], (1.0, 0.0)),
            "recall": _figure(sums, lambda s: s[:, 0] / s[:, 2], (0.0, 1.0))}


def _figure(sums: FloatArray, of: Callable[[FloatArray], FloatArray],
            of_marked_and_there: tuple[float, float]) -> Figure:
    ends: list[float] = []
    values = []
    for columns in (sums[:, :3], sums[:, 3:]):
        right, *both = columns.sum(0) if len(sums) else np.zeros(3)
        number = float(np.dot(both, of_marked_and_there))
        if number < 1e-9:
            return {"value": None, "low": None, "high": None}
        hits, misses = np.array([min(right, number)]), np.array([max(number - right, 0)])
        ends += [float(one[0]) for one in beta_interval(hits, misses)]
        ends += [one for one in interval(columns, of, replicates=400) if one is not None]
        values.append(min(float(right / number), 1.0))
    return {"value": round(values[0], 6), "low": round(max(min([*ends, values[0]]), 0), 6),
            "high": round(min(max([*ends, values[0]]), 1), 6)}


def _pairwise(plain: FloatArray, of: str = "f1") -> Figure:
    """What the others confirm, as a rate: {"value", "low"}, None where there is nothing."""
    hits, marked, there = plain
    number = {"f1": (marked + there) / 2, "precision": marked, "recall": there}[of]
    if number <= 0:
        return {"value": None, "low": None}
    low, _ = beta_interval(np.array([hits]), np.array([number - hits]))
    return {"value": _short(hits / number), "low": float(low[0])}


def _open(figure: Figure, plain: FloatArray, of: str) -> Figure:
    """With only two annotators nobody can tell who of them errs: all that they disagree on may be either's fault."""
    low = _pairwise(plain, of)["low"]
    if figure["value"] is None or low is None:
        return figure
    return figure | {"low": round(min(figure["low"], low), 6), "high": 1.0}


def _by_label(votes: Votes, judged: Judgement, people: int, labels: Sequence[str]) -> list[list[Figure]]:
    """Of each annotator, for every label met: expected numbers, precision and recall.

    `there` regions of the label are there, of them `right` were given it in the right place, `misplaced` elsewhere, and
    `confused` counts what was said instead ("nothing": missed). Of those `marked` with it, `extra` are nothing.
    """
    at = np.flatnonzero(judged.judged & judged.marked)
    key = votes.annotator[at] * (votes.nothing + 1) + votes.label[at]
    size = people * (votes.nothing + 1)
    marked, right, misplaced, extra = (
        np.bincount(key, column[at], size).reshape(people, votes.nothing + 1) for column in
        (judged.marked, judged.right, judged.misplaced, judged.marked * (1 - judged.there)))
    return [[_label_row(labels, label, None if judged.counts is None else judged.counts[who],
                        *(column[who, label] for column in (marked, right, misplaced, extra)))
             for label in _met(marked[who], None if judged.counts is None else judged.counts[who])]
            for who in range(people)]


def _met(marked: FloatArray, counts: FloatArray | None) -> list[int]:
    """Labels that an annotator gave, or had a fair chance to give."""
    there = np.zeros(len(marked)) if counts is None else counts.sum(1)
    return [int(at) for at in np.flatnonzero((marked > 0) | (there >= 0.5)) if at < len(marked) - 1]


def _label_row(labels: Sequence[str], label: int, counts: FloatArray | None, marked: float, right: float,
               misplaced: float, extra: float) -> Figure:
    row = {"label": labels[label], "marked": int(marked), "right": _short(right), "misplaced": _short(misplaced),
           "extra": _short(extra), "precision": _short(right / marked) if marked else None}
    if counts is None:
        return row | {"there": None, "recall": None, "confused": {}}
    there = float(counts[label].sum())
    return row | {"there": _short(there), "recall": _short(min(right / there, 1.0)) if there > 1e-9 else None,
                  "confused": {labels[k]: _short(counts[label, k]) for k in range(len(labels))
                               if k != label and counts[label, k] >= 0.05}}


def _short(number: float) -> float:
    return round(float(number), 4)
