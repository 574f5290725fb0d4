"""The alarm: looked at after every audit it rings seldom by chance, and soon where errors have risen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_backend.judging.alarm import Counts, looks
from ml_backend.judging.wealth import above, highest
from ml_backend.policy.policy import Rollback

POLICY = Rollback()


def run(rng, new, old, audits, *, known=1.0, before=0, both=0.5):
    """Audit after which the alarm rings, looked at after each; None: never.

    new, old: shares of errors; `both`: share of the smaller one that both make; known: share of the audits that the
    version before predicted, too; before: its audits before the change.
    """
    shared = both * min(new, old)
    common = rng.random(audits) < shared
    mine = common | (rng.random(audits) < (new - shared) / (1 - shared))
    theirs = common | (rng.random(audits) < (old - shared) / (1 - shared))
    paired = rng.random(audits) < known
    earlier = int((rng.random(before) < old).sum())
    sums = [np.cumsum(marks) for marks in (
        paired, paired & mine & ~theirs, paired & theirs & ~mine, paired & mine, ~paired, ~paired & mine)]
    for at in range(audits):
        counts = Counts("topic", *(int(one[at]) for one in sums), before, earlier)
        if any(look.rings for look in looks([counts], POLICY)):
            return at + 1
    return None


@pytest.mark.parametrize(("known", "before"), [(1.0, 0), (0.0, 200), (0.5, 100)])
def test_it_rings_for_at_most_one_in_twenty_versions_that_are_no_worse_however_long_they_serve(known, before):
    rng = np.random.default_rng(0)
    rang = [run(rng, 0.12, 0.12, 600, known=known, before=before) is not None for _ in range(150)]
    assert np.mean(rang) <= 0.05


def test_a_rise_of_ten_points_is_found_within_a_few_hundred_audits():
    rng = np.random.default_rng(1)
    found = [run(rng, 0.20, 0.10, 600) or 600 for _ in range(60)]
    assert np.median(found) <= 160
    assert np.mean(np.array(found) < 600) >= 0.95


def test_a_collapse_is_found_at_once():
    rng = np.random.default_rng(2)
    assert np.median([run(rng, 0.6, 0.1, 100) or 100 for _ in range(30)]) <= 30
    # also where the version before said nothing of the new tasks
    assert np.median([run(rng, 0.6, 0.1, 100, known=0.0, before=100) or 100 for _ in range(30)]) <= 30


def test_harder_tasks_that_both_get_wrong_are_not_the_models_fault():
    rng = np.random.default_rng(3)
    assert sum(run(rng, 0.4, 0.4, 300, before=300) is not None for _ in range(60)) <= 4


def test_a_rise_that_the_policy_allows_does_not_ring():
    # Given errors that rose for sure, by three points
    counts = Counts("topic", 10_000, 500, 200, 1_000, 0, 0, 0, 0)
    [look] = looks([counts], POLICY)
    assert (look.evidence > look.needed, round(look.rise, 3), look.rings) == (True, 0.03, False)
    assert looks([counts], Rollback(rise=0.02))[0].rings


def test_without_audits_there_is_nothing_to_say():
    assert looks([Counts("topic", 0, 0, 0, 0, 0, 0, 0, 0)], POLICY) == []
    assert looks([], POLICY) == []
    few = Counts("topic", 10, 10, 0, 10, 0, 0, 0, 0)
    assert not looks([few], POLICY)[0].rings


@given(st.integers(0, 80), st.integers(0, 80), st.floats(0.05, 0.95))
@settings(max_examples=50, deadline=None)
def test_wealth_is_fair_if_the_rate_is_the_bound(marked, more, rate):
    # one more mark, drawn at the rate of the bound, changes the wealth by nothing on average
    seen = marked + more
    now = above(marked, seen, rate)
    after = np.logaddexp(np.log(rate) + above(marked + 1, seen + 1, rate),
                         np.log1p(-rate) + above(marked, seen + 1, rate))
    assert after == pytest.approx(now, abs=1e-4)


def test_the_upper_end_is_that_of_clopper_and_pearson():
    assert highest(0, 10, 0.975) == pytest.approx(0.3085, abs=1e-4)
    assert highest(10, 10, 0.975) == highest(0, 0, 0.975) == 1.0
