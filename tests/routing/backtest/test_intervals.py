"""Intervals that hold together, and whether what then happens lies within them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.backtest import trial
from routing.backtest.intervals import Interval, farthest, together
from routing.backtest.measured import FIGURES
from routing.backtest.predict import Predicted
from routing.backtest.report import figures


def ends(interval: Interval) -> tuple[float, float]:
    """Low and high of what can be told."""
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def test_intervals_hold_together_and_are_wider_than_each_alone() -> None:
    draws = np.random.default_rng(0).normal(size=(200, 4))
    assert ends(together(draws)[0])[0] < ends(together(draws[:, :1])[0])[0] < -1.8


@pytest.mark.parametrize("count", [8, 30])
def test_one_more_draw_lies_within_all_of_them_as_often_as_is_said(count: int) -> None:
    rng, within = np.random.default_rng(1), []
    for _ in range(60):
        draws = rng.normal(size=(count + 1, 3)) @ np.array([[1.0, 0.5, 0], [0, 1, 0.5], [0, 0, 1]])
        found = [ends(one) for one in together(draws[:-1], 0.9)]
        within.append(all(low <= x <= high for (low, high), x in zip(found, draws[-1], strict=True)))
    assert np.mean(within) == pytest.approx(0.9, abs=0.1)


def test_few_draws_and_figures_that_go_their_own_ways_reach_farther() -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=(60, 1))
    many = rng.normal(size=(60, 8))
    assert farthest(one, 0.95) == pytest.approx(farthest(np.repeat(one, 8, axis=1), 0.95), abs=0.15)
    assert farthest(one, 0.95) < farthest(many, 0.95) < farthest(many[:8], 0.95)


def test_what_is_the_same_in_all_draws_has_no_width_and_what_is_unknown_no_value() -> None:
    found = together(np.array([[1.0, np.nan]] * 5))
    assert (found[0].low, found[0].high) == (1.0, 1.0)
    assert found[1].value is None


def test_a_share_near_none_reaches_up_and_not_below_none() -> None:
    draws = np.array([[0.0], [0.01], [0.0], [0.02], [0.0], [0.01], [0.0], [0.0]])
    found = together(draws, shares={0: 100})[0]
    assert found.low == 0
    assert found.high is not None
    assert 0.02 < found.high < 0.2


def test_what_never_happened_on_few_tasks_may_happen_on_the_next_ones() -> None:
    few, many = ([ends(one) for one in together(np.zeros((30, 2)), shares={0: of}, changes={1: of})]
                 for of in (50, 5_000))
    assert [low for low, _ in (few[0], many[0])] == [0, 0]
    for at in (0, 1):
        assert 0.02 < few[at][1] < 0.2
        assert 0 < many[at][1] < 0.003
    assert few[1][0] == -few[1][1]


def test_the_same_rules_are_known_to_change_nothing() -> None:
    draws = np.random.default_rng(0).uniform(0.2, 0.8, (12, len(FIGURES)))
    for figure in figures(Predicted(draws, draws.copy(), 100)):
        low, high = ends(figure.new)
        assert ends(figure.change) == (0.0, 0.0)
        assert low < high


def test_what_then_happens_lies_within_the_intervals_and_they_are_narrower_than_the_changes() -> None:
    """A small version of `benchmarks/backtest.py`: projects with another change of rules each."""
    found = [one for seed in (301, 305, 309) for one in trial(seed, 50, 8)]
    assert np.mean([one.within for one in found]) >= 0.9
    answers = [one for one in found if one.name == "change of answers"]
    assert np.mean([one.half for one in answers]) < 2 * np.mean([one.effect for one in answers])
