"""The tests behind the gate: exact where counts are small, seldom wrong by chance, quick where there is something."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_backend.judging.paired import chance_lower, chance_more_wrong, holm, shown


def test_without_a_margin_it_is_the_exact_test_of_mcnemar():
    assert chance_more_wrong(5, 0, 100) == pytest.approx(1 / 32)
    assert chance_more_wrong(8, 2, 40) == pytest.approx(56 / 1024)
    assert chance_more_wrong(0, 7, 40) == 1.0
    assert chance_more_wrong(0, 0, 40) == 1.0


@pytest.mark.parametrize("margin", [0.0, 0.02, 0.05])
@pytest.mark.parametrize(("tasks", "both"), [(15, 0.1), (40, 0.1), (200, 0.02), (200, 0.15), (1000, 0.1)])
def test_one_that_is_worse_by_just_the_margin_is_called_worse_as_seldom_as_the_level_says(tasks, both, margin):
    # Given two models that differ on a share of tasks, the new one worse by just the margin
    rng = np.random.default_rng(0)
    counts = rng.multinomial(tasks, [both / 2 + margin, both / 2, 1 - both - margin], 3000)
    for level in (0.05, 0.1):
        known = {tuple(row): chance_more_wrong(int(row[0]), int(row[1]), tasks, margin) for row in np.unique(
            counts[:, :2], axis=0)}
        refused = np.mean([known[tuple(row)] <= level for row in counts[:, :2]])
        assert refused <= level + 0.015


def test_a_fall_that_is_said_to_be_shown_is_shown_in_about_four_cases_of_five():
    rng = np.random.default_rng(1)
    tasks, differing = 400, 48
    fall = shown(tasks, differing, 0.05)
    counts = rng.multinomial(tasks, [differing / tasks / 2 + fall / 2, differing / tasks / 2 - fall / 2,
                                     1 - differing / tasks], 1000)
    assert 0.7 <= np.mean([chance_more_wrong(int(b), int(c), tasks) <= 0.05 for b, c, _ in counts]) <= 0.9


def test_equal_log_scores_are_called_lower_as_seldom_as_the_level_says_also_with_wild_differences():
    rng = np.random.default_rng(2)
    found = [chance_lower(rng.standard_t(2, 30)) <= 0.05 for _ in range(300)]
    assert np.mean(found) <= 0.09
    assert chance_lower(np.full(12, -0.1)) < 0.01
    assert chance_lower(np.zeros(30)) == 1.0
    assert chance_lower(rng.normal(-0.2, 1, 2000)) < 0.001


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 40), st.sampled_from([0.0, 0.01, 0.1, 0.5]))
@settings(max_examples=50, deadline=None)
def test_it_is_a_chance_falls_with_losses_and_grows_with_the_margin(lost, won, more, margin):
    tasks = lost + won + more + 1
    found = chance_more_wrong(lost, won, tasks, margin)
    assert 0 <= found <= 1
    assert chance_more_wrong(lost + 1, won, tasks, margin) <= found + 1e-9
    assert chance_more_wrong(lost, won, tasks, margin + 0.05) >= found - 1e-9


def test_holm_shares_the_chance_among_all_that_are_tested():
    assert holm([0.001, 0.02, 0.04], 0.05) == [True, True, True]
    assert holm([0.03, 0.04, 0.9], 0.05) == [False, False, False]
    assert holm([], 0.05) == []
