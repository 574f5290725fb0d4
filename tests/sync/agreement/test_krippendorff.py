"""Krippendorff's alpha at three levels: known values, independent implementations, intervals that cover, refusals."""

from __future__ import annotations

from itertools import permutations

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.agreement import alpha, folded
from sync.agreement.bootstrap import resampled
from sync.agreement.krippendorff import LEVELS, figure
from sync.agreement.measured import measured
from sync.agreement.table import Table
from tests.sync.agreement import examples


def brute_force(votes: np.ndarray) -> float | None:
    """Alpha by its definition: every ordered pair of answers within a task, against every pair at all."""
    units = [[label for label, count in enumerate(row) for _ in range(int(count))] for row in votes]
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    observed = sum(sum(a != b for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units) / len(values)
    expected = sum(a != b for a, b in permutations(values, 2)) / (len(values) * (len(values) - 1))
    return 1 - observed / expected if expected else None


@pytest.mark.parametrize(("level", "printed"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_the_example_of_krippendorff_2011(level: str, printed: float) -> None:
    found = figure(examples.table(examples.answers(examples.KRIPPENDORFF_2011)), level)
    assert found.value == pytest.approx(printed, abs=5e-4)
    assert (found.tasks, found.answers) == (11, 40)


@pytest.mark.parametrize("level", LEVELS)
def test_equals_the_krippendorff_package_on_random_tables_with_gaps(level: str) -> None:
    rng = np.random.default_rng(0)
    compared = 0
    for _ in range(60):
        # given answers of up to five people to up to eleven tasks, 70 % of them there, on an uneven scale
        scale = np.sort(rng.choice(30, rng.integers(2, 6), replace=False)).astype(float)
        said = rng.choice(scale, (rng.integers(2, 6), rng.integers(2, 12)))
        said[rng.random(said.shape) > 0.7] = np.nan
        paired = said[:, (~np.isnan(said)).sum(0) >= 2]
        if len(np.unique(paired[~np.isnan(paired)])) < 2:
            assert figure(examples.table(said), level).reason
            continue
        expected = krippendorff.alpha(reliability_data=paired, level_of_measurement=level)
        assert figure(examples.table(said), level).value == pytest.approx(expected, abs=1e-9)
        compared += 1
    assert compared > 30


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


@pytest.mark.parametrize(("level", "tasks"), [("nominal", 50), ("nominal", 120), ("ordinal", 60), ("interval", 60)])
def test_the_interval_covers_the_true_value(level: str, tasks: int) -> None:
    # given the alpha of a huge sample, and 100 small ones from the same crowd
    rng = np.random.default_rng(0)
    true = figure(examples.table(examples.crowd(rng, 200_000)), level).value
    found = [measured(figure(examples.table(examples.crowd(rng, tasks)), level), replicates=300, seed=n)
             for n in range(100)]
    # then about 95 of their intervals hold it
    covered = sum(one.low <= true <= one.high for one in found)  # type: ignore[operator]
    assert 89 <= covered <= 99


def test_a_task_more_changes_ordinal_alpha_as_its_statistics_say() -> None:
    # given ordered answers, most of them low: one task more changes the ranks of all others
    rng = np.random.default_rng(5)
    truth = rng.choice(6, 300, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    said = np.clip(truth + rng.integers(-1, 2, (3, 300)), 0, 5).astype(float)
    whole = figure(examples.table(said), "ordinal")
    # when each task in turn is there twice
    anew = np.array([figure(examples.table(np.column_stack((said, said[:, task]))), "ordinal").value
                     for task in range(100)])
    told = whole.of(whole.statistics.sum(0) + whole.statistics[:100])
    # then what the statistics tell is what computing everything anew gives, to the first order
    change = np.abs(anew - whole.value).max()
    assert np.abs(told - anew).max() < 0.02 * change


def test_the_ordinal_interval_is_that_of_computing_everything_anew() -> None:
    rng = np.random.default_rng(5)
    said = np.clip(rng.integers(0, 5, 80) + rng.integers(-1, 2, (4, 80)), 0, 4).astype(float)
    anew = [figure(examples.table(said[:, rng.integers(0, 80, 80)]), "ordinal").value for _ in range(1500)]
    found = measured(figure(examples.table(said), "ordinal"), replicates=4000)
    assert (found.low, found.high) == pytest.approx(np.quantile(anew, [0.025, 0.975]), abs=0.012)


@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=2, max_size=10),
       st.permutations(range(4)))
@settings(max_examples=50, deadline=None)
def test_the_order_of_tasks_and_labels_changes_nothing(rows: list[list[int]], order: list[int]) -> None:
    votes = np.array(rows, float)
    found, renamed = alpha(votes, replicates=50), alpha(votes[:, order], replicates=50)
    turned = alpha(votes[::-1], replicates=50)
    assert (turned.reason, turned.low, turned.high) == (found.reason, found.low, found.high)
    assert (renamed.value is None, renamed.reason) == (found.value is None, found.reason)
    if found.value is not None:
        assert renamed.value == pytest.approx(found.value)


@given(st.lists(st.lists(st.integers(-50, 50), min_size=2, max_size=4), min_size=2, max_size=8),
       st.floats(0.001, 1e6), st.floats(-1e6, 1e6))
@settings(max_examples=50, deadline=None)
def test_unit_and_origin_of_numbers_change_nothing(tasks: list[list[int]], unit: float, origin: float) -> None:
    said = np.full((4, len(tasks)), np.nan)
    for at, numbers in enumerate(tasks):
        said[:len(numbers), at] = numbers
    for level in ("ordinal", "interval"):
        found = figure(examples.table(said), level).value
        assert figure(examples.table(said * unit + origin), level).value == pytest.approx(found, abs=1e-6)


def test_people_without_a_shared_label_scale_agree_perfectly_only_if_equal() -> None:
    # given every task answered alike, then one task not
    said = np.repeat(np.arange(10.0)[None], 3, 0)
    for level in LEVELS:
        assert figure(examples.table(said), level).value == 1.0
    said[0, 0] = 9
    for level in LEVELS:
        assert figure(examples.table(said), level).value < 1.0  # type: ignore[operator]


@pytest.fixture
def free_text() -> Table:
    """150 tasks where half of the answers repeat another's and the rest are unique or rare."""
    rng = np.random.default_rng(3)
    unique = rng.integers(60, 900, (3, 150))
    return examples.table(np.where(rng.random((3, 150)) < 0.6, rng.integers(0, 60, 150), unique).astype(float))


def test_hundreds_of_rare_labels_are_folded_without_a_trace(
        free_text: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    assert free_text.labels > 200
    # when tasks are resampled with and without folding
    rare = measured(figure(free_text), replicates=4000)
    monkeypatch.setattr(folded, "MANY_LABELS", 1000)
    exact = measured(figure(free_text), replicates=4000)
    # then the value is the same and the interval moves by nothing that shows
    assert rare.value == pytest.approx(exact.value, abs=1e-12)
    assert (rare.low, rare.high) == pytest.approx((exact.low, exact.high), abs=0.005)


def test_folded_squares_have_the_mean_of_the_exact_ones(free_text: Table) -> None:
    # given that resampling adds its variance to the mean of a square: sum n^2 - N^2 / T for each label
    columns, squares = folded.folded(free_text, free_text.count)
    totals = free_text.totals()
    added = (free_text.count**2).sum() - (totals**2).sum() / free_text.tasks
    found = squares(resampled(columns, replicates=4000))
    assert found.mean() == pytest.approx((totals**2).sum() + added, abs=4 * found.std() / np.sqrt(4000))
    assert added > 8 * found.std() / np.sqrt(4000), "the test could not tell"


@pytest.mark.parametrize(("votes", "message"), [
    (np.ones(3), "dimensions"), (np.array([[np.nan, 1]]), "counts"), (np.array([[-1.0, 3]]), "counts"),
    (np.array([[0.5, 1.5]]), "counts"),
])
def test_votes_that_are_no_counts_are_refused(votes: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        alpha(votes)


def test_an_unknown_level_is_named() -> None:
    with pytest.raises(ValueError, match="level is 'ratio', but must be one of nominal"):
        figure(examples.table(np.ones((2, 2))), "ratio")


def test_both_ways_to_resample_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    table = examples.table(examples.crowd(np.random.default_rng(1), 1200))
    exact = measured(figure(table))
    monkeypatch.setattr("sync.agreement.bootstrap.MANY_PATTERNS", 1)
    monkeypatch.setattr("sync.agreement.bootstrap.MANY_DRAWS", 1)
    normal = measured(figure(table))
    assert normal.low == pytest.approx(exact.low, abs=0.008)
    assert normal.high == pytest.approx(exact.high, abs=0.008)


def test_five_million_answers_with_an_interval() -> None:
    # given 100,000 tasks, 50 people, 5 labels
    votes = np.random.default_rng(2).multinomial(50, [0.4, 0.3, 0.1, 0.1, 0.1], 100_000).astype(float)
    found = alpha(votes)
    assert found.answers == 5_000_000
    assert found.low < 0 < found.high  # type: ignore[operator]
    assert found.high - found.low < 0.001  # type: ignore[operator]
