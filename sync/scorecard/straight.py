"""Answers that do not look at the tasks: long runs of one label, or one label for nearly everything.

Runs: how likely would this annotator, as they answer otherwise, give this very label to each of those tasks, by what
is known of them, this annotator's own answers included (a run of right answers is no vice)? The product over the
run, times the places where such a run could begin and the labels it could have, bounds the p. Tasks that come
sorted by class make long runs for everybody: those are likely, and no sign of anything. Tasks that nobody else
answered prove nothing. In simulations with leaning annotators and sorted tasks one careful team in a hundred had a
false alarm; fifteen answers of one label in a row, where half of the tasks deserve it, were found 19 times of 20.

One label: somebody gives their favourite label far more often than the others on the same tasks, and nearly as often
where the others say that it is wrong as where they say that it is right. Either alone is no fault: people lean, and
some tasks are one-sided.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.performance import beta_interval
from sync.scorecard.correction import holm_where
from sync.scorecard.judged import Judged
from sync.scorecard.order import grouped
from sync.scorecard.rates import at_least

LEAST = 20
"""Answers with company that the test for one label needs."""

SHORTEST = 5
"""Runs shorter than this are not looked at."""

DISCERNING = 0.5
"""A careful annotator's favourite label depends on the task at least half as much as the crowd's does."""


@dataclass(frozen=True, slots=True)
class Straight:
    """Of W annotators, each (W,). The least likely run: `length`, `label`, `first` and `last` row of it in the
    observations (-1: none), how many of its tasks others would give that label to (`others`, a share), `p_run`
    corrected. The favourite label: `favourite`, `share` of answers, `usual` share by the others on those tasks,
    `p_share` corrected."""

    length: IntArray
    label: IntArray
    first: IntArray
    last: IntArray
    others: FloatArray
    p_run: FloatArray
    favourite: IntArray
    share: FloatArray
    usual: FloatArray
    p_share: FloatArray


def straight(judged: Judged, *, annotators: int, labels: int) -> Straight:
    """Both tests for every annotator; each holds the chance of any false alarm in a careful team at 5 % (Holm).

    Where the time of an answer is unknown, answers are taken in the order in which they are.
    """
    runs = _runs(judged, annotators, labels)
    share, usual, p = _favourite(judged, annotators)
    return Straight(*runs, judged.top, share, usual, p)


def _runs(judged: Judged, annotators: int,
          labels: int) -> tuple[IntArray, IntArray, IntArray, IntArray, FloatArray, FloatArray]:
    """Length, label, first and last row, others' share and corrected p of each annotator's least likely run."""
    length, label, first, last = (np.full(annotators, -1) for _ in range(4))
    share, p = np.full(annotators, np.nan), np.ones(annotators)
    order = grouped(judged.annotator, judged.at)
    if not len(order):
        return length, label, first, last, share, p
    who, given = judged.annotator[order], judged.label[order]
    new = np.concatenate(([True], (who[1:] != who[:-1]) | (given[1:] != given[:-1])))
    start = np.flatnonzero(new)
    size = np.diff(np.append(start, len(order)))
    chance = np.where((judged.company > 0) | judged.known, np.clip(judged.usual, 1e-6, 1.0), 1.0)[order]
    score = np.add.reduceat(-np.log(chance), start)
    score = np.where(size >= SHORTEST, score, 0.0)
    number = np.bincount(who, minlength=annotators)
    best = np.lexsort((score, who[start]))
    ends = np.searchsorted(who[start][best], np.arange(annotators), "right") - 1
    some = (number > 0) & (labels > 1)
    run = best[ends[some]]
    p[some] = np.minimum(number[some] * labels * np.exp(-score[run]), 1.0)
    length[some], label[some] = size[run], given[start[run]]
    first[some], last[some] = judged.row[order[start[run]]], judged.row[order[start[run] + size[run] - 1]]
    told = (judged.company > 0)[order]
    alike = np.where(told, judged.alike[order] / np.maximum(judged.company[order], 1), 0.0)
    beside = np.add.reduceat(told.astype(float), start)[run]
    share[some] = np.where(beside > 0, np.add.reduceat(alike, start)[run] / np.maximum(beside, 1), np.nan)
    return length, label, first, last, share, holm_where(p, some)


def _favourite(judged: Judged, annotators: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Share of the favourite label, the others' share of it on those tasks, corrected p that both is well."""
    use = (judged.company > 0) | judged.known
    who, likely = judged.annotator[use], np.clip(judged.top_usual[use], 0.0, 1.0)
    given = (judged.label[use] == judged.top[who]).astype(float)
    size = np.bincount(who, minlength=annotators)
    n = np.maximum(size, 1)
    hits, expect = np.bincount(who, given, annotators), np.bincount(who, likely, annotators)
    told = np.bincount(who, judged.company[use], annotators)
    share = np.where(size > 0, hits / n, np.nan)
    usual = np.where(told > 0, np.bincount(who, judged.top_alike[use], annotators) / np.maximum(told, 1), np.nan)
    tested = (size >= LEAST) & (expect < size) & (expect > 0)
    more = at_least(hits, size, np.where(tested, expect / n, 1.0))
    blind = _not_discerning(who, likely, given, annotators, tested)
    p = holm_where(np.maximum(more, blind), tested)
    return share, usual, p


def _not_discerning(who: IntArray, likely: FloatArray, given: FloatArray, annotators: int,
                    tested: NDArray[np.bool_]) -> FloatArray:
    """P that the favourite's dependence on the task is at least DISCERNING of the crowd's and looks so small. (W,)

    Dependence: share of the favourite where the others say so, less the share where they say otherwise. With both
    shares' posteriors (Jeffreys) taken for normal.
    """
    from scipy.special import ndtr

    sums = {name: np.bincount(who, part, annotators) for name, part in {
        "yes": likely, "no": 1 - likely, "hit": likely * given, "false": (1 - likely) * given,
        "yes2": likely**2, "no2": (1 - likely) ** 2}.items()}
    yes, no = np.maximum(sums["yes"], 1e-9), np.maximum(sums["no"], 1e-9)
    hit, false = sums["hit"] / yes, sums["false"] / no
    blur = sums["yes2"] / yes - (sums["yes"] - sums["yes2"]) / no   # dependence of who answers just as others do
    low = beta_interval(hit * yes, (1 - hit) * yes)
    high = beta_interval(false * no, (1 - false) * no)
    spread = np.sqrt((np.asarray(low[1]) - low[0]) ** 2 + (np.asarray(high[1]) - high[0]) ** 2) / (2 * 1.96)
    gap = DISCERNING * np.maximum(blur, 0.0) - (hit - false)
    return np.where(tested & (blur > 0.05), ndtr(-gap / np.maximum(spread, 1e-6)), 1.0)


