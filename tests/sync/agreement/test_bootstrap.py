"""Intervals by resampling tasks: exact where they can be, close where they are a limit, the same in any order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.agreement import bootstrap
from sync.agreement.bootstrap import interval, resampled


def mean(sums: np.ndarray) -> np.ndarray:
    return sums[:, 0] / sums[:, 1]


def column(values: np.ndarray) -> np.ndarray:
    return np.column_stack((values, np.ones(len(values))))


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    # given 400 numbers with a standard deviation of 2: the mean has a standard error of 0.1
    values = np.random.default_rng(3).normal(5, 2, 400)
    values = (values - values.mean()) / values.std() * 2 + 5
    low, high = interval(column(values), mean, replicates=4000)
    assert low == pytest.approx(5 - 0.196, abs=0.015)
    assert high == pytest.approx(5 + 0.196, abs=0.015)


def test_three_ways_to_draw_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    # given 1,000 tasks of which 30 % succeed
    statistics = column((np.arange(1000) % 10 < 3).astype(float))
    grouped = interval(statistics, mean, replicates=4000)
    monkeypatch.setattr(bootstrap, "MANY_PATTERNS", 1)
    single = interval(statistics, mean, replicates=4000)
    monkeypatch.setattr(bootstrap, "MANY_DRAWS", 1)
    normal = interval(statistics, mean, replicates=4000)
    assert single == pytest.approx(grouped, abs=0.003)
    assert normal == pytest.approx(grouped, abs=0.003)
    assert len({grouped, single, normal}) == 3, "one way was taken twice"


def test_counts_stand_for_equal_rows() -> None:
    rows = np.array([[1.0, 1.0], [0.0, 1.0], [9.0, 9.0]])
    told = interval(rows, mean, counts=np.array([30, 70, 0]))
    assert told == interval(np.repeat(rows, [30, 70, 0], axis=0), mean)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2)), min_size=2, max_size=30), st.randoms())
@settings(max_examples=40, deadline=None)
def test_the_order_of_tasks_changes_nothing(rows: list[tuple[int, int]], random: object) -> None:
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    first, second = (resampled(np.array(some, float), replicates=20) for some in (rows, mixed))
    assert np.array_equal(first, second)
    # and every resample has as many tasks as there are
    ones = resampled(np.column_stack((np.array(rows, float), np.ones(len(rows)))), replicates=20)[:, -1]
    assert (ones == len(rows)).all()


@pytest.mark.parametrize("rows", [0, 1])
def test_fewer_than_two_tasks_have_no_interval(rows: int) -> None:
    assert interval(np.ones((rows, 2)), mean) == (None, None)


def test_resamples_that_define_nothing_are_left_out() -> None:
    # given one task in two with an answer: a quarter of the resamples has none of it, and 0/0 is no value
    statistics = np.array([[1.0, 1.0], [0.0, 0.0]])
    assert interval(statistics, mean) == (1.0, 1.0)
    # and where most have none, there is no interval
    assert interval(np.zeros((5, 2)), mean) == (None, None)


@pytest.mark.parametrize(("statistics", "options", "message"), [
    (np.array([[np.nan, 1.0]]), {}, "finite"), (np.ones(3), {}, "one row a task"),
    (np.ones((3, 2)), {"level": 1.0}, "level is 1.0"), (np.ones((3, 2)), {"replicates": 0}, "replicates is 0"),
    (np.ones((3, 2)), {"counts": np.array([1, 2])}, "counts"), (np.ones((3, 2)), {"counts": -np.ones(3)}, "counts"),
])
def test_wrong_input_is_named(statistics: np.ndarray, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        interval(statistics, mean, **options)  # type: ignore[arg-type]


def test_a_figure_of_the_wrong_shape_is_named() -> None:
    with pytest.raises(ValueError, match="shape"):
        interval(np.ones((3, 2)), lambda sums: sums)
