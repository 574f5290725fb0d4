"""When what is open will be done: honest without history, and right as often as it says."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from sync.flow.forecast import forecast
from sync.flow.pace import WANDER, learn
from sync.flow.remaining import Remaining, remaining

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
DAY = 86_400.0


def left(answers, tasks=10):
    return Remaining(tasks, float(answers), 0.0, float(answers))


def moment(text):
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(("counts", "why"), [
    ([], "too little history"), ([100] * 6, "too little history"), ([50, 0, 0, 0, 0, 0, 50], "too little history"),
    ([1, 0, 2, 0, 1, 1, 0, 1], "too little history"), ([100] * 10 + [0] * 14, "no answers for 14 days")])
def test_too_little_history_gives_no_date_but_a_reason(counts, why):
    said = forecast(counts, left(100), MONDAY)
    assert said["median"] is said["low"] is said["high"] is None
    assert why in said["reason"]
    assert said["answers_left"] == 100


def test_nothing_open_needs_no_date():
    assert forecast([10] * 20, left(0, tasks=0), MONDAY)["reason"] == "nothing is open"


def test_a_steady_team_ends_when_arithmetic_says():
    said = forecast([100] * 28, left(250), MONDAY)
    assert moment(said["median"]) == pytest.approx(MONDAY + 2.5 * DAY, abs=0.05 * DAY)
    assert said["per_day"] == 100


def test_weekends_off_are_skipped():
    # given a team that works Monday to Friday, asked on a Friday evening about one more day's work
    counts = [100, 100, 100, 100, 100, 0, 0] * 4 + [100, 100, 100, 100]
    hours = [0] * 8 + [10] * 10 + [0] * 6
    said = forecast(counts, left(100), MONDAY + 4 * DAY + 22 * 3600, hours)
    # then it is done on Monday evening
    assert said["median"].startswith("2026-03-09T18:00")


def test_what_is_left_of_today_counts():
    hours = [0] * 8 + [10] * 10 + [0] * 6
    said = forecast([100] * 21, left(50), MONDAY + 8 * 3600, hours)
    assert moment(said["median"]) == pytest.approx(MONDAY + 13 * 3600, abs=900)


def test_work_for_years_is_still_a_finite_date():
    said = forecast([5] * 28, left(100_000), MONDAY)
    assert json.dumps(said, allow_nan=False)
    assert said["low"] < said["median"] < said["high"] or said["low"] == said["median"]


def test_a_growing_team_is_told_from_a_steady_one():
    steady = learn(np.random.default_rng(1).poisson(100, 28), MONDAY)
    growing = learn(np.random.default_rng(1).poisson(np.linspace(30, 250, 28)), MONDAY)
    assert steady.weight[0] > 0.4
    assert growing.weight[0] < 0.05
    assert growing.mean * (growing.weight * growing.level).sum() > 200
    assert steady.weight.sum() == pytest.approx(1)
    assert len(steady.weight) == len(WANDER)


def test_intervals_hold_as_often_as_they_say():
    # given teams of different sizes whose days vary more than chance, with quiet weekends
    inside80 = inside95 = 0
    teams = 120
    for seed in range(teams):
        chance = np.random.default_rng(seed)
        week = np.array([1.2, 1.1, 1, 1, 0.9, 0.2, 0.1])[np.arange(28 + 200) % 7]
        counts = chance.poisson(chance.uniform(30, 400) * week * chance.gamma(6, 1 / 6, len(week)))
        need = counts[:28].mean() * chance.integers(3, 30)
        # when the forecast is compared with what then happens
        total = np.cumsum(counts[28:])
        day = int((total < need).sum())
        done = MONDAY + DAY * (day + (need - (total[day - 1] if day else 0)) / counts[28 + day])
        said = forecast(counts[:28], left(need), MONDAY, simulations=600, seed=seed)
        inside80 += moment(said["low80"]) <= done <= moment(said["high80"])
        inside95 += moment(said["low"]) <= done <= moment(said["high"])
    # then the intervals hold about as often as they say
    assert 0.75 <= inside80 / teams <= 0.95
    assert 0.92 <= inside95 / teams <= 1.0


def test_the_same_past_gives_the_same_forecast():
    counts = [80, 120, 95, 110, 100, 20, 10] * 3
    assert forecast(counts, left(500), MONDAY) == forecast(counts, left(500), MONDAY)


def test_the_plan_counts_where_no_task_was_finished_yet():
    assert remaining({(0, 2): 10, (1, 1): 5}, {}) == Remaining(15, 25.0, 0.0, 25.0)


def test_tasks_turn_out_to_need_more_than_planned():
    # given 60 finished tasks with two answers and 40 with three
    seen = remaining({(0, 2): 100, (2, 1): 10}, {2: 60, 3: 40})
    # then a fresh one needs 2.4 on the mean, and one that has two and goes on needs one more
    assert seen.mean == pytest.approx(100 * 2.4 + 10)
    assert seen.variance > 100 * 0.24
    assert seen.least == 210
