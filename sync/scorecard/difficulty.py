"""How hard was the work that somebody was given, and how good would they be on average work.

Indirect standardisation on log odds, the additive (Rasch-like) model's scale: from somebody's accuracy the crowd's
expected accuracy on just those tasks is taken away, and the crowd's on all tasks put in its place. What is expected
of a task is how right its others are, each corrected for their own skill. It is not shrunk: an error in single tasks
averages out over somebody's work, a pull to the mean would not. And the others are judged just as the annotator is,
by those who remain: on hard tasks nobody can be shown to be right, which has to count for all alike.

In simulations with 30 % hard tasks that go mostly to five of twenty people, these look 18, 16, 12 points too bad with
3, 5, 10 answers a task; adjusted 2, 1, 1 points. Given tasks at random, adjusting changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sync.arrays import FloatArray
from sync.performance import Performance
from sync.scorecard.judged import Judged
from sync.scorecard.rates import expit, logit, normal_quantile

ROUNDS = 6
"""Rounds of learning skill from difficulty and difficulty from skill; it moves by under .001 after them."""

FEWEST = 10
"""Answers that must be comparable before somebody's figure is adjusted."""

EDGE = (0.02, 0.98)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Of W annotators, each (W,): `accuracy` on average work, with interval (NaN: cannot be told); `expected`: the
    crowd's accuracy on the tasks they had; `compared`: answers behind it. `mean` is the crowd's on all tasks."""

    accuracy: FloatArray
    low: FloatArray
    high: FloatArray
    expected: FloatArray
    compared: FloatArray
    mean: float


def expected(judged: Judged, annotators: int, tasks: int) -> FloatArray:
    """Chance that an average annotator is right on the task of each answer, by the others; NaN: cannot be told. (n,)"""
    use = judged.comparable
    task, annotator = judged.task, judged.annotator
    number = np.maximum(np.bincount(annotator[use], minlength=annotators), 1)
    weight = number / (number + 5.0)   # somebody with few answers is taken for average
    company = np.maximum(judged.company, 1)
    skill: FloatArray = np.zeros(annotators)
    beside = (np.bincount(task, judged.right, tasks)[task] - judged.right) / company
    chance = np.where(use, beside, np.nan)
    for _ in range(ROUNDS):
        others = (np.bincount(task, skill[annotator], tasks)[task] - skill[annotator]) / company
        chance = np.where(use, np.clip(beside - others, *EDGE), np.nan)
        gap = np.where(use, judged.right - chance, 0.0)
        skill = weight * np.bincount(annotator, gap, annotators) / number
        skill -= skill[annotator[use]].mean() if use.any() else 0.0
    return chance


def adjusted(judged: Judged, chance: FloatArray, found: Performance) -> Adjusted:
    """Accuracy of each annotator as if they had been given average work; `chance` is from `expected`.

    The interval is that of `found`, moved, and widened by what is not known of the tasks' difficulty.
    """
    people = len(found.accuracy)
    use = ~np.isnan(chance)
    annotator, share = judged.annotator[use], chance[use]
    number = np.bincount(annotator, minlength=people)
    n = np.maximum(number, 1)
    mean = float(share.mean()) if len(share) else 0.5
    own = np.where(number > 0, np.bincount(annotator, share, people) / n, mean)
    doubt = np.bincount(annotator, share * (1 - share) / np.maximum(judged.company[use], 1), people) / n**2
    shift = logit(np.array(mean)) - logit(own)
    spread = normal_quantile(0.975) ** 2 * doubt / (own * (1 - own)) ** 2
    centre, low, high = (logit(part, 1e-4) for part in (found.accuracy, found.low, found.high))
    enough = number >= FEWEST
    moved = (expit(centre + shift), expit(centre + shift - np.sqrt((centre - low) ** 2 + spread)),
             expit(centre + shift + np.sqrt((high - centre) ** 2 + spread)))
    accuracy, below, above = (np.where(enough, part, np.nan) for part in moved)
    return Adjusted(accuracy, below, above, np.where(enough, own, np.nan), number.astype(float), mean)
