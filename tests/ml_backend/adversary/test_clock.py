"""The clock is set back, as after a wrong date or a machine that was restored: nothing waits until it has caught up."""

from datetime import UTC, datetime, timedelta

from cueloop.store import figures
from ml_backend.judging import rest as looking
from ml_backend.triggers.rest import Job, rests

NOW, LATER = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 3, 12, tzinfo=UTC)


def test_a_look_at_audits_that_is_yet_to_come_is_no_reason_to_wait(store, project, monkeypatch):
    # Given audits that were looked at the day after tomorrow
    monkeypatch.setattr(figures, "now", lambda: LATER)
    with store.write() as conn:
        figures.write(conn, 1, figures.PROJECT, "watch", {"version": "v1"})
    monkeypatch.setattr(looking, "now", lambda: NOW)
    # Then they are looked at now, not in two days: a worse version would serve until then
    with store.read() as conn:
        assert looking.rested(conn, 1, "watch", {"version": "v1"}, timedelta(seconds=60))


def test_trainings_that_are_yet_to_come_do_not_rest_the_next():
    pause = timedelta(minutes=10)
    assert rests([Job("failed", LATER, LATER, LATER)], pause, NOW) is None
    assert rests([Job("running", LATER, LATER, None)], pause, NOW) is None      # the queue knows whether it lives
    assert rests([Job("failed", NOW, NOW, NOW)], pause, NOW)
    assert rests([Job("running", NOW, NOW, None)], pause, NOW)
