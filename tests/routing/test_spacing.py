"""Where checks stand in somebody's work: spread evenly, never clustered, at places that nobody can count out."""

from __future__ import annotations

import itertools
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.checking import spacing

SHARES = (0.01, 0.02, 0.06, 0.1, 0.25, 0.33, 0.5)


def places(share: float, salt: str, runs: int = 300) -> list[int]:
    """How many tasks come before each check."""
    return [spacing.place(run, share, salt) for run in range(runs)]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("person", [1, 7, 4711])
def test_two_checks_lie_half_a_run_apart_and_any_stretch_has_its_share(share: float, person: int) -> None:
    found = places(share, f"gold:3:{person}")
    gaps = [after - before - 1 for before, after in itertools.pairwise(found)]
    assert min(gaps) >= spacing.between(share)
    for length in (30, 100, 1000):
        for start in range(0, found[-1] - length, 7):
            count = sum(start <= at < start + length for at in found)
            assert floor(length * share) - 1 <= count <= ceil(length * share) + 1


def test_at_six_percent_no_two_checks_are_ever_neighbours_and_gaps_differ() -> None:
    found = places(0.06, "gold:1:1", 2_000)
    gaps = [after - before for before, after in itertools.pairwise(found)]
    assert min(gaps) >= 8
    assert max(gaps) <= 26
    assert len(set(gaps)) > 10


def test_places_are_the_same_at_every_look_and_differ_between_people() -> None:
    assert places(0.06, "gold:1:1") == places(0.06, "gold:1:1")
    assert places(0.06, "gold:1:1") != places(0.06, "gold:1:2")


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(SHARES), st.integers(0, 10_000), st.lists(st.integers(1, 40), min_size=5, max_size=60))
def test_whatever_comes_late_or_is_missed_checks_stay_apart(share: float, begun: int, steps: list[int]) -> None:
    # Given somebody who had done `begun` tasks before, and a Cueloop that looks in only now and then
    done, last, asked, since, salt = begun, None, [], None, "gold:1:1"
    for step in steps:
        done, since = done + step, None if since is None else since + step
        run = spacing.next_run(done, share, salt, last)
        ahead = spacing.rank(done, since, share, salt, run)
        if ahead == 0:                      # it is served next, and answered at once
            asked.append(done)
            done, last, since = done + 1, run, 0
    # Then no two are closer than they may be, and never more than their share is asked
    assert all(after - before - 1 >= spacing.between(share)
               for before, after in itertools.pairwise(asked))
    assert len(asked) <= ceil((done - begun) * share) + 1


def test_what_was_missed_is_not_made_up_for() -> None:
    # Given somebody with a thousand tasks done before there was any gold
    run = spacing.next_run(1000, 0.06, "s", None)
    assert spacing.place(run, 0.06, "s") >= 1000
    # and somebody whose last check is long ago
    assert spacing.next_run(1000, 0.06, "s", 3) == 60


def test_a_check_takes_its_place_between_its_neighbours() -> None:
    others = [0.9, 0.4, 0.7, 0.2]
    assert spacing.priority(2, others) == 0.55
    assert 0.2 < spacing.priority(3, others) < 0.4
    assert spacing.priority(0, others) > 0.9
    assert spacing.priority(9, others) < 0.2
    assert spacing.priority(3, []) == 1.0


def test_among_equals_it_comes_after_them_rather_than_too_soon() -> None:
    assert spacing.priority(1, [1.0, 1.0, 1.0, 0.5]) == 0.75
    assert spacing.priority(1, [1.0, 1.0]) < 1.0
    assert spacing.priority(1, [0.0, 0.0]) == 0.0
