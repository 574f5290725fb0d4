"""The clock as a reason, and the rest between trainings."""

from datetime import UTC, datetime, timedelta

import pytest

from ml_backend.policy.policy import Clock, Triggers
from ml_backend.triggers.rest import Job, pause_after, rests
from ml_backend.triggers.schedule import next_strike, scheduled

THURSDAY = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
MONDAY_3 = Triggers(at=(Clock(0, 180),), time_zone="Europe/Berlin")


def hours(n):
    return THURSDAY + timedelta(hours=n)


def test_no_schedule_is_no_look():
    assert scheduled(Triggers(), THURSDAY, None, hours(9999), changed=True) is None


def test_every_so_often_counts_from_the_last_training():
    policy = Triggers(every=86_400)
    early, late = (scheduled(policy, THURSDAY, None, hours(n), changed=True) for n in (23, 25))
    assert not early.due
    assert "2026-11-20 12:00 UTC" in early.said
    assert late.due
    assert late.said == "the schedule says so (every 1d)"


def test_where_nothing_was_labelled_the_clock_is_no_reason():
    look = scheduled(Triggers(every=86_400), THURSDAY, None, hours(25), changed=False)
    assert not look.due
    assert "nothing was labelled" in look.said


def test_a_day_and_time_is_in_its_zone():
    # Monday 03:00 in Berlin is 02:00 UTC in winter
    assert next_strike(Clock(0, 180), "Europe/Berlin", THURSDAY) == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert next_strike(Clock(None, 12 * 60), "UTC", THURSDAY) == hours(24)
    assert not scheduled(MONDAY_3, THURSDAY, None, hours(85), changed=True).due
    assert scheduled(MONDAY_3, THURSDAY, None, hours(87), changed=True).due


def test_an_hour_that_summer_time_leaves_out_still_comes():
    before = datetime(2026, 3, 29, 0, 0, tzinfo=UTC)    # at 02:00 clocks go to 03:00
    assert next_strike(Clock(6, 150), "Europe/Berlin", before) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_applying_a_schedule_trains_nothing_for_times_that_have_passed():
    long_ago = THURSDAY - timedelta(days=30)
    assert scheduled(MONDAY_3, long_ago, None, THURSDAY, changed=True).due
    assert not scheduled(MONDAY_3, long_ago, THURSDAY - timedelta(hours=1), THURSDAY, changed=True).due


def job(state, ended=None, started=0, error=None):
    at = hours(started)
    return Job(state, at, at, None if ended is None else hours(ended), error)


@pytest.mark.parametrize(("jobs", "said"), [
    ([], None), ([job("done", 0)], None), ([job("queued")], "waits for a worker"), ([job("running")], "runs"),
    ([job("failed", 0, error="Only one class.")], "Only one class.")])
def test_why_nothing_is_begun(jobs, said):
    found = rests(jobs, timedelta(minutes=10), hours(0) + timedelta(minutes=1))
    assert found is None if said is None else said in found


def test_each_failure_in_a_row_doubles_the_pause_up_to_a_day():
    minutes = [pause_after([job("failed", 0)] * n + [job("done", 0), job("failed", 0)], timedelta(minutes=10))
               for n in (1, 2, 3, 20)]
    assert minutes == [timedelta(minutes=10), timedelta(minutes=20), timedelta(minutes=40), timedelta(days=1)]
    assert rests([job("failed", 0)] * 3, timedelta(minutes=10), hours(0.6))
    assert not rests([job("failed", 0)] * 3, timedelta(minutes=10), hours(0.7))
