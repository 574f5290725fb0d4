"""One-coin Dawid-Skene: each annotator is right at one rate, and errs to every other label alike.

(Dawid and Skene 1979 with symmetric confusions; Raykar et al. 2010 call it one coin.) It works on the labels that a
task was given alone, so it needs memory for the answers, never for tasks x labels: the method for very many labels.
It collapses where annotators are biased (bluebirds: 58 %), so it is not the default.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray, checked

WEIGHT = 2.0
"""Answers' worth of the crowd's mean accuracy in each annotator's."""

_EDGE = 1e-4
"""Accuracies are kept this far from 0 and 1."""


@dataclass(frozen=True, slots=True)
class OneCoin:
    """What was found. Each of C cells is a task with a label that somebody gave to it, sorted by task, then label.

    `task`, `label`, `chance` (C,) are a cell's task, label and posterior; `cell` (N,) is each answer's; `rest` (T,)
    is what remains for all labels that nobody gave to the task (both 0 where it is known to have another one still);
    `accuracy` (W,), `shares` (K,) of the labels.
    """

    task: IntArray
    label: IntArray
    chance: FloatArray
    cell: IntArray
    rest: FloatArray
    accuracy: FloatArray
    shares: FloatArray
    iterations: int

    @property
    def labels(self) -> IntArray:
        """The likeliest label of each task that has answers, else -1; of equal ones the first: (T,)."""
        best = np.full(len(self.rest), -1)
        order = np.lexsort((-self.label, self.chance.round(12), self.task))
        best[self.task[order]] = self.label[order]
        return best

    def posterior(self) -> FloatArray:
        """All of it: (T, K)."""
        dense = np.zeros((len(self.rest), len(self.shares)))
        given = np.zeros(dense.shape, bool)
        given[self.task, self.label] = True
        remaining = np.where(given, 0.0, self.shares)
        dense += remaining * (self.rest / np.maximum(remaining.sum(1), 1e-300))[:, None]
        dense[self.task, self.label] = self.chance
        return dense


def one_coin(task: IntArray, annotator: IntArray, label: IntArray, *, tasks: int, annotators: int, labels: int,
             pinned: IntArray | None = None, seen_before: tuple[FloatArray, FloatArray] | None = None,
             review: NDArray[np.bool_] | None = None, iterations: int = 60, tolerance: float = 1e-4) -> OneCoin:
    """Fit by EM from the votes; arguments as of `consensus.fit`.

    `seen_before` holds right and all answers of each annotator from before, (W,) each.
    """
    for name, index, size in (("task", task, tasks), ("annotator", annotator, annotators), ("label", label, labels)):
        checked(name, index, size)
    cells, cell = np.unique(np.asarray(task, np.int64) * labels + label, return_inverse=True)
    of_task, of_label = (part.astype(np.int64) for part in np.divmod(cells, max(labels, 1)))
    known = np.full(tasks, -1) if pinned is None else np.asarray(pinned)
    speaks = np.ones(len(task), bool) if review is None else ~review
    certain = known[of_task] >= 0
    votes = np.bincount(cell, minlength=len(cells))
    share = votes / np.maximum(np.bincount(task, minlength=tasks)[of_task], 1)
    chance = _pinned(share, certain, known[of_task], of_label)
    right, before = seen_before or (np.zeros(annotators), np.zeros(annotators))
    total: FloatArray = before + np.bincount(annotator[speaks], minlength=annotators)
    accuracy: FloatArray = np.full(annotators, 0.5)
    shares: FloatArray = np.full(labels, 1 / max(labels, 1))
    rest: FloatArray = np.zeros(tasks)
    done, movement = 0, np.inf
    while done < iterations and movement >= tolerance:
        hits = right + np.bincount(annotator[speaks], weights=chance[cell][speaks], minlength=annotators)
        mean = hits.sum() / max(total.sum(), 1e-12) if total.sum() > 0 else 0.5
        accuracy = np.clip((hits + WEIGHT * mean) / (total + WEIGHT), _EDGE, 1 - _EDGE)
        shares = (np.bincount(of_label, weights=chance, minlength=labels) + 1.0) / (chance.sum() + labels)
        gain = np.log(accuracy * max(labels - 1, 1) / (1 - accuracy))
        score = np.bincount(cell, weights=gain[annotator], minlength=len(cells)) + np.log(shares[of_label])
        found, rest = _softmaxed(score, of_task, shares[of_label], tasks, labels)
        found = _pinned(found, certain, known[of_task], of_label)
        done, movement, chance = done + 1, float(np.abs(found - chance).max(initial=0.0)), found
    rest = np.where(known >= 0, 0.0, rest)
    return OneCoin(of_task, of_label, chance, cell, rest, accuracy, shares, done)


def _pinned(chance: FloatArray, certain: NDArray[np.bool_], known: IntArray, label: IntArray) -> FloatArray:
    return np.where(certain, (known == label).astype(np.float64), chance)


def _softmaxed(score: FloatArray, task: IntArray, share: FloatArray, tasks: int, labels: int,
               ) -> tuple[FloatArray, FloatArray]:
    """Chances of the cells (C,), and of all labels not given to each task together (T,)."""
    left = np.maximum(1 - np.bincount(task, weights=share, minlength=tasks), 0.0)
    given = np.bincount(task, minlength=tasks)
    left = np.where(given >= labels, 0.0, np.maximum(left, 1e-300))
    top = np.zeros(tasks)
    np.maximum.at(top, task, score)
    weight, other = np.exp(score - top[task]), left * np.exp(-top)
    whole = np.bincount(task, weights=weight, minlength=tasks) + other
    return weight / whole[task], np.where(given > 0, other / np.maximum(whole, 1e-300), 1.0)
