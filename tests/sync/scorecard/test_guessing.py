"""Who answers no better than by guessing is told so, and nobody else."""

from __future__ import annotations

import numpy as np
import pytest

from sync.assess import assess
from sync.observations import observe
from sync.scorecard.card import cards
from sync.scorecard.guessing import guessing
from tests.sync.scorecard.crowds import crowd


@pytest.mark.parametrize("seed", range(3))
def test_a_random_clicker_is_told_and_careful_people_are_not(seed: int) -> None:
    # given eight careful people, one of whom clicks at random instead
    some = crowd(seed, skill=np.full(8, 1.8), tasks=300, per_task=4)
    own = some.annotator == 0
    some.label[own] = np.random.default_rng(seed).integers(0, 3, own.sum())
    # when their cards are made
    found = cards(some.observations(), assess(some.observations()))
    # then the clicker alone is told to guess, with what guessing would reach
    told = {who: flag["sentence"] for who, card in found.items() for flag in card["flags"]
            if flag["kind"] == "guessing"}
    assert set(told) == {"ann0"}
    assert "guessing would be in 3" in told["ann0"]
    assert found["ann0"]["bands"]["independence"] == "guessing"


def test_careful_teams_raise_hardly_an_alarm() -> None:
    # given thirty teams, whose members are of unequal skill, none of them guessing
    alarms = 0
    for seed in range(30):
        some = crowd(100 + seed, skill=np.random.default_rng(seed).uniform(0.8, 2.5, 10), tasks=200, per_task=3)
        seen = some.observations()
        found = assess(seen)
        one = guessing(seen.annotator, seen.label, found.fit.prior, found.performance, found.crowd_mean)
        alarms += bool(one.told.any())
    assert alarms <= 1


def test_few_answers_tell_nothing_and_nobody_is_no_error() -> None:
    few = observe(["a", "b"], ["x", "y"], ["1", "2"])
    found = assess(few)
    one = guessing(few.annotator, few.label, found.fit.prior, found.performance, found.crowd_mean)
    assert not one.told.any()
    assert np.isfinite(one.p).all()
