"""Sets of labels, label by label: which labels of a task are true, and what each annotator misses or adds.

A unit is a task with a label: the label is true of the task, or not (Dawid & Skene 1979 with two classes). Only
labels that somebody chose for a task are looked at one by one; the others count together. So a million labels cost
no more than the answers that name them. Shares of labels and how often a label is missed or falsely added are the
label's own, drawn to those of all labels; an annotator's odds of missing and of adding are the label's, times a factor
of their own, drawn to 1. One shared confusion would call every rare label false: its false alarms are rarer too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.probability import VOTES_IN_LABEL
from sync.values.answers import Answers

EVENTS = 2.0
"""Misses or false alarms' worth of the crowd in each annotator's factors."""

LABEL_EVENTS = 4.0
"""The same of all labels in each label's rates."""

ENTRIES = 8_000_000
"""Pairs of answer and label that are looked at; beyond it the labels that fewest chose in a task are left out."""

LEAST_LABELS = 8
"""So many labels of a task are always looked at."""

INDEPENDENCE = 0.75
"""n answers to one task are worth n to this power of independent ones, about each label. A set is right only when all
its labels are: the caution that one label needs (`sync.probability`) would add up."""

VOTES_IN_PROBABILITY = 0.02
"""Share of the plain vote in a label's probability."""

_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Units:
    """U units and E entries (a unit with each answer to its task), sorted by task; `truth` is 1, 0 or -1 (unknown).

    `taught` (E,) marks entries that teach something of who gave them: no reviews, and somebody else answered the task
    too or its set is known. `choices` (L,) is how often each label was chosen, `given` (W,) how many answers that teach
    an annotator gave. Of units with one number in `rivals` (U,; below U) at most one is true; None: any may be."""

    task: IntArray
    label: IntArray
    truth: IntArray
    unit: IntArray
    answer: IntArray
    chosen: NDArray[np.bool_]
    annotator: IntArray
    taught: NDArray[np.bool_]
    per_task: IntArray
    choices: IntArray
    given: IntArray
    rivals: IntArray | None = None

    @property
    def votes(self) -> FloatArray:
        """Share of the answers to its task that chose each unit's label: (U,)."""
        votes = np.bincount(self.unit, self.chosen, len(self.task))
        return np.asarray(votes / np.maximum(self.per_task[self.task], 1))


@dataclass(frozen=True, slots=True)
class Rates:
    """What is learned: per label (L,) `share`, `miss` and `false` rates; per annotator (W,) factors of their odds."""

    share: FloatArray
    miss: FloatArray
    false: FloatArray
    misses: FloatArray
    falses: FloatArray


@dataclass(frozen=True, slots=True)
class UnitFit:
    """Per unit the model's log odds (`logit`), the chance to decide by (`choosing`) and the one to believe
    (`probability`); per entry what the answer adds to the log odds (`evidence`). `rest` (T,): the chance, for small
    ones, that a label is true which nobody chose. `iterations` done."""

    logit: FloatArray
    choosing: FloatArray
    probability: FloatArray
    evidence: FloatArray
    rest: FloatArray
    rates: Rates
    iterations: int


def units(answers: Answers, chosen: list[IntArray], labels: int, truth: Mapping[int, IntArray]) -> Units:
    """Units of all tasks from the labels (indices) that each answer chose; `truth` has the known sets of tasks."""
    answer = np.repeat(np.arange(len(chosen)), [len(one) for one in chosen])
    label = np.concatenate([*chosen, np.empty(0, np.int64)]).astype(np.int64)
    key = np.unique(answer * labels + label)  # a label named twice in an answer is one label
    answer, label = key // max(labels, 1), key % max(labels, 1)
    known_task = np.repeat(np.fromiter(truth, np.int64, len(truth)), [len(one) for one in truth.values()])
    known = known_task * labels + np.concatenate([*truth.values(), np.empty(0, np.int64)]).astype(np.int64)
    votes, count = np.unique(answers.task[answer] * labels + label, return_counts=True)
    votes = _bounded(votes, count, labels, answers.per_task)
    pair = np.union1d(votes, known)
    task = pair // max(labels, 1)
    order = np.lexsort((pair, _first(answers)[task]))
    pair, task = pair[order], task[order]
    size = answers.per_task
    unit = np.repeat(np.arange(len(pair)), size[task])
    within = np.arange(len(unit)) - np.repeat(np.cumsum(size[task]) - size[task], size[task])
    entry = _first(answers)[task[unit]] + within
    has = np.isin(task, np.fromiter(truth, np.int64, len(truth)))
    known_tasks = np.zeros(len(size), bool)
    known_tasks[list(truth)] = True
    taught = answers.independent & ((size[answers.task] > 1) | known_tasks[answers.task])
    return Units(task, pair % max(labels, 1), np.where(has, np.isin(pair, known), -1).astype(np.int64), unit, entry,
                 np.isin(entry * labels + pair[unit] % max(labels, 1), key), answers.annotator[entry], taught[entry],
                 size, np.bincount(label, minlength=labels),
                 np.bincount(answers.annotator[taught], minlength=answers.annotators))


def _first(answers: Answers) -> IntArray:
    """Place of each task's first answer: (T,); answers are sorted by task."""
    first: IntArray = np.full(answers.tasks, len(answers.task))
    first[answers.task[::-1]] = np.arange(len(answers.task))[::-1]
    return first


def _bounded(pair: IntArray, count: IntArray, labels: int, size: IntArray) -> IntArray:
    """Only so many labels of each task, those that most answers chose, that the whole has at most `ENTRIES`."""
    task = pair // max(labels, 1)
    width = np.bincount(task, minlength=len(size))
    allowed = int(width.max(initial=0))
    while allowed > LEAST_LABELS and size @ np.minimum(width, allowed) > ENTRIES:
        allowed = max(LEAST_LABELS, allowed * 3 // 4)
    if (width <= allowed).all():
        return pair
    order = np.lexsort((pair, -count, task))
    sorted_task = task[order]
    place = np.arange(len(order)) - np.searchsorted(sorted_task, sorted_task)
    return np.asarray(pair[np.sort(order[place < allowed])])


def fit(units: Units, *, rates: Rates | None = None, iterations: int = 60, tolerance: float = 1e-4) -> UnitFit:
    """EM from the votes; with `rates` of an earlier fit only the units are judged."""
    votes = units.votes
    answers = units.per_task[units.task]
    p = _pinned(units, (votes * answers + 0.15) / (answers + 0.3))
    done, moved = 0, np.inf
    learned = rates if rates is not None else _learn(units, p, votes)
    logit, evidence = _expect(units, learned)
    while rates is None and done < iterations and moved >= tolerance:
        before, p = p, _pinned(units, chances(logit, units.rivals))
        learned = _learn(units, p, votes)
        logit, evidence = _expect(units, learned)
        done, moved = done + 1, float(np.abs(p - before).max(initial=0.0))
    prior = _log_odds(learned.share)[units.label]
    careful = prior + (logit - prior) * np.maximum(answers, 1) ** (INDEPENDENCE - 1)
    probability = (1 - VOTES_IN_PROBABILITY) * chances(careful, units.rivals) + VOTES_IN_PROBABILITY * votes
    choosing = (1 - VOTES_IN_LABEL) * chances(logit, units.rivals) + VOTES_IN_LABEL * votes
    return UnitFit(logit, _pinned(units, choosing).round(12), _pinned(units, probability), evidence,
                   _rest(units, learned), learned, done)


def _pinned(units: Units, p: FloatArray) -> FloatArray:
    return np.where(units.truth >= 0, units.truth, p).astype(np.float64)


def _learn(units: Units, p: FloatArray, votes: FloatArray) -> Rates:
    labels, annotators, total = len(units.choices), len(units.given), int(units.given.sum())
    label, who = units.label[units.unit], units.annotator
    true, untrue = np.where(units.taught, p[units.unit], 0.0), np.where(units.taught, 1 - p[units.unit], 0.0)
    missed, added = np.where(units.chosen, 0.0, true), np.where(units.chosen, untrue, 0.0)
    positive = np.bincount(label, true, labels)
    negative = np.maximum(total - positive, 0.0)
    mean_miss = np.clip((missed.sum() + 0.5) / (positive.sum() + 2), _EDGE, 0.5)
    miss = (np.bincount(label, missed, labels) + LABEL_EVENTS * mean_miss) / (positive + LABEL_EVENTS)
    use = (units.choices + 0.5) / (units.per_task.sum() + 1)
    ratio = (added.sum() + 0.5) / ((use * negative).sum() + 1)
    usual = np.clip(use * ratio, 1e-9, 0.5)
    false = (np.bincount(label, added, labels) + LABEL_EVENTS) / (negative + LABEL_EVENTS / usual)
    miss, false = np.clip(miss, _EDGE, 0.9), np.clip(false, 1e-9, 0.9)
    expected = np.bincount(who, true * miss[label], annotators)
    misses = (np.bincount(who, missed, annotators) + EVENTS) / (expected + EVENTS)
    expected = np.maximum(units.given * false.sum() - np.bincount(who, true * false[label], annotators), 0.0)
    falses = (np.bincount(who, added, annotators) + EVENTS) / (expected + EVENTS)
    tasks = np.count_nonzero(units.per_task) or 1
    majority = np.bincount(units.label, (votes > 0.5) + 0.5 * (votes == 0.5), labels)
    share = (np.bincount(units.label, p, labels) + majority + 0.5) / (2 * max(tasks, 1) + 2)
    return Rates(np.clip(share, 1e-9, 1 - _EDGE), miss, false, misses, falses)


def own_rates(rates: Rates, annotator: IntArray, label: IntArray) -> tuple[FloatArray, FloatArray]:
    """Chance that these annotators miss, and falsely add, these labels."""
    miss, false = rates.miss[label], rates.false[label]
    missing = rates.misses[annotator] * miss / (1 - miss)
    adding = rates.falses[annotator] * false / (1 - false)
    return np.clip(missing / (1 + missing), _EDGE, 1 - _EDGE), np.clip(adding / (1 + adding), 1e-9, 1 - _EDGE)


def _expect(units: Units, rates: Rates) -> tuple[FloatArray, FloatArray]:
    miss, false = own_rates(rates, units.annotator, units.label[units.unit])
    evidence = np.where(units.chosen, np.log((1 - miss) / false), np.log(miss / (1 - false)))
    logit = _log_odds(rates.share)[units.label] + np.bincount(units.unit, evidence, len(units.task))
    return logit, evidence


def _rest(units: Units, rates: Rates) -> FloatArray:
    """Summed chance of the labels that nobody chose for a task, as everybody passed over them: (T,)."""
    tasks = len(units.per_task)
    named = np.bincount(units.task, rates.share[units.label], tasks)
    open_share = np.maximum(rates.share.sum() - named, 0.0)
    mean_miss = float(rates.miss @ rates.share / max(rates.share.sum(), 1e-12)) if len(rates.share) else 0.5
    return np.asarray(open_share * mean_miss ** (units.per_task ** INDEPENDENCE))


def of_others(units: Units, found: UnitFit) -> FloatArray:
    """Chance of each entry's unit by all other answers: (E,); certain where it is known."""
    rivals = None if units.rivals is None else units.answer * (len(units.task) + 1) + units.rivals[units.unit]
    p = chances(found.logit[units.unit] - found.evidence, rivals)
    return np.where(units.truth[units.unit] >= 0, units.truth[units.unit], p).astype(np.float64)


def with_own(units: Units, found: UnitFit) -> FloatArray:
    """Chance of each entry's unit by all answers: (E,)."""
    return _pinned(units, chances(found.logit, units.rivals))[units.unit]


def chances(logit: FloatArray, rivals: IntArray | None) -> FloatArray:
    """Chances from log odds; of rivals at most one can be true: independent units, given that."""
    if rivals is None or not len(logit):
        return sigmoid(logit)
    _, group = np.unique(rivals, return_inverse=True)
    most = np.zeros(int(group.max()) + 1)
    np.maximum.at(most, group, logit)
    odds = np.exp(logit - most[group])
    return np.asarray(odds / (np.exp(-most) + np.bincount(group, odds))[group])


def sigmoid(x: FloatArray) -> FloatArray:
    """Chances from log odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -500, 500))))


def _log_odds(p: FloatArray) -> FloatArray:
    return np.asarray(np.log(p) - np.log1p(-p))
