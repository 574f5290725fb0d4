"""Lead times that are no work do not count, haste is seen, and nobody is slow for having long tasks."""

from __future__ import annotations

import numpy as np
import pytest

from sync.scorecard.lead_times import LeadTimes, lead_times
from sync.scorecard.speed import Speed, speed
from tests.sync.scorecard.crowds import pairs


def measured(task: np.ndarray, annotator: np.ndarray, seconds: np.ndarray, at: np.ndarray | None = None,
             length: np.ndarray | None = None) -> tuple[LeadTimes, Speed]:
    """Times and speed of these answers; without `at` the moments are unknown."""
    at = np.full(len(task), np.nan) if at is None else at
    size = {"tasks": int(task.max()) + 1, "annotators": int(annotator.max()) + 1}
    times = lead_times(task, annotator, seconds, at, length=length, **size)
    return times, speed(task, annotator, times, **size)


def work(seed: int, pace: np.ndarray, tasks: int = 200, per_task: int = 4) -> tuple[np.ndarray, ...]:
    """Answers whose seconds are a task's need, times the annotator's pace, with noise."""
    rng = np.random.default_rng(seed)
    task, annotator = pairs(rng, tasks, len(pace), per_task)
    need = rng.lognormal(2.5, 0.8, tasks)
    return task, annotator, need[task] * pace[annotator] * rng.lognormal(0, 0.3, len(task)), need


def test_a_tab_left_open_over_night_is_no_work() -> None:
    # given ordinary work, and two answers whose tab stood open for hours
    task, annotator, seconds, _ = work(0, np.ones(6))
    seconds[[3, 50]] = [9 * 3600.0, 4 * 3600.0]
    times, found = measured(task, annotator, seconds)
    # then they are left out, and nothing else is
    assert np.flatnonzero(times.idle).tolist() == [3, 50]
    assert np.isnan(times.seconds[[3, 50]]).all()
    assert found.idle.sum() == 2
    assert (found.p == 1).all()


def test_long_tasks_are_not_idle_when_they_take_everybody_long() -> None:
    task, annotator, seconds, _ = work(1, np.ones(6))
    times, _ = measured(task, annotator, 100 * seconds)
    assert not times.idle.any()


def test_a_time_that_is_longer_than_since_the_last_answer_was_counted_twice() -> None:
    # given answers every 30 seconds that took 20, one of which claims 300
    at, seconds = 1e9 + 30.0 * np.arange(40), np.full(40, 20.0)
    seconds[7] = 300
    times, _ = measured(np.arange(40), np.zeros(40, int), seconds, at)
    assert np.flatnonzero(times.overlapping).tolist() == [7]
    # but where all were written in one second, as by an import, it is the moments that say nothing
    times, _ = measured(np.arange(40), np.zeros(40, int), seconds, np.full(40, 1e9))
    assert not times.overlapping.any()


def test_zero_and_missing_times_are_unknown_not_fast() -> None:
    task, annotator, seconds, _ = work(2, np.ones(6))
    seconds[annotator == 0] = 0
    seconds[annotator == 1] = np.nan
    _, found = measured(task, annotator, seconds)
    assert found.timed[:2].tolist() == [0, 0]
    assert np.isnan(found.seconds[:2]).all()
    assert found.impossible.sum() == 0


def test_who_clicks_through_is_seen_and_nobody_else() -> None:
    # given six people, one of whom answers a tenth of the tasks within half a second
    task, annotator, seconds, _ = work(3, np.ones(6))
    own = np.flatnonzero(annotator == 2)
    seconds[own[: len(own) // 10]] = 0.5
    times, found = measured(task, annotator, seconds)
    assert set(np.flatnonzero(times.impossible)) >= set(own[: len(own) // 10])
    assert found.p[2] <= 0.001
    assert (np.delete(found.p, 2) == 1).all()


def test_many_who_rush_do_not_make_rushing_normal() -> None:
    # given eleven people, of whom four click through a third of their work
    task, annotator, seconds, _ = work(4, np.ones(11))
    rush = (annotator < 4) & (np.random.default_rng(0).random(len(task)) < 1 / 3)
    seconds[rush] = 0.4
    _, found = measured(task, annotator, seconds)
    assert (found.p[:4] <= 0.05).all()
    assert (found.p[4:] == 1).all()


def test_careful_teams_raise_no_alarm() -> None:
    # given fifty teams whose pace differs by a factor of four
    alarms = 0
    for seed in range(50):
        task, annotator, seconds, _ = work(seed, np.random.default_rng(seed).uniform(0.5, 2, 8))
        alarms += bool((measured(task, annotator, seconds)[1].p <= 0.05).any())
    # then at most one in twenty is accused of haste
    assert alarms <= 2


def test_a_text_that_cannot_be_read_in_the_time() -> None:
    # given somebody alone on texts of 900 characters, answering in 5 seconds where they need 9 at least to read
    length = np.full(20, 900.0)
    times, found = measured(np.arange(20), np.zeros(20, int), np.full(20, 5.0), length=length)
    assert times.impossible.all()
    assert found.p[0] < 0.001
    # but when everybody takes five seconds, the end of the text does not matter
    task, annotator = np.repeat(np.arange(20), 4), np.tile(np.arange(4), 20)
    times, _ = measured(task, annotator, np.full(80, 5.0), length=length)
    assert not times.impossible.any()


def test_nobody_is_slow_for_having_long_tasks() -> None:
    # given people of equal pace, the first two of whom get the long tasks
    rng = np.random.default_rng(5)
    need = rng.lognormal(2.5, 0.8, 300)
    weight = np.ones((300, 8))
    weight[np.ix_(need > np.median(need), [0, 1])] = 9
    annotator = np.argsort(-(rng.random((300, 8)) ** (1 / weight)), 1)[:, :4].ravel()
    task = np.repeat(np.arange(300), 4)
    _, found = measured(task, annotator, need[task] * rng.lognormal(0, 0.3, len(task)))
    # then their median is high, and their ratio is 1
    assert found.seconds[:2].min() > 1.15 * np.median(found.seconds[2:])
    assert found.ratio == pytest.approx(np.ones(8), abs=0.1)


def test_the_ratio_is_the_pace_whoever_the_others_are() -> None:
    pace = np.array([0.5, 1, 1, 1, 1, 2])
    task, annotator, seconds, _ = work(6, pace, tasks=600)
    _, found = measured(task, annotator, seconds)
    assert found.ratio / found.ratio[1] == pytest.approx(pace, rel=0.15)
    assert (found.ratio_low <= found.ratio).all()
    assert (found.ratio <= found.ratio_high).all()
