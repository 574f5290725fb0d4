"""Krippendorff's alpha: known values, a brute-force reference, an interval that covers, and honest refusals."""

from __future__ import annotations

from itertools import permutations
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.agreement import alpha


def brute_force(votes: np.ndarray) -> float | None:
    """Alpha by its definition: every ordered pair of answers within a task, against every pair at all."""
    units = [[label for label, count in enumerate(row) for _ in range(int(count))] for row in votes]
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    observed = sum(sum(a != b for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units) / len(values)
    expected = sum(a != b for a, b in permutations(values, 2)) / (len(values) * (len(values) - 1))
    return 1 - observed / expected if expected else None


def test_the_example_of_krippendorff_2011() -> None:
    # given the four observers and twelve units of "Computing Krippendorff's Alpha-Reliability", part C
    observers = ["1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .",
                 "1 2 3 3 2 4 4 1 2 5 1 ."]
    votes = np.zeros((12, 5))
    for line in observers:
        for unit, value in enumerate(line.split()):
            if value != ".":
                votes[unit, int(value) - 1] += 1
    # then nominal alpha is .743, as printed there
    found = alpha(votes)
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert (found.tasks, found.answers) == (11, 40)


def test_by_hand_two_people_two_tasks() -> None:
    # given one task agreed on and one not: observed 1/2; of 12 ordered pairs of {a, a, a, b} 6 differ: expected 1/2
    found = alpha(np.array([[2.0, 0.0], [1.0, 1.0]]))
    assert found.value == pytest.approx(0.0)


counts = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1, max_size=12)


@given(counts)
@settings(max_examples=100, deadline=None)
def test_equals_brute_force(rows: list[list[int]]) -> None:
    votes = np.array(rows, float)
    found = alpha(votes, replicates=50)
    if not (votes.sum(1) > 1).any():
        assert found.value is None
        assert found.reason
        return
    expected = brute_force(votes)
    assert (found.value is None) == (expected is None)
    if expected is not None:
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert found.low is None or found.low <= found.high + 1e-12


@pytest.mark.parametrize(("votes", "reason"), [
    (np.zeros((0, 2)), "no task has two answers or more"),
    (np.array([[1.0, 0.0], [0.0, 1.0]]), "no task has two answers or more"),
    (np.array([[3.0, 0.0], [2.0, 0.0]]), "all answers are the same label: alpha is not defined"),
    (np.array([[2.0, 1.0]]), "one task has two answers: no interval"),
])
def test_what_the_data_cannot_carry_is_none_with_the_reason(votes: np.ndarray, reason: str) -> None:
    found = alpha(votes)
    assert (found.low, found.high, found.reason) == (None, None, reason)


def sample(rng: np.random.Generator, tasks: int) -> np.ndarray:
    """Three answers a task, 75 % right, of three labels."""
    truth = rng.integers(0, 3, tasks)
    right = rng.random((tasks, 3)) < 0.75
    given_ = np.where(right, truth[:, None], (truth[:, None] + rng.integers(1, 3, (tasks, 3))) % 3)
    return np.stack([(given_ == label).sum(1) for label in range(3)], 1).astype(float)


def test_the_interval_covers_the_true_value() -> None:
    # given the alpha of a huge sample, and 100 small ones from the same crowd
    rng = np.random.default_rng(0)
    true = alpha(sample(rng, 200_000), replicates=2).value
    found = [alpha(sample(rng, 120), replicates=300, seed=n) for n in range(100)]
    # then about 95 of their intervals hold it
    covered = sum(one.low <= true <= one.high for one in found)  # type: ignore[operator]
    assert 88 <= covered <= 99


def test_both_ways_to_resample_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = sample(np.random.default_rng(1), 3000)
    exact = alpha(votes)
    monkeypatch.setattr("sync.agreement.bootstrap.MANY_PATTERNS", 1)
    normal = alpha(votes)
    assert normal.low == pytest.approx(exact.low, abs=0.004)
    assert normal.high == pytest.approx(exact.high, abs=0.004)


def test_a_hundred_thousand_tasks_with_an_interval_take_little_time() -> None:
    # given 5 million answers: 100,000 tasks, 50 people, 5 labels
    votes = np.random.default_rng(2).multinomial(50, [0.4, 0.3, 0.1, 0.1, 0.1], 100_000).astype(float)
    started = perf_counter()
    found = alpha(votes)
    assert perf_counter() - started < 4
    assert found.low < found.value < found.high  # type: ignore[operator]
