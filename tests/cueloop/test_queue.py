"""The queue on a real Valkey with real RQ workers: one at a time, one more run, nothing lost."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from cueloop import audit, cancelling, inline
from cueloop.cancelling import Cancelled, NotCancelled, cancel
from cueloop.errors import Conflict, QueueUnavailable
from cueloop.queue import Jobs, connect
from cueloop.store import schema
from cueloop.store.columns import now
from cueloop.store.schema import jobs as table

HERE = "tests.cueloop.jobs_for_tests"
WORK = "from cueloop.queue import work; import sys; work(sys.argv[1], burst=True)"


@pytest.fixture
def queue(store, valkey):
    with connect(valkey) as redis:
        redis.flushall()
    return Jobs(valkey, store)


@pytest.fixture
def worker(store, valkey, tmp_path):
    """Starts a burst worker as a process of its own, as the supervisor would."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", WORK, valkey], cwd=Path(__file__).parents[2],
            env={**os.environ, "CUELOOP_DATABASE_URL": store.url.render_as_string(hide_password=False),
                 "CUELOOP_REDIS_URL": valkey, "CUELOOP_HOME": str(tmp_path / "home")})
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def _until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def _states(store):
    with store.read() as conn:
        return list(conn.scalars(sa.select(table.c.state).order_by(table.c.key)))


def test_a_job_waits_once_however_often_it_is_asked_for(queue, worker, store, tmp_path):
    out = str(tmp_path / "out")
    assert queue.enqueue_once("train", 1, f"{HERE}.append", out, "ran")
    assert not queue.enqueue_once("train", 1, f"{HERE}.append", out, "ran")
    assert queue.enqueue_once("train", 2, f"{HERE}.append", out, "ran")  # another project is another job
    assert worker().wait(60) == 0
    assert Path(out).read_text() == "ran\nran\n"
    assert queue.state("train", 1)["detail"] == {"wrote": "ran"}


def test_an_event_during_a_run_causes_one_more_run(queue, worker, store, tmp_path):
    # Given a job that is running
    out, go = str(tmp_path / "out"), str(tmp_path / "go")
    queue.enqueue_once("train", 1, f"{HERE}.append", out, "ran", go)
    process = worker()
    _until(Path(out + ".started").exists)
    # When three events come
    for _ in range(3):
        assert not queue.enqueue_once("train", 1, f"{HERE}.append", out, "ran", go)
    Path(go).touch()
    # Then it runs twice in all
    assert process.wait(60) == 0
    assert Path(out).read_text() == "ran\nran\n"
    assert _states(store) == ["done", "done"]


def test_a_job_that_failed_once_can_be_enqueued_again(queue, worker, store, tmp_path):
    assert queue.enqueue_once("train", 1, f"{HERE}.refuse", "x")
    assert worker().wait(60) == 0
    assert queue.state("train", 1)["error"] == "Only one class: label more."
    assert queue.enqueue_once("train", 1, f"{HERE}.append", str(tmp_path / "out"), "ran")
    assert worker().wait(60) == 0
    assert _states(store) == ["failed", "done"]


def test_a_job_whose_worker_died_is_not_waited_for(queue, worker, store, tmp_path):
    # Given a job whose process ended in the middle (RQ tries it again later)
    queue.enqueue_once("train", 1, f"{HERE}.die", str(tmp_path / "out"))
    worker().wait(60)
    assert Path(str(tmp_path / "out") + ".started").exists()
    # When Redis forgets it as well
    with connect(queue.redis_url) as redis:
        redis.flushall()
    # Then the next event starts anew
    assert queue.enqueue_once("train", 1, f"{HERE}.append", str(tmp_path / "out"), "ran")
    assert worker().wait(60) == 0
    assert _states(store) == ["failed", "done"]


@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:1/0"])
def test_no_redis_is_one_sentence_and_leaves_no_row(store, url):
    with pytest.raises(QueueUnavailable, match="CUELOOP_REDIS_URL"):
        Jobs(url, store).enqueue_once("train", 1, f"{HERE}.append", "x", "y")
    assert _states(store) == []


def _audit(store):
    with store.read() as conn:
        audit.verify(conn)
        return [(row.actor, row.action, row.subject, row.detail["was"])
                for row in conn.execute(sa.select(schema.audit).order_by(schema.audit.c.key))]


def test_several_reasons_make_one_job_and_stand_in_it(queue, store):
    for why in ("40 new labels", "the score has fallen", "40 new labels"):
        queue.enqueue_once("train", 1, f"{HERE}.append", "x", "ran", why=why)
    assert queue.state("train", 1)["why"] == "40 new labels; the score has fallen"


def test_one_more_run_knows_who_asked_for_it(queue, worker, store, tmp_path):
    out, go = str(tmp_path / "out"), str(tmp_path / "go")
    queue.enqueue_once("train", 1, f"{HERE}.append", out, "ran", go, why="40 new labels")
    process = worker()
    _until(Path(out + ".started").exists)
    queue.enqueue_once("train", 1, f"{HERE}.append", out, "ran", go, why="the button was pressed")
    Path(go).touch()
    assert process.wait(60) == 0
    with store.read() as conn:
        assert list(conn.scalars(sa.select(table.c.why).order_by(table.c.key))) == [
            "40 new labels", "the button was pressed"]


def test_a_job_that_waits_is_cancelled_and_never_begun(queue, worker, store, tmp_path):
    out = str(tmp_path / "out")
    queue.enqueue_once("train", 1, f"{HERE}.append", out, "ran")
    assert cancel(store, "train", 1, actor="kim")["state"] == "queued"
    assert worker().wait(60) == 0
    assert not Path(out).exists()
    assert _states(store) == ["cancelled"]
    assert _audit(store) == [("kim", "train cancelled", "project 1", "queued")]
    # And the next one is another job
    assert queue.enqueue_once("train", 1, f"{HERE}.append", out, "ran")


@pytest.mark.parametrize("job", ["endless", "counting"])
def test_a_job_that_runs_is_cancelled_wherever_it_is(queue, worker, store, tmp_path, job):
    # Given a job that runs in a worker's process, and an event that asked for one more run
    out = str(tmp_path / "out")
    queue.enqueue_once("train", 1, f"{HERE}.{job}", out)
    process = worker()
    _until(Path(out + ".started").exists)
    queue.enqueue_once("train", 1, f"{HERE}.{job}", out)
    # When it is cancelled here
    cancel(store, "train", 1, actor="kim")
    cancel(store, "train", 1, actor="kim")
    # Then it ends there, is not tried again, and the audit log says who did it, once
    _until(lambda: _states(store) == ["cancelled"], seconds=5)
    assert process.wait(60) == 0
    assert not Path(out).exists()
    assert _audit(store) == [("kim", "train cancelled", "project 1", "running")]
    with pytest.raises(NotCancelled, match="No train of project 1"):
        cancel(store, "train", 1, actor="kim")


def test_from_some_point_on_it_is_too_late(queue, worker, store, tmp_path):
    out = str(tmp_path / "out")
    queue.enqueue_once("train", 1, f"{HERE}.endless", out, True)
    process = worker()
    _until(Path(out + ".started").exists)
    with pytest.raises(NotCancelled, match="too late"):
        cancel(store, "train", 1, actor="kim")
    Path(out + ".go").touch()
    assert process.wait(60) == 0
    assert _states(store) == ["done"]


def test_whoever_asked_just_before_that_point_is_heard(store):
    with store.write() as conn:
        conn.execute(table.insert().values(kind="train", project_id=1, function="f", args=[], timeout=1, attempts=1,
                                           state="running", again=False, queued_at=now(), started_at=now()))
    job = cancel(store, "train", 1, actor="kim")
    with pytest.raises(Cancelled), cancelling.heard(store, job["key"]):
        cancelling.no_way_back()


def test_a_cancelled_job_whose_worker_died_is_not_begun_again(queue, worker, store, tmp_path):
    # Given a job whose process ended in the middle: RQ will try it again
    queue.enqueue_once("train", 1, f"{HERE}.die", str(tmp_path / "out"))
    worker().wait(60)
    assert _states(store) == ["running"]
    # When it is cancelled before that
    cancel(store, "train", 1, actor="kim")
    with connect(queue.redis_url) as redis:
        redis.flushall()
    # Then it has ended as soon as somebody looks
    assert queue.bury("train", 1)
    assert _states(store) == ["cancelled"]


def test_a_command_runs_a_job_of_its_own_and_is_alone_with_it(queue, store):
    queue.enqueue_once("train", 1, f"{HERE}.append", "x", "ran", why="40 new labels")
    with inline.here(store, "train", 1, why="asked for by kim") as job:
        # what waited was taken over; a second command and a worker's job find it running
        job.progress(1, 4, "training")
        assert queue.state("train", 1)["why"] == "40 new labels; asked for by kim"
        assert queue.state("train", 1)["progress"] == {"done": 1, "total": 4, "what": "training"}
        with pytest.raises(Conflict, match="runs already"), inline.here(store, "train", 1, why="me, too"):
            pass
        assert not queue.enqueue_once("train", 1, f"{HERE}.append", "x", "ran")
        job.done({"version": "v1"})
    assert _states(store) == ["cancelled", "done"]
    assert queue.state("train", 1)["detail"] == {"version": "v1"}


def test_a_command_that_was_killed_leaves_the_way_free(queue, store):
    with inline.here(store, "train", 1, why="x") as job, store.write() as conn:
        gone = {"here": job._detail["here"] | {"since": 1.0}}
        conn.execute(table.update().values(detail=gone))
        conn.execute(table.insert().values(kind="other", function="f", args=[], timeout=1, attempts=1, detail=gone,
                                           state="running", again=False, queued_at=now(), started_at=now()))
    with inline.here(store, "other", None, why="x"):
        pass
    assert _states(store) == ["done", "failed", "done"]


def test_telling_progress_often_asks_the_store_rarely(store, monkeypatch):
    asked, moment = [], [100.0]
    monkeypatch.setattr(cancelling.time, "monotonic", lambda: moment[0])
    with inline.here(store, "train", 1, why="x"):
        looks = cancelling._asked
        monkeypatch.setattr(cancelling, "_asked", lambda job: (
            threading.current_thread() is threading.main_thread() and asked.append(moment[0])) or looks(job))
        for _ in range(100):
            moment[0] += cancelling.LOOK_SECONDS / 10
            cancelling.check()
    assert len(asked) == 10


def test_a_command_is_cancelled_by_another(store):
    with pytest.raises(Cancelled), inline.here(store, "train", 1, why="x"):
        _cancelled(store)
    assert _states(store) == ["cancelled"]


def _cancelled(store):
    cancel(store, "train", 1, actor="kim")
    while True:
        time.sleep(0.02)
