"""Change is a hypothesis: rarely believed where there is none, and found where it is large."""

from __future__ import annotations

import numpy as np
import pytest

from sync.scorecard.cusum import approximate_p, break_statistic, trend_statistic
from sync.scorecard.difficulty import expected
from sync.scorecard.drift import Drift, drift
from sync.scorecard.judged import judge
from sync.scorecard.permutation import permuted_p
from tests.sync.scorecard.crowds import Crowd, crowd, odds


def followed(some: Crowd, people: int) -> Drift:
    """Drift of these people, whose answers are given in the order of the tasks."""
    some.at = 1e9 + 30.0 * some.task + np.random.default_rng(0).random(len(some.task))
    found = some.assess()
    judged = judge(found.observations, found.fit)
    return drift(judged, expected(judged, people, len(some.truth)), annotators=people)


def worse(seed: int, tasks: int, *, gradual: bool = False) -> Crowd:
    """Ten people right on 90 %; the first falls to 70 % halfway, or gradually from 97 % to 63 %."""
    rng = np.random.default_rng(seed)
    some = crowd(seed, skill=np.full(10, float(odds(0.9))), tasks=tasks)
    place = some.task / tasks
    lost = np.clip(place * 0.38 - 0.07, 0, 1) if gradual else np.where(place >= 0.5, 0.2 / 0.9, 0)
    slips = (some.annotator == 0) & (rng.random(len(place)) < lost) & (some.label == some.truth[some.task])
    some.label = np.where(slips, (some.truth[some.task] + rng.integers(1, 3, len(place))) % 3, some.label)
    return some


def test_where_nobody_changes_hardly_a_team_has_an_alarm() -> None:
    # given 60 teams of ten with 200 answers each; in half of them the tasks become harder and harder
    alarms, small = 0, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rising = np.linspace(-1, 1.5, 400) if seed % 2 else 0
        some = crowd(seed, skill=rng.normal(2, 0.6, 10), tasks=400, hardness=rng.normal(0, 0.8, 400) + rising)
        found = followed(some, 10)
        alarms += bool((found.p <= 0.05).any())
        small += list(np.minimum(found.p_break, found.p_trend) <= 0.025)
    # then about one team in twenty has one (240 teams: 4 to 5 %), and single tests are at their level
    assert alarms <= 6
    assert np.mean(small) <= 0.06


def test_a_fall_from_90_to_70_percent_is_found() -> None:
    runs = [followed(worse(seed, 800), 10) for seed in range(8)]
    # given 400 answers each, it is found nine times of ten, and placed and measured about right
    assert sum(run.p[0] <= 0.05 for run in runs) >= 6
    assert np.mean([run.before[0] for run in runs]) == pytest.approx(0.9, abs=0.05)
    assert np.mean([run.after[0] for run in runs]) == pytest.approx(0.69, abs=0.05)
    assert 160 <= np.median([run.split[0] for run in runs]) <= 240
    assert all((run.before_low <= run.before).all() and (run.after <= run.after_high).all() for run in runs)


def test_a_slow_fall_is_a_trend() -> None:
    runs = [followed(worse(seed, 1000, gradual=True), 10) for seed in range(5)]
    assert sum(run.p[0] <= 0.05 for run in runs) >= 4
    assert np.median([run.p_trend[0] for run in runs]) < 0.001
    assert np.mean([run.slope[0] for run in runs]) < -0.03


def test_harder_tasks_are_no_fall() -> None:
    # given tasks that suddenly become hard for everybody: right answers fall by far more than 10 points
    hardness = np.where(np.arange(600) < 300, -0.5, 1.0)
    some = crowd(3, skill=np.full(10, 2.0), tasks=600, hardness=hardness)
    right = some.label == some.truth[some.task]
    assert right[some.task < 300].mean() - right[some.task >= 300].mean() > 0.15
    assert (followed(some, 10).p > 0.05).all()


def test_too_few_answers_or_no_moments_are_not_followed() -> None:
    some = crowd(0, skill=np.full(5, 2.0), tasks=40)
    assert (followed(some, 5).place == -1).all()
    some = crowd(0, skill=np.full(5, 2.0), tasks=300)
    some.at = np.full(len(some.task), np.nan)
    found = some.assess()
    judged = judge(found.observations, found.fit)
    result = drift(judged, expected(judged, 5, 300), annotators=5)
    assert (result.p == 1).all()
    assert result.answers.tolist() == [0] * 5


def test_somebody_always_right_has_no_break() -> None:
    some = crowd(0, skill=np.full(6, 50.0), tasks=300)
    assert (followed(some, 6).p == 1).all()


def test_the_statistics_by_hand() -> None:
    # given ten hits and ten misses: mean .5, spread .5, walk 5 after ten of twenty
    row = np.repeat([1.0, 0.0], 10)[None]
    value, place = break_statistic(row)
    assert value[0] == pytest.approx(5 / np.sqrt(10 * 10 / 20) / 0.5)
    assert place[0] == 10
    order = np.arange(20)
    assert trend_statistic(row)[0] == pytest.approx(abs(np.corrcoef(row[0], order)[0, 1]) * np.sqrt(19))
    assert break_statistic(np.ones((1, 20)))[0][0] == 0


def test_permutations_agree_with_the_approximation_and_go_beyond() -> None:
    # given normal noise, where the approximation is good
    rng = np.random.default_rng(0)
    noise = rng.normal(size=300)

    def tail(value: float) -> float:
        return approximate_p(value, 300)

    def largest(rows: np.ndarray) -> np.ndarray:
        return break_statistic(rows)[0]

    assert permuted_p(noise, largest, 3.0, 10, rng, tail) == pytest.approx(tail(3.0), rel=0.5)
    # then a value far beyond all permutations has a p below one in so many
    assert 1e-9 < permuted_p(noise, largest, 6.0, 1000, rng, tail) < 1e-5
    assert approximate_p(1.96, 0) == pytest.approx(0.05, abs=1e-4)
