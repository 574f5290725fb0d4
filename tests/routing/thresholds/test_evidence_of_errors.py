"""Bets and exact tests on an error rate, the grid, the search: the mathematics that the guarantee rests on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from routing.thresholds import betting, binomial
from routing.thresholds.grid import Grid, make
from routing.thresholds.needed import needed
from routing.thresholds.search import count, lowest, passed, target

RATES = st.floats(0.002, 0.4)


@settings(max_examples=40, deadline=None)
@given(error=RATES, worse=st.floats(1.0, 2.0), size=st.integers(1, 400))
def test_whoever_bets_that_errors_are_rarer_wins_nothing_on_average_when_they_are_not(
        error: float, worse: float, size: int) -> None:
    wrong = np.arange(size + 1)
    rate = min(error * worse, 0.99)
    mean = float(np.exp(binom.logpmf(wrong, size, rate) + betting.below(wrong, size, error)).sum())
    assert mean <= 1 + 1e-6
    if worse == 1:
        assert mean == pytest.approx(1, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(error=RATES, better=st.floats(0.1, 1.0), size=st.integers(1, 400))
def test_whoever_bets_that_errors_are_more_frequent_wins_nothing_when_they_are_not(
        error: float, better: float, size: int) -> None:
    wrong = np.arange(size + 1)
    wealth = np.exp(binom.logpmf(wrong, size, error * better) + betting.above(wrong, size, error)).sum()
    assert float(wealth) <= 1 + 1e-6


@settings(max_examples=40, deadline=None)
@given(error=RATES, size=st.integers(0, 500), share=st.floats(0, 1))
def test_the_exact_test_is_the_binomial_distribution(error: float, size: int, share: float) -> None:
    wrong = round(share * size)
    chance = np.exp(-binomial.below(wrong, size, error))
    assert chance == pytest.approx(binom.cdf(wrong, size, error), rel=1e-7, abs=1e-300)


@settings(max_examples=30, deadline=None)
@given(size=st.integers(0, 3_000), share=st.floats(0, 1), confidence=st.sampled_from([0.8, 0.95, 0.999]))
def test_intervals_hold_the_observed_share_and_stay_within_bounds(size: int, share: float, confidence: float) -> None:
    wrong = round(share * size)
    for low, high in (betting.interval(wrong, size, confidence), binomial.interval(wrong, size, confidence)):
        assert 0 <= low <= (wrong / size if size else 1) + 1e-9
        assert (wrong / size if size else 0) - 1e-9 <= high <= 1


def test_what_holds_at_every_look_is_wider_than_what_holds_once() -> None:
    for wrong, size in ((0, 300), (4, 400), (60, 600)):
        low, high = betting.interval(wrong, size, 0.95)
        once = binomial.interval(wrong, size, 0.95)
        assert low <= once[0]
        assert once[1] < high < 4 * once[1] + 0.02


def test_the_clopper_pearson_interval_is_the_known_one() -> None:
    assert binomial.interval(2, 20, 0.95) == pytest.approx((0.01234853, 0.31698271), abs=1e-7)


def test_a_grid_is_strictest_first_and_equal_scores_are_one_threshold() -> None:
    grid = make([0.9] * 50 + [0.5] * 30 + [0.2] * 20)
    assert grid.levels == (0.9, 0.5, 0.2)
    assert sum(grid.starts) == pytest.approx(1)
    assert grid.starts == pytest.approx((2 / 3, 1 / 3, 0))
    assert make([]) == Grid()
    assert Grid.from_json(grid.to_json()) == grid


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_every_task_lies_at_or_above_the_last_threshold(scores: list[float]) -> None:
    grid = make(scores)
    assert list(grid.levels) == sorted(set(grid.levels), reverse=True)
    assert grid.levels[-1] <= min(scores)
    assert sum(grid.starts) == pytest.approx(1)


def test_counts_are_of_tasks_at_or_above_a_threshold() -> None:
    counts = count([0.9, 0.5], [0.95, 0.9, 0.5, 0.4], [True, False, True, True], [0.0, 0.2, 0.1, 0.9])
    assert counts.seen.tolist() == [2, 3]
    assert counts.wrong.tolist() == [1, 2]
    assert counts.doubt == pytest.approx([0.1, 0.1])
    empty = count([0.9], [], [], [])
    assert (empty.seen.tolist(), empty.doubt.tolist()) == ([0], [0])


def test_a_run_ends_where_a_threshold_fails_and_the_next_start_begins_another() -> None:
    # Given thresholds of which the strictest is bad, and a start at the first and the third
    grid = Grid((0.9, 0.8, 0.7, 0.6), (0.5, 0.0, 0.5, 0.0))
    score = np.repeat([0.95, 0.85, 0.75, 0.65], 600)
    wrong = np.zeros(2400, bool)
    wrong[:60] = True
    found = passed(grid, count(grid.levels, score, wrong, np.zeros(2400)), 0.1, 0.95, binomial.below)
    # Then the first fails and hands nothing on, so the second is not even tried; the third starts anew
    assert found.tolist() == [False, False, True, True]


def test_noisy_people_lower_the_target_and_never_raise_it() -> None:
    assert float(target(0.01, 0.0)) == 0.01
    assert float(target(0.01, 0.1)) == pytest.approx(0.009)
    assert float(target(0.01, 1.0)) == pytest.approx(0.005)


def test_so_many_more_audited_tasks_as_are_told_are_enough_and_few_are_not() -> None:
    grid = make(np.linspace(0.5, 1, 1_000))
    score, nothing = np.linspace(0.5, 1, 60), np.zeros(60)
    share = np.array([(np.linspace(0.5, 1, 1_000) >= level).mean() for level in grid.levels])
    more = needed(grid, count(grid.levels, score, nothing, nothing), share, 0.05, 0.95, betting.below)
    assert more is not None
    for size, found in ((round(60 + 1.1 * more.tasks), True), (60 + more.tasks // 2, False)):
        counts = count(grid.levels, np.linspace(0.5, 1, size), np.zeros(size), np.zeros(size))
        assert (lowest(grid, counts, 0.05, 0.95, betting.below) is not None) is found


def test_where_errors_are_too_frequent_more_of_the_same_would_not_help() -> None:
    grid = make(np.linspace(0.5, 1, 100))
    counts = count(grid.levels, np.linspace(0.5, 1, 100), np.ones(100), np.zeros(100))
    assert needed(grid, counts, np.ones(len(grid.levels)), 0.05, 0.95, betting.below) is None
