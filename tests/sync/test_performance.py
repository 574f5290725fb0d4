"""Annotators are judged by the others, with an interval that holds what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sync.performance import beta_interval, median_by, performance
from tests.sync import crowd


def test_known_accuracies_are_recovered_and_covered() -> None:
    # given ten simulated crowds of twenty people between 50 and 95 % right
    rng = np.random.default_rng(5)
    covered, missed = [], []
    for seed in range(10):
        accuracy = rng.uniform(0.5, 0.95, 20)
        some = crowd.simulated(crowd.one_coin(accuracy, 3), tasks=300, per_task=5, seed=seed)
        found = performance(some.task, some.annotator, some.label, some.fit(), annotators=20)
        covered += list((found.low <= accuracy) & (accuracy <= found.high))
        missed += list(found.accuracy - accuracy)
    # then 95 % of the intervals hold the truth (they are made a little wider, see the module)
    assert 0.93 <= np.mean(covered) <= 1
    assert abs(np.mean(missed)) < 0.04
    assert np.std(missed) < 0.08


def test_nobody_vouches_for_themself() -> None:
    # given somebody who alone answered 50 tasks, beside four people who answered others together
    pairs = [(t, w) for t in range(40) for w in range(4)] + [(40 + t, 4) for t in range(50)]
    task, annotator = (np.array([pair[i] for pair in pairs]) for i in (0, 1))
    label = np.where(task < 40, task % 2, np.random.default_rng(0).integers(0, 2, len(task)))
    alone = crowd.Crowd(task, annotator, label, np.full(90, -1), 5, 2)
    # when they are judged
    found = performance(task, annotator, label, alone.fit(), annotators=5)
    # then fifty answers that nobody else judged say next to nothing
    assert found.answers[4] == 50
    assert found.effective[4] < 2
    assert found.high[4] - found.low[4] > 0.6
    assert found.low[0] > 0.85


def test_a_known_label_judges_even_the_only_one_who_answered() -> None:
    # given one person's ten answers, two of them wrong, and the truth of all ten tasks
    task, annotator = np.arange(10), np.zeros(10, int)
    label, truth = np.zeros(10, int), np.array([0] * 8 + [1] * 2)
    alone = crowd.Crowd(task, annotator, label, truth, 1, 2)
    found = performance(task, annotator, label, alone.fit(pinned=truth), annotators=1, pinned=truth)
    assert found.accuracy[0] == pytest.approx(0.8, abs=0.01)
    assert found.effective[0] == pytest.approx(10, abs=0.5)


def test_who_answers_at_random_is_seen_among_those_who_do_not() -> None:
    accuracy = np.array([0.9, 0.9, 0.9, 0.9, 1 / 3])
    some = crowd.simulated(crowd.one_coin(accuracy, 3), tasks=200, per_task=4)
    found = performance(some.task, some.annotator, some.label, some.fit(), annotators=5)
    assert found.high[4] < 0.5
    assert found.low[:4].min() > 0.75


def test_on_real_crowds_the_estimate_is_near_the_accuracy_against_gold() -> None:
    for name in ("rte", "temp", "d_possent", "bluebirds"):
        real = crowd.recorded(name)
        found = performance(real.task, real.annotator, real.label, real.fit(), annotators=real.annotators)
        hits = np.bincount(real.annotator, real.truth[real.task] == real.label, minlength=real.annotators)
        many = found.answers >= 20
        gold = hits[many] / found.answers[many]
        assert np.abs(found.accuracy[many] - gold).mean() < 0.05
        assert ((found.low[many] <= gold) & (gold <= found.high[many])).mean() > 0.85


def test_no_answers_give_no_claims() -> None:
    none = np.zeros(0, int)
    empty = crowd.Crowd(none, none, none, none, 2, 2)
    found = performance(none, none, none, empty.fit(), annotators=2)
    assert_allclose(found.effective, 0)
    assert (found.low < 0.01).all()
    assert (found.high > 0.99).all()


def test_the_interval_leaves_out_two_and_a_half_percent_on_either_side() -> None:
    # given 8 hits and 2 misses, whose Jeffreys posterior has the density x^7.5 (1 - x)^1.5
    low, high = beta_interval(np.array([8.0]), np.array([2.0]))
    x = (np.arange(200_000) + 0.5) / 200_000
    density = x**7.5 * (1 - x) ** 1.5
    density /= density.sum()
    # then integrating it by hand finds the same tails
    assert density[x < low[0]].sum() == pytest.approx(0.025, abs=1e-4)
    assert density[x > high[0]].sum() == pytest.approx(0.025, abs=1e-4)


def test_the_median_of_each_group_leaves_out_what_is_unknown() -> None:
    group = np.array([0, 0, 0, 1, 1, 2, 0])
    value = np.array([5.0, 1.0, 3.0, 2.0, 4.0, np.nan, np.nan])
    assert_allclose(median_by(group, value, 4), [3.0, 3.0, np.nan, np.nan])
