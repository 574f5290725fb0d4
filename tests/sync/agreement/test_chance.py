"""Percent, Fleiss' kappa, Gwet's AC1 and AC2, mean difference: published values, and data that cannot carry them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.agreement import distance, fleiss, gwet, krippendorff, percent, weights
from sync.agreement.measured import Figure, measured
from sync.agreement.table import Table, from_counts
from tests.sync.agreement import examples

GWET = examples.table(examples.answers(examples.GWET_2014))
ABSTRACTORS = examples.table(np.array(examples.judged(examples.ABSTRACTORS), float))
ALL: list[Callable[[Table], Figure]] = [percent.figure, distance.figure, fleiss.figure, gwet.figure,
                                        krippendorff.figure]


@pytest.mark.parametrize(("figure", "published"), [
    (percent.figure(GWET), 0.8181818), (gwet.figure(GWET), 0.77544), (fleiss.figure(GWET), 0.76117),
    (krippendorff.figure(GWET), 0.74342),
    (gwet.figure(GWET, weights.linear(GWET.position)), 0.859),
    (gwet.figure(GWET, weights.quadratic(GWET.position)), 0.914),
    (fleiss.figure(GWET, weights.linear(GWET.position)), 0.818),
    (fleiss.figure(GWET, weights.quadratic(GWET.position)), 0.865),
    (percent.figure(ABSTRACTORS), 0.89), (gwet.figure(ABSTRACTORS), 0.8493305),
    (krippendorff.figure(ABSTRACTORS), 0.7972585), (fleiss.figure(ABSTRACTORS), 0.7962397),  # Scott's pi
    (percent.figure(from_counts(examples.FLEISS_1971)), 0.5511111),
    (fleiss.figure(from_counts(examples.FLEISS_1971)), 0.4139265),
    (gwet.figure(from_counts(examples.FLEISS_1971)), 0.4448007),
    (krippendorff.figure(from_counts(examples.FLEISS_1971)), 0.4204384),
    (fleiss.figure(from_counts(examples.TEN_BY_FOURTEEN)), 0.210),
])
def test_published_values(figure: Figure, published: float) -> None:
    digits = len(str(published).split(".")[1])
    assert figure.value == pytest.approx(published, abs=0.6 * 10**-digits)


def test_gwet_counts_tasks_with_one_answer_only_for_how_common_labels_are() -> None:
    # given the twelfth subject, which one rater alone has judged: eleven tasks carry pairs
    found = measured(gwet.figure(GWET))
    assert (found.tasks, found.answers) == (11, 40)
    assert found.low is not None


tables = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1, max_size=10)


@given(tables)
@settings(max_examples=50, deadline=None)
def test_the_value_is_what_the_sums_over_tasks_give(rows: list[list[int]]) -> None:
    table = from_counts(np.array(rows, float))
    for make in ALL:
        figure = make(table)
        if figure.value is None:
            assert figure.reason
        else:
            assert figure.of(figure.statistics.sum(0)[None])[0] == pytest.approx(figure.value, abs=1e-9)


@given(tables)
@settings(max_examples=50, deadline=None)
def test_all_tasks_twice_changes_no_coefficient_that_weighs_tasks_alike(rows: list[list[int]]) -> None:
    once, twice = (from_counts(np.array(rows * times, float)) for times in (1, 2))
    for make in (percent.figure, distance.figure, fleiss.figure, gwet.figure):
        first, second = make(once).value, make(twice).value
        assert (first is None and second is None) or second == pytest.approx(first)


@given(st.lists(st.lists(st.integers(-20, 20), min_size=2, max_size=5), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_mean_difference_equals_all_pairs_one_by_one(tasks: list[list[int]]) -> None:
    said = np.full((5, len(tasks)), np.nan)
    for at, numbers in enumerate(tasks):
        said[:len(numbers), at] = numbers
    expected = np.mean([np.mean([abs(a - b) for a, b in combinations(numbers, 2)]) for numbers in tasks])
    assert distance.figure(examples.table(said)).value == pytest.approx(expected)


@pytest.mark.parametrize("make", [percent.figure, fleiss.figure, gwet.figure])
def test_the_interval_covers_the_true_value(make: Callable[[Table], Figure]) -> None:
    rng = np.random.default_rng(6)
    true = make(examples.table(examples.crowd(rng, 200_000))).value
    found = [measured(make(examples.table(examples.crowd(rng, 60))), replicates=300, seed=n) for n in range(100)]
    assert 89 <= sum(one.low <= true <= one.high for one in found) <= 99  # type: ignore[operator]


def test_prevalence_lowers_kappa_and_not_gwet() -> None:
    # given two raters who agree on 118 of 125 tasks, but only once on the rare label (Gwet's paradox)
    rare = np.array([[117, 3], [4, 1]])
    table = examples.table(np.array(examples.judged(rare), float))
    assert percent.figure(table).value == pytest.approx(118 / 125)
    assert fleiss.figure(table).value < 0.3  # type: ignore[operator]
    assert gwet.figure(table).value > 0.9  # type: ignore[operator]


def test_perfect_agreement_is_one_in_every_coefficient() -> None:
    table = from_counts(np.array([[3.0, 0], [0, 2], [4, 0], [0, 3]]))
    assert [make(table).value for make in ALL] == [1.0, 0.0, 1.0, 1.0, 1.0]
    assert gwet.figure(table, weights.quadratic(table.position)).value == 1.0


@pytest.mark.parametrize("votes", [np.zeros((0, 3)), np.zeros((3, 0)), np.zeros((3, 2)), np.eye(3)])
def test_without_two_answers_there_is_no_agreement(votes: np.ndarray) -> None:
    for make in ALL:
        found = measured(make(from_counts(votes)))
        assert (found.value, found.low, found.reason) == (None, None, "no task has two answers or more")


def test_one_label_has_no_chance_agreement() -> None:
    table = from_counts(np.array([[3.0, 0], [2, 0]]))
    for make in (fleiss.figure, gwet.figure, krippendorff.figure):
        assert "same label" in str(measured(make(table)).reason)
    assert percent.figure(table).value == 1.0
