"""Has somebody's accuracy changed over time: a hypothesis that is tested, and by default is not believed.

Accuracy is very stable in large studies (Hata et al., CSCW 2017), and whoever looks at a curve sees change in noise.
So each annotator's answers, in order, are compared with what was expected of them on just those tasks, and two tests
are made of the differences: for one break somewhere (the largest standardised CUSUM over all places) and for a slow
trend (correlation with the order). Both get their p by permuting the order, which needs no assumption about the
shape of the differences; the smaller p counts double, and Holm's correction is over the team.

In a team of ten, five answers a task, a fall from 90 to 70 % right halfway is found 3 times of 10 with 200 answers
each, 8 times of 10 with 400. While one person changes that much, one of the others is accused in one team of fifteen.

A cheap approximation (Miller and Siegmund 1982) says first whom to spend permutations on. That can only make alarms
rarer. Permutations go on until the answer is clear (Besag and Clifford 1991).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sync.arrays import FloatArray, IntArray
from sync.scorecard.correction import ALPHA, holm_where
from sync.scorecard.cusum import approximate_p, break_statistic, trend_statistic
from sync.scorecard.judged import Judged
from sync.scorecard.order import grouped
from sync.scorecard.permutation import permuted_p
from sync.scorecard.rates import expit, logit, wilson

LEAST = 60
"""Judged answers that a test needs."""

SCREEN = (0.001, 0.1)
"""Whoever's approximate p is above this gets no permutations: the latter, but in big teams 100 times the p that
survives correction, and no less than the former."""

CAUTION = 1.5
"""What every p is multiplied by, as what is expected of tasks is itself only known from the others: it brings the
share of careful teams with a false alarm from 6 % down to 4.8 % (of 480 simulated, some with ever harder tasks)."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Of W annotators, each (W,): `answers` that could be judged (under LEAST: not tested), `p` corrected over the
    team, `p_break` and `p_trend` uncorrected. The likeliest break, whether there was one or not: before which of
    their answers (`place`, a row of the observations, -1: not tested), how many come before it (`split`), share right
    `before` and `after` it with Wilson intervals (`_low`, `_high`). `slope`: change of accuracy per 100 answers."""

    answers: IntArray
    p: FloatArray
    p_break: FloatArray
    p_trend: FloatArray
    place: IntArray
    split: IntArray
    before: FloatArray
    before_low: FloatArray
    before_high: FloatArray
    after: FloatArray
    after_low: FloatArray
    after_high: FloatArray
    slope: FloatArray


def drift(judged: Judged, chance: FloatArray, *, annotators: int, least: int = LEAST, seed: int = 0) -> Drift:
    """Test every annotator with at least `least` answers of known time, on comparable tasks.

    `chance` (n,) is from `difficulty.expected`. In a team in which nobody changes, the chance that anybody is said to
    have is at most 5 %.
    """
    use = np.flatnonzero(~np.isnan(chance) & ~np.isnan(judged.at))
    use = use[grouped(judged.annotator[use], judged.at[use])]
    who, right = judged.annotator[use], judged.right[use]
    size = np.bincount(who, minlength=annotators)
    first = np.concatenate(([0], np.cumsum(size))).astype(int)
    gap = right - _own_chance(who, right, chance[use], size)
    tested = size >= max(least, 4)
    slope = np.full(annotators, np.nan)
    p_break, p_trend = np.ones(annotators), np.ones(annotators)
    place, splits = np.full(annotators, -1), np.zeros(annotators, int)
    tests = 2 * max(int(tested.sum()), 1)
    for one in np.flatnonzero(tested):
        part = slice(first[one], first[one + 1])
        split, p_break[one], p_trend[one] = _test(gap[part], tests, seed)
        place[one], splits[one] = judged.row[use[first[one] + split]], split
        order = np.arange(size[one]) - (size[one] - 1) / 2
        slope[one] = 100 * (order @ gap[part]) / (order @ order)
    sums = np.concatenate(([0.0], np.cumsum(right)))
    cut = first[:-1] + splits
    before = _share(sums[cut] - sums[first[:-1]], splits, tested)
    after = _share(sums[first[1:]] - sums[cut], size - splits, tested)
    p = holm_where(np.minimum(2 * CAUTION * np.minimum(p_break, p_trend), 1.0), tested)
    return Drift(size, p, p_break, p_trend, place, splits, *before, *after, slope)


def _own_chance(who: IntArray, right: FloatArray, chance: FloatArray, size: IntArray) -> FloatArray:
    """What is expected of this annotator: the average's chance, moved on log odds by their own level."""
    n = np.maximum(size, 1)
    level = [logit(np.bincount(who, part, len(size)) / n) for part in (right, chance)]
    return expit(logit(chance) + (level[0] - level[1])[who])


def _share(hits: FloatArray, size: IntArray, tested: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Share and its interval, NaN for whoever was not tested."""
    low, high = wilson(hits, size)
    share, low, high = (np.where(tested, part, np.nan) for part in (hits / np.maximum(size, 1), low, high))
    return share, low, high


def _test(gap: FloatArray, tests: int, seed: int) -> tuple[int, float, float]:
    """Where a break would be (answers before it), p of the break, p of a trend."""
    rng = np.random.default_rng(seed)   # anew for everybody: no result depends on who else is there
    screen = np.clip(100 * ALPHA / tests, *SCREEN)
    blocks, edges = _blocks(gap)
    value, at = break_statistic(blocks[None])
    split = int(edges[int(at[0])])
    slope = float(trend_statistic(blocks[None])[0])
    p_break, p_trend = approximate_p(float(value[0]), len(blocks)), approximate_p(slope, 0)
    if p_break <= screen:
        p_break = permuted_p(blocks, lambda rows: break_statistic(rows)[0], float(value[0]), tests, rng,
                             lambda size: approximate_p(size, len(blocks)))
    if p_trend <= screen:
        p_trend = permuted_p(blocks, trend_statistic, slope, tests, rng, lambda size: approximate_p(size, 0))
    return split, p_break, p_trend


def _blocks(gap: FloatArray, most: int = 400) -> tuple[FloatArray, IntArray]:
    """Sums of up to `most` equal runs of answers, and where each run starts; what is left over joins nowhere.

    Runs of equal length can be permuted just as single answers can, and cost is bounded.
    """
    length = -(-len(gap) // most)
    whole = len(gap) // length
    return gap[: whole * length].reshape(whole, length).sum(1), np.arange(whole + 1) * length
