"""Of each task's answers the one most like the others, weighted by how reliable their annotators are.

Equal texts of a task are one candidate. A task has at most `CANDIDATES`, those that most answers give; each text is
compared with each candidate, so cost grows with the answers, not with their square. An annotator's reliability is how
like their answers are to the others' (never to themself), with what any two tasks' answers have in common taken off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.values.answers import Answers
from sync.values.likeness import Texts
from sync.values.means import shares

CANDIDATES = 24
"""Texts of a task that may become its consensus."""

HEARD = 500
"""Different texts of a task that are compared with all its candidates; further ones only with the first."""

LEAST = 0.05
"""Least weight of an annotator."""

PRIOR = 2.0
"""Answers' worth of the crowd's mean in each annotator's reliability."""


@dataclass(frozen=True, slots=True)
class Medoids:
    """Per task the chosen text (T,; -1 without answers) and its expected similarity to the truth (`sure`). Per answer
    its similarity to the text that all others choose (`like`; NaN where nobody else answered). Per annotator
    `weight`; `told` has (task, text, share of the support) of every candidate."""

    text: IntArray
    sure: FloatArray
    like: FloatArray
    weight: FloatArray
    told: tuple[IntArray, IntArray, FloatArray]
    iterations: int


@dataclass(frozen=True, slots=True)
class Cells:
    """C different texts of a task each (`task`, `text`, `count`), sorted by task, most given first; N answers give
    them (`of`). Each answer is paired with the candidates of its task: `answer`, `candidate` (a cell), `similarity`;
    `begin` (N,) is each answer's first pair."""

    task: IntArray
    text: IntArray
    count: IntArray
    of: IntArray
    answer: IntArray
    candidate: IntArray
    similarity: FloatArray
    begin: IntArray


def choose(answers: Answers, text: IntArray, texts: Texts, chance: float, truth: IntArray, *,
           weight: FloatArray | None = None, iterations: int = 10, tolerance: float = 1e-4) -> Medoids:
    """Medoids of N answers that give these texts (indices (N,)); `chance` is the similarity of any two answers, `truth`
    (T,) a known text or -1. With annotators' `weight` (W,) of an earlier run only the tasks are judged."""
    cells = _cells(answers, text, texts)
    who = answers.annotator[cells.answer]
    reliable = np.ones(answers.annotators) if weight is None else weight
    known = truth[answers.task] >= 0
    to_truth = texts.similarity(text[known], truth[answers.task[known]])
    done = 0
    while True:
        support = reliable[who] * cells.similarity
        score: FloatArray = np.asarray(np.bincount(cells.candidate, support, len(cells.task)), np.float64).round(12)
        like = _of_others(cells, score, support)
        like[known] = to_truth
        like[~answers.independent] = np.nan
        if weight is not None or done >= iterations:
            break
        before, reliable = reliable, _reliability(answers, like, chance)
        done += 1
        if float(np.abs(reliable - before).max(initial=0.0)) < tolerance:
            break
    best = _best(cells, score, answers.tasks)
    some = best >= 0
    chosen = truth.copy()
    chosen[some & (truth < 0)] = cells.text[best[some & (truth < 0)]]
    total = np.bincount(cells.task, score, answers.tasks)
    shares_of = score / np.where(total > 0, total, 1.0)[cells.task]
    return Medoids(chosen, _sure(answers, cells, best, reliable, like), like, reliable,
                   (cells.task, cells.text, shares_of), done)


def _cells(answers: Answers, text: IntArray, texts: Texts) -> Cells:
    size = int(text.max(initial=0)) + 1
    cell, of, count = np.unique(answers.task * size + text, return_inverse=True, return_counts=True)
    task, what = cell // size, cell % size
    order = np.lexsort((what, -count, task))  # texts are numbered by how they sort: ties have a stated order
    place = np.empty(len(cell), np.int64)
    place[order] = np.arange(len(cell))
    task, what, count, of = task[order], what[order], count[order], place[of]
    start = np.searchsorted(task, task)
    width = np.searchsorted(task, task, side="right") - start
    many = np.where(np.arange(len(task)) - start < HEARD, np.minimum(width, CANDIDATES), 1)
    first = np.cumsum(many) - many
    left = np.repeat(np.arange(len(task)), many)
    right = start[left] + np.arange(len(left)) - first[left]
    similarity = texts.similarity(what[left], what[right])
    answer = np.repeat(np.arange(len(of)), many[of])
    begin = np.cumsum(many[of]) - many[of]
    pair = first[of][answer] + np.arange(len(answer)) - begin[answer]
    return Cells(task, what, count, of, answer, right[pair], similarity[pair], begin)


def _of_others(cells: Cells, score: FloatArray, support: FloatArray) -> FloatArray:
    """Similarity of each answer to the candidate that all others support most; NaN where there is none."""
    if not len(cells.answer):
        return np.empty(0)
    alone = (cells.candidate == cells.of[cells.answer]) & (cells.count[cells.candidate] < 2)
    rest = np.where(alone, -1.0, (score[cells.candidate] - support).round(9))
    most = np.maximum.reduceat(rest, cells.begin)
    at = np.flatnonzero((rest == most[cells.answer]) & ~alone)
    answer, first = np.unique(cells.answer[at], return_index=True)
    like = np.full(len(cells.of), np.nan)
    like[answer] = cells.similarity[at[first]]
    return like


def _reliability(answers: Answers, like: FloatArray, chance: float) -> FloatArray:
    """How much more than two answers to any tasks an annotator's are like the others': (W,)."""
    known = ~np.isnan(like)
    mean = float(like[known].mean()) if known.any() else 1.0
    who = answers.annotator[known]
    total = np.bincount(who, like[known], answers.annotators) + PRIOR * mean
    value = total / (np.bincount(who, minlength=answers.annotators) + PRIOR)
    return np.asarray(np.clip((value - chance) / max(1 - chance, 1e-9), LEAST, 1.0))


def _best(cells: Cells, score: FloatArray, tasks: int) -> IntArray:
    """The candidate of most support of each task, -1 without answers: (T,)."""
    order = np.lexsort((cells.text, -score, cells.task))
    task, first = np.unique(cells.task[order], return_index=True)
    best = np.full(tasks, -1)
    best[task] = order[first]
    return best


def _sure(answers: Answers, cells: Cells, best: IntArray, reliable: FloatArray, like: FloatArray) -> FloatArray:
    """Expected similarity of the chosen text to the truth: what the others' answers say, with one answer's worth of how
    like its annotator's answers usually are. Who proposed it does not vouch for it: (T,)."""
    task = answers.task[cells.answer]
    chosen = cells.candidate == best[task]
    weight = reliable[answers.annotator[cells.answer]][chosen]
    total = np.bincount(task[chosen], weight, answers.tasks)
    alike = np.bincount(task[chosen], weight * cells.similarity[chosen], answers.tasks)
    usual = shares(answers.annotator, like, answers.annotators).value
    own = cells.of == best[answers.task]
    proposer, expected = np.zeros(answers.tasks), np.zeros(answers.tasks)
    np.maximum.at(proposer, answers.task[own], reliable[answers.annotator[own]])
    np.maximum.at(expected, answers.task[own], usual[answers.annotator[own]])
    return np.asarray((alike - proposer + expected) / np.maximum(total - proposer + 1, 1e-12))
