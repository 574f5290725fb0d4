"""The queue on a real Valkey with real RQ workers: one at a time, one more run, nothing lost."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from cueloop.errors import QueueUnavailable
from cueloop.queue import Jobs, connect
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
