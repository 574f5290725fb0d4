"""Where labels have no single truth, annotators are judged by whether their answers belong to their tasks.

For every answer the others' answers to its task, with the crowd's prior, give a chance of each label (the answer
itself is taken out). An annotator may lean towards labels: their own leaning, learned from all their other answers,
tilts these chances. So who holds an opinion that few share is not counted as wrong: where it is at stake their leaning
expects it, and elsewhere they answer as everybody. The mean log chance of their answers is then placed between two
marks: 0 is what the same answers would get on any other tasks (somebody who does not look), 1 what somebody would get
whose answers are drawn from those very chances (exchangeable with the others). Somebody who always gives one label
stands at 0: their answers fit no task better than another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.performance import PRIOR_ANSWERS
from sync.values.dirichlet import Cells, Crowd

LEANING = 2.0
"""Answers' worth of no leaning in each annotator's odds of each label."""

LABELS = 64
"""So many labels, the commonest, are told apart here; all others count as one."""

CELLS = 10_000_000
"""At most so many counts of annotators or tasks by label are held: of very many, fewer labels are told apart."""

_BLOCK = 2_000_000


@dataclass(frozen=True, slots=True)
class Consistency:
    """Per annotator (W,): `value` on the scale of 0 (does not look) to 1 (exchangeable), drawn to the crowd's by two
    answers' worth, with its 95 % interval, all within [0, 1]; `raw`, the same before (NaN: unknown); `z`, how many
    standard errors the answers are from exchangeable ones; `judged` answers; `given` and `expected` (W, K) counts of
    each of the `labels` (indices, -1: all others)."""

    value: FloatArray
    low: FloatArray
    high: FloatArray
    raw: FloatArray
    z: FloatArray
    judged: IntArray
    given: FloatArray
    expected: FloatArray
    labels: IntArray


def consistency(task: IntArray, annotator: IntArray, label: IntArray, found: Cells, crowd: Crowd,
                annotators: int) -> Consistency:
    """Judge N answers (index arrays) to tasks whose answers, these among them, are in `found`."""
    task, annotator, label = (one[found.size[task] > 1] for one in (task, annotator, label))
    kept, counts, shares = _common(found, crowd, int(np.clip(CELLS // max(annotators, len(found.size), 1), 4, LABELS)))
    own = kept[label]
    given = _table(annotator, own, annotators, len(shares))
    expected = np.zeros_like(given)
    for part in _blocks(len(task), len(shares)):
        chance = _of_others(task[part], own[part], counts, shares, crowd.strength)
        np.add.at(expected, annotator[part], chance)
    usual = np.zeros_like(given)
    for part in _blocks(len(task), len(shares)):
        chance = _of_others(task[part], own[part], counts, shares, crowd.strength)
        np.add.at(usual, annotator[part], _tilted(chance, given[annotator[part]], expected[annotator[part]], own[part]))
    usual /= np.maximum(usual.sum(1, keepdims=True), 1e-12)
    fits, wide = np.zeros((3, annotators)), np.zeros((3, annotators))
    z = np.zeros((2, annotators))
    for part in _blocks(len(task), len(shares)):
        who, mine = annotator[part], own[part]
        chance = _of_others(task[part], mine, counts, shares, crowd.strength)
        tilted = _tilted(chance, given[who], expected[who], mine)
        better, most, apart, spread = _scores(tilted, mine, given[who], usual[who])
        for at, one in enumerate((better, most, np.ones(len(who)))):
            fits[at] += np.bincount(who, one, annotators)
        for at, one in enumerate((better**2, better * most, most**2)):
            wide[at] += np.bincount(who, one, annotators)
        z += np.array([np.bincount(who, apart, annotators), np.bincount(who, spread, annotators)])
    return _placed(fits, wide, z, given, expected, _names(kept, len(shares)))


def _names(kept: IntArray, size: int) -> IntArray:
    """Which label each column is; -1 for all others together."""
    names = np.full(size, -1)
    places, first, count = np.unique(kept, return_index=True, return_counts=True)
    names[places] = np.where(count == 1, first, -1)
    return names


def _common(found: Cells, crowd: Crowd, most: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Column of each label (K,), counts (T, columns) and the crowd's shares of the columns."""
    labels = len(crowd.shares)
    kept = np.arange(labels)
    if labels > most:
        common = np.sort(np.argsort(-crowd.shares, kind="stable")[:most])
        kept = np.full(labels, most)
        kept[common] = np.arange(most)
    columns = int(kept.max(initial=0)) + 1
    flat = np.bincount(found.task * columns + kept[found.label], found.count, len(found.size) * columns)
    shares = np.bincount(kept, crowd.shares, columns)
    return kept, np.asarray(flat.reshape(-1, columns), np.float64), np.asarray(shares, np.float64)


def _table(row: IntArray, column: IntArray, rows: int, columns: int) -> FloatArray:
    flat = np.bincount(row * columns + column, minlength=rows * columns)
    return flat.reshape(rows, columns).astype(np.float64)


def _blocks(size: int, labels: int) -> list[slice]:
    step = max(_BLOCK // max(labels, 1), 1)
    return [slice(start, start + step) for start in range(0, size, step)]


def _of_others(task: IntArray, own: IntArray, counts: FloatArray, shares: FloatArray, strength: float) -> FloatArray:
    """Chance of each label by all others' answers to the same task: (n, K)."""
    others = counts[task] + strength * shares
    others[np.arange(len(own)), own] -= 1
    return np.asarray(others / others.sum(1, keepdims=True))


def _tilted(chance: FloatArray, given: FloatArray, expected: FloatArray, own: IntArray) -> FloatArray:
    """The chances, tilted by how much oftener than expected the annotator gave each label in their other answers."""
    rows = np.arange(len(own))
    other_given, other_expected = given.copy(), expected - chance
    other_given[rows, own] -= 1
    tilt = (other_given + LEANING) / (np.maximum(other_expected, 0) + LEANING)
    both = chance * tilt
    return np.asarray(both / both.sum(1, keepdims=True))


def _scores(chance: FloatArray, own: IntArray, given: FloatArray,
            usual: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """How much better each answer (`own`, with its annotator's counts `given`) fits here than their other answers
    would, how much better an answer drawn from the `chance` would; and its log chance less the expected one, with the
    variance of that. Log chances are taken relative to the annotator's `usual` ones: so the second is never negative.
    """
    rows, log = np.arange(len(own)), np.log(np.maximum(chance, 1e-12))
    lift = log - np.log(np.maximum(usual, 1e-12))
    others = given.copy()
    others[rows, own] -= 1
    total = others.sum(1)
    blind = np.where(total > 0, (others * lift).sum(1) / np.maximum(total, 1), lift[rows, own])
    drawn = (chance * log).sum(1)
    return (lift[rows, own] - blind, (chance * lift).sum(1) - blind, log[rows, own] - drawn,
            (chance * log**2).sum(1) - drawn**2)


def _placed(fits: FloatArray, wide: FloatArray, z: FloatArray, given: FloatArray, expected: FloatArray,
            names: IntArray) -> Consistency:
    """Ratios of sums with their standard errors, drawn to the crowd's."""
    better, most, count = fits
    informative = max(float(most.sum()), 0.0) / max(float(count.sum()), 1.0)
    crowd = float(np.clip(better.sum() / most.sum(), 0, 1)) if informative > 1e-9 else 0.5
    prior = PRIOR_ANSWERS * informative
    raw = np.where(most > 1e-9, better / np.where(most > 1e-9, most, 1.0), np.nan)
    value = (np.maximum(better, -most) + prior * crowd) / np.maximum(most + prior, 1e-12)
    value = np.where((most + prior > 1e-9) & (most > -prior / 2), value, crowd)
    residual = wide[0] - 2 * value * wide[1] + value**2 * wide[2]
    each = residual.sum() / max(count.sum(), 1.0)
    error = np.sqrt(np.maximum(residual, 0) + PRIOR_ANSWERS * each) / np.maximum(most + prior, 1e-9)
    error = np.where((most + prior > 1e-9) & (count > 0), error, 1.0)
    low, high = np.clip(value - 1.96 * error, 0, 1), np.clip(value + 1.96 * error, 0, 1)
    value = np.clip(value, 0, 1)
    return Consistency(value, np.minimum(low, value), np.maximum(high, value), raw,
                       np.where(z[1] > 1e-9, z[0] / np.sqrt(np.maximum(z[1], 1e-9)), 0.0), count.astype(np.int64),
                       given, expected, names)

