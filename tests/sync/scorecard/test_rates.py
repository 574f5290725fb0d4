"""Intervals and tests against published examples and sums by hand."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sync.scorecard.correction import holm, holm_where
from sync.scorecard.medians import median_interval, others_median, quantile_by
from sync.scorecard.order import grouped
from sync.scorecard.rates import at_least, clopper_pearson, difference, lower_bound, wilson


def array(*values: float) -> np.ndarray:
    return np.array(values, float)


def test_81_of_263_as_published() -> None:
    # Newcombe 1998, Statistics in Medicine 17:857, table I: methods 3 (score) and 5 (exact)
    assert_allclose(np.ravel(wilson(array(81), array(263))), [0.2553, 0.3662], atol=5e-5)
    assert_allclose(np.ravel(clopper_pearson(array(81), array(263))), [0.2527, 0.3676], atol=5e-5)
    # and 15 of 148, and 0 of 20
    assert_allclose(np.ravel(wilson(array(15, 0), array(148, 20))), [0.0624, 0, 0.1605, 0.1611], atol=5e-5)
    assert_allclose(np.ravel(clopper_pearson(array(15, 0), array(148, 20))), [0.0578, 0, 0.1617, 0.1684], atol=5e-5)


def test_56_of_70_less_48_of_80_as_published() -> None:
    # Newcombe 1998, Statistics in Medicine 17:873, table II, row (a), method 10
    first, second = array(56 / 70), array(48 / 80)
    low, high = difference(first, *wilson(array(56), array(70)), second, *wilson(array(48), array(80)))
    assert_allclose([low[0], high[0]], [0.0524, 0.3339], atol=5e-5)


def test_nothing_known_is_anything() -> None:
    for interval in (wilson, clopper_pearson):
        low, high = interval(array(0), array(0))
        assert (low[0], high[0]) == (0, 1)
    assert lower_bound(array(0, 0), array(0, 9)).tolist() == [0, 0]
    # somebody right on all of 20: at 95 % they are right on at least the 20th root of .05
    assert lower_bound(array(20), array(20))[0] == pytest.approx(0.05 ** (1 / 20))


def test_the_tail_is_the_sum_of_the_binomial() -> None:
    by_hand = sum(comb(9, k) * 0.3**k * 0.7 ** (9 - k) for k in range(6, 10))
    assert_allclose(at_least(array(6, 0, 10), array(9, 9, 9), 0.3), [by_hand, 1, 0])


def test_corrections_by_hand() -> None:
    p = array(0.01, 0.04, 0.03, 0.005)
    assert_allclose(holm(p), [0.03, 0.06, 0.06, 0.02])
    assert_allclose(holm(array(0.001), tests=20), [0.02])
    assert_allclose(holm_where(p, np.array([True, False, True, False])), [0.02, 1, 0.03, 1])
    assert len(holm(array())) == 0


values = st.lists(st.tuples(st.integers(0, 70_000), st.one_of(st.just(np.nan), st.integers(1, 9).map(float))),
                  max_size=30)


@given(values)
@settings(max_examples=50, deadline=None)
def test_groups_are_sorted_as_a_lexical_sort_does(rows: list[tuple[int, float]]) -> None:
    group, value = np.array([g for g, _ in rows], int), np.array([v for _, v in rows], float)
    assert grouped(group, value).tolist() == np.lexsort((value, group)).tolist()


@given(values)
@settings(max_examples=50, deadline=None)
def test_the_median_of_the_others_is_just_that(rows: list[tuple[int, float]]) -> None:
    group, value = np.array([g % 3 for g, _ in rows], int), np.array([v for _, v in rows], float)
    found = others_median(group, value, 3)
    for at in range(len(rows)):
        rest = [v for i, v in enumerate(value) if i != at and group[i] == group[at] and not np.isnan(v)]
        assert found[at] == np.median(rest) if len(rest) >= 2 else np.isnan(found[at])


def test_the_interval_of_a_median_has_ranks_of_the_binomial() -> None:
    # given 25 values: the 95 % interval runs from the 8th to the 18th (tables of the sign test)
    median, low, high, size = median_interval(np.zeros(25, int), np.arange(1.0, 26), 2)
    assert (median[0], low[0], high[0], size[0]) == (13, 8, 18, 25)
    assert np.isnan([median[1], low[1], high[1]]).all()
    # and five values are too few for one
    median, low, _, _ = median_interval(np.zeros(5, int), np.arange(5.0), 1)
    assert median[0] == 2
    assert np.isnan(low[0])


def test_the_interval_of_a_median_holds_the_truth() -> None:
    rng = np.random.default_rng(1)
    value = rng.lognormal(2, 1, (4000, 40))
    _, low, high, _ = median_interval(np.repeat(np.arange(4000), 40), value.ravel(), 4000)
    assert 0.95 <= ((low <= np.exp(2)) & (np.exp(2) <= high)).mean() <= 0.975


def test_quantiles_leave_out_what_is_unknown() -> None:
    found, size = quantile_by(np.array([0] * 11 + [1]), np.array([*range(11), np.nan], float), 2, 0.1)
    assert found[0] == 1
    assert np.isnan(found[1])
    assert size.tolist() == [11, 0]
