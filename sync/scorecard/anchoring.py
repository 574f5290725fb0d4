"""Does somebody follow the model because it is right, or because it was on the screen.

An annotator who knows the work agrees with a good model whether they see it or not: that is skill. Anchoring is what
the sight of a suggestion adds where the model is *wrong*: P(gives the model's wrong label | saw it) less P(gives that
same wrong label | blind). Whether the model was wrong is judged by the other annotators, so it is a probability, and
the chances are fitted by EM as a mixture: an answer follows with f1 where the model is wrong, with f0 where it is
right. Answers of which it is not known whether a suggestion was seen are left out. Where the others saw the suggestion
too and all followed it, they judge it right: then anchoring is under-, never overstated. Blind and seen tasks must be
alike, as they are when blind tasks are drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray, IntArray
from sync.performance import beta_interval
from sync.scorecard.correction import holm_where
from sync.scorecard.rates import difference, wilson

FEWEST = 5.0
"""Answers' worth of wrong suggestions, both seen and blind, that a verdict needs."""

CROWD_FEWEST = 20.0
"""Blind ones of the whole crowd that may stand in for somebody who has too few. People differ in how they err, so what
is found that way is told, but never tested."""

ITERATIONS = 25

NOTABLE = 0.1
"""A flag needs so much more following of wrong suggestions, beside its test."""


@dataclass(frozen=True, slots=True)
class Following:
    """One condition (seen, or blind), each (W,): `answers`, the share of them that `agree` with the model with Wilson's
    interval, the chance to follow a `wrong` and a `right` suggestion, and what the former is worth in wrong
    suggestions judged with certainty (`effective`)."""

    answers: IntArray
    agree: FloatArray
    low: FloatArray
    high: FloatArray
    wrong: FloatArray
    right: FloatArray
    effective: FloatArray


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Each (W,): `value`, what sight adds to following wrong suggestions, with interval, NaN where it cannot be told;
    `skill`: the share of seen suggestions that would have been met blind; `lift`: what sight adds to that; `own`:
    compared to the annotator's own blind answers, else to the crowd's; `p` corrected, that nobody is anchored."""

    seen: Following
    blind: Following
    value: FloatArray
    low: FloatArray
    high: FloatArray
    skill: FloatArray
    lift: FloatArray
    own: FloatArray
    p: FloatArray


def anchoring(annotator: IntArray, follows: FloatArray, model_wrong: FloatArray, seen: IntArray, *,
              annotators: int) -> Anchoring:
    """From n answers to tasks with a model's label: does the answer equal it, the chance that it is wrong by the
    others (NaN: left out), and whether it was seen (1, 0; -1: left out).

    The test is of two shares (score test, one-sided), Holm's correction over the team: where nobody is anchored, the
    chance that anybody is flagged is at most 5 % (1 to 2 % in simulations).
    """
    known = ~np.isnan(model_wrong) & (seen >= 0)
    who, equal, wrong, sight = annotator[known], follows[known].astype(float), model_wrong[known], seen[known]
    on, off = (_following(who[sight == kind], equal[sight == kind], wrong[sight == kind], annotators)
               for kind in (1, 0))
    crowd = _following(np.zeros((sight == 0).sum(), int), equal[sight == 0], wrong[sight == 0], 1)
    own = off.effective >= FEWEST
    other = ~own & (crowd.effective[0] >= CROWD_FEWEST)
    base = np.where(own, off.wrong, crowd.wrong[0])
    base_right = np.where(own, off.right, crowd.right[0])
    size = np.where(own, off.effective, np.where(other, crowd.effective[0], 0.0))
    possible = (on.effective >= FEWEST) & (own | other)
    value = on.wrong - base
    low, high = difference(on.wrong, *_interval(on.wrong, on.effective), base, *_interval(base, size))
    doubtful = np.bincount(who[sight == 1], wrong[sight == 1], annotators) / np.maximum(on.answers, 1)
    skill = doubtful * base + (1 - doubtful) * base_right
    tested = possible & own
    p = holm_where(_score_test(on.wrong, on.effective, base, size), tested)
    value, low, high, skill = (np.where(possible, part, np.nan) for part in (value, low, high, skill))
    return Anchoring(on, off, value, low, high, skill, on.agree - skill, own.astype(float), p)


def _following(who: IntArray, equal: FloatArray, wrong: FloatArray, annotators: int) -> Following:
    """Chances to follow, by EM, with one answer's worth of the crowd's in each."""
    answers = np.bincount(who, minlength=annotators)
    expected_wrong = np.bincount(who, wrong, annotators)
    crowd = (float((wrong * equal).sum() + 0.5) / float(wrong.sum() + 1.0),
             float(((1 - wrong) * equal).sum() + 0.5) / float((1 - wrong).sum() + 1.0))
    f1: FloatArray = np.full(annotators, crowd[0])
    f0: FloatArray = np.full(annotators, crowd[1])
    hits = np.bincount(who, equal, annotators)
    for _ in range(ITERATIONS):
        hit = wrong * np.abs(equal - 1 + f1[who])
        is_wrong = hit / np.maximum(hit + (1 - wrong) * np.abs(equal - 1 + f0[who]), 1e-12)
        n1, h1 = np.bincount(who, is_wrong, annotators), np.bincount(who, is_wrong * equal, annotators)
        f1, f0 = (h1 + crowd[0]) / (n1 + 1), (hits - h1 + crowd[1]) / (answers - n1 + 1)
    agree = np.where(answers > 0, hits / np.maximum(answers, 1), np.nan)
    effective = np.minimum(_information(who, wrong, f1, f0, annotators), expected_wrong)
    return Following(answers, agree, *wilson(hits, answers), f1, f0, effective)


def _information(who: IntArray, wrong: FloatArray, f1: FloatArray, f0: FloatArray, annotators: int) -> FloatArray:
    """Fisher information about f1, f0 being unknown too, in answers judged with certainty. (W,)"""
    f1, f0 = np.clip(f1, 0.02, 0.98), np.clip(f0, 0.02, 0.98)
    mixed = wrong * f1[who] + (1 - wrong) * f0[who]
    weight = 1 / (mixed * (1 - mixed))
    both = [np.bincount(who, weight * part, annotators) for part in (wrong**2, wrong * (1 - wrong), (1 - wrong) ** 2)]
    return np.asarray((both[0] - both[1] ** 2 / np.maximum(both[2], 1e-9)) * f1 * (1 - f1))


def _interval(share: FloatArray, size: FloatArray) -> tuple[FloatArray, FloatArray]:
    low, high = beta_interval(share * size, (1 - share) * size)
    return np.minimum(low, share), np.maximum(high, share)


def _score_test(first: FloatArray, n1: FloatArray, second: FloatArray, n2: FloatArray) -> FloatArray:
    """One-sided p that the first share is no larger than the second."""
    from scipy.special import ndtr

    n1, n2 = np.maximum(n1, 1e-9), np.maximum(n2, 1e-9)
    pooled = (first * n1 + second * n2 + 0.5) / (n1 + n2 + 1)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return np.asarray(ndtr(-(first - second) / spread))
