"""Chances that were written down for a part of the candidates only."""

from __future__ import annotations

import pytest

from routing.backtest.history import Logged


def test_those_beyond_the_listed_share_what_is_left_if_they_surely_were_candidates() -> None:
    logged = Logged(0, (7,), 0.1, {0: 0.5, 1: 0.3}, others=8, others_chance=0.2)
    assert logged.chance(0, 10) == 0.5
    assert logged.chance(5, 10) == pytest.approx(0.025)      # all of the other eight were candidates
    assert logged.chance(7, 100) == pytest.approx(0.025)     # asked, so a candidate
    assert logged.chance(5, 100) == 0                        # nobody knows


def test_without_others_only_the_listed_have_a_chance() -> None:
    logged = Logged(0, (0,), 0.5, {0: 0.5, 1: 0.5})
    assert logged.chance(1, 2) == 0.5
    assert logged.chance(2, 2) == 0
