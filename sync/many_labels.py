"""Answers with so many different labels that confusions do not fit into memory, as when free text is in a choice.

Labels that nobody used are left out first. If that is not enough, every annotator gets one accuracy
(`sync.one_coin`), every task the chances of the labels that it was given, and a warning says so. Memory is
proportional to the answers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cueloop.store.consensus import Consensus
from cueloop.types import Control
from sync.arrays import IntArray
from sync.observations import Observations
from sync.one_coin import WEIGHT, OneCoin, one_coin
from sync.outcome import AnnotatorQuality, Outcome
from sync.performance import beta_interval, median_by
from sync.probability import INDEPENDENCE
from sync.results import TRUTH

METHOD = "one-coin"
TOLD = 20
"""Labels of a task whose probability is kept, the likeliest first."""


def in_use(seen: Observations) -> Observations:
    """The same answers with only those labels that somebody gave, in their order."""
    used, label = np.unique(seen.label, return_inverse=True)
    place = np.full(len(seen.labels) + 1, -1)
    place[used] = np.arange(len(used))
    return replace(seen, label=label, labels=tuple(seen.labels[at] for at in used), pinned=place[seen.pinned])


def judge(control: Control, seen: Observations) -> Outcome:
    """Consensus, annotators and agreement, without confusions."""
    own = np.flatnonzero(~seen.truth)
    task, annotator, label, review = seen.task[own], seen.annotator[own], seen.label[own], seen.review[own]
    found = one_coin(task, annotator, label, tasks=len(seen.tasks), annotators=len(seen.annotators),
                     labels=len(seen.labels), pinned=seen.pinned, review=review)
    answers = np.bincount(seen.task, minlength=len(seen.tasks))
    warning = (f"{len(seen.labels):,} different labels are too many for confusions: each annotator has one accuracy, "
               "and all errors count alike. Free text belongs into a text control.")
    return Outcome(control, tuple(_consensus(control.name, seen, found, answers)),
                   _annotators(seen, found, task[~review], annotator[~review], found.cell[~review]),
                   _agreement(seen), (warning,))


def _consensus(control: str, seen: Observations, found: OneCoin, answers: IntArray) -> list[Consensus]:
    power = np.maximum(answers, 1.0) ** -INDEPENDENCE
    chance, rest = found.chance ** power[found.task], found.rest ** power
    whole = np.bincount(found.task, weights=chance, minlength=len(answers)) + rest
    chance = chance / np.maximum(whole, 1e-300)[found.task]
    ends = np.searchsorted(found.task, np.arange(len(answers) + 1))
    rows = []
    for at, task in enumerate(seen.tasks):
        if seen.pinned[at] >= 0:
            name = seen.labels[seen.pinned[at]]
            rows.append(Consensus(task, control, name, 1.0, {name: 1.0}, int(answers[at]), TRUTH, wrong=0.0))
            continue
        cells = slice(ends[at], ends[at + 1])
        best = np.argsort(-chance[cells].round(12), kind="stable")[:TOLD]
        told = {seen.labels[found.label[cells][one]]: round(float(chance[cells][one]), 6) for one in best}
        if told:
            first, probability = next(iter(told.items()))
            rows.append(Consensus(task, control, first, probability, told, int(answers[at]), METHOD,
                                  wrong=round(1 - probability, 6)))
    return rows


def _annotators(seen: Observations, found: OneCoin, task: IntArray, annotator: IntArray, cell: IntArray,
                ) -> tuple[AnnotatorQuality, ...]:
    """Accuracy by what the others say: tasks that nobody else answered say nothing."""
    people, known = len(seen.annotators), seen.pinned[task] >= 0
    others = (np.bincount(seen.task, minlength=len(seen.tasks))[task] > 1) | known
    chance = np.clip(found.chance[cell], 0.0, 1.0)
    own = found.accuracy[annotator] * max(len(seen.labels) - 1, 1) / (1 - found.accuracy[annotator])
    right = np.where(known, chance, (chance / own) / np.maximum(chance / own + 1 - chance, 1e-300))
    hits = np.bincount(annotator[others], weights=right[others], minlength=people)
    judged = np.bincount(annotator[others], minlength=people).astype(np.float64)
    mean = hits.sum() / judged.sum() if judged.sum() else 0.5
    accuracy = (hits + WEIGHT * mean) / (judged + WEIGHT)
    low, high = beta_interval(np.asarray(hits, np.float64), np.maximum(judged - hits, 0.0))
    seconds = median_by(seen.annotator, seen.seconds, people)
    given = np.bincount(seen.annotator, minlength=people)
    return tuple(AnnotatorQuality(who, int(given[at]), float(accuracy[at]), float(min(low[at], accuracy[at])),
                                  float(max(high[at], accuracy[at])),
                                  None if np.isnan(seconds[at]) else float(seconds[at]))
                 for at, who in enumerate(seen.annotators))


def _agreement(seen: Observations) -> dict[str, Any]:
    """Krippendorff's alpha from the cells alone; a bootstrap over so many labels would need too much memory."""
    alone = ~seen.review
    task, label = seen.task[alone], seen.label[alone]
    size = np.bincount(task, minlength=len(seen.tasks))
    paired = size[task] > 1
    task, label = task[paired], label[paired]
    found: dict[str, Any] = {"metric": "krippendorff_alpha", "level": "nominal", "value": None, "low": None,
                             "high": None, "tasks": int((size > 1).sum()), "answers": len(task)}
    if not len(task):
        return {**found, "reason": "no task has two answers or more"}
    cell, equal = np.unique(task.astype(np.int64) * len(seen.labels) + label, return_counts=True)
    same = float((equal * (equal - 1) / (size[cell // len(seen.labels)] - 1)).sum())
    margins = np.bincount(label).astype(np.float64)
    chance = float((margins * (margins - 1)).sum() / (len(task) - 1))
    if chance >= len(task):
        return {**found, "reason": "everybody gave the same label"}
    return {**found, "value": round((same - chance) / (len(task) - chance), 4),
            "reason": "too many labels for an interval"}
