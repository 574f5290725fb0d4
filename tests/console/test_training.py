"""`cueloop training` and `cueloop train --project`: the policy, what is due, what runs, and stopping it."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from console.cli import main
from cueloop import audit, inline
from cueloop.cancelling import cancel
from cueloop.errors import Conflict
from cueloop.queue import Jobs, connect
from cueloop.store import Store, models, projects
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import due
from ml_backend.jobs import TRAIN
from ml_backend.policy.in_force import policy
from ml_backend.triggers.examine import examine
from tests.ml_backend.conftest import Project, examples

WORK = "from cueloop.queue import work; import sys; work(sys.argv[1], burst=True)"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(home):
    opened = Store.open(home.store_url)
    yield opened
    opened.close()


@pytest.fixture
def project(store):
    return Project(store)


@pytest.fixture
def run(home, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def runs(*arguments, code=0):
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        assert result.exit_code == code, result.output
        return result.output
    return runs


@pytest.fixture
def file(tmp_path):
    def written(text="version: 1\ntrain: {growth: 10%}\n", name="training.yaml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name
    return written


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_a_file_is_checked_with_every_mistake_and_its_place(run, file):
    said = run("training", "check", file("version: 1\ntrian: {}\ngate: {margin: much}\n"), code=3)
    assert "training.yaml:2:1: a training file has no field `trian`, did you mean train?" in said
    assert "training.yaml:3:16:" in said
    facts = json.loads(run("training", "check", file("version: 1\ntrian: {}\n"), "--json", code=3))
    assert [(m["line"], m["column"]) for m in facts["mistakes"]] == [(2, 1)]
    assert "no mistakes" in run("training", "check", ROOT / "examples" / "training.yaml")


def test_a_file_comes_into_force_and_is_shown(run, file, store, project):
    said = run("training", "apply", file("version: 1\ngate: {protected: {foood: 2%}}\n"), "--author", "kim")
    assert "now in force in project 1" in said
    assert "did you mean food?" in said
    assert "already in force" in run("training", "apply", file("version: 1\ngate: {protected: {foood: 2%}}\n"))
    assert run("training", "show", "--text") == "version: 1\ngate: {protected: {foood: 2%}}\n"
    assert "applied by kim" in run("training", "show")
    # A wrong file, or somebody else's, changes nothing
    run("training", "apply", file("version: 1\ntrian: {}\n"), code=3)
    said = run("training", "apply", file(name="other.yaml"), code=3)
    assert "--replaces" in said
    assert "Nothing changed" in said
    with store.read() as conn:
        assert audit.verify(conn) == 1


def test_without_a_file_the_defaults_hold_and_the_reasons_are_told(run, project, store):
    project.add(examples(12))
    said = run("training", "show")
    assert "the defaults hold" in said
    assert "not due  first        topic: 12 labelled tasks" in said
    assert "no training file was applied" in run("training", "show", "--text").lower()
    facts = json.loads(run("training", "show", "--json"))
    assert facts["policy"] is facts["job"] is facts["last"] is facts["due"] is None
    assert facts["looks"][0]["figures"] == {"labelled": 12, "classes_with_enough": 0, "classes": 3}


def test_what_is_due_is_told_and_an_observed_project_says_that_nothing_follows(run, project, store):
    project.add(examples(60))
    assert "Due now: topic: 60 labelled tasks, enough for a first model." in run("training", "show")
    with store.write() as conn:
        conn.execute(s.projects.update().values(mode="observe"))
    said = run("training", "show")
    assert "only observed" in said
    assert "Due now" not in said
    assert "due      first" in said


def test_an_unknown_project_is_one_sentence(run, project, file):
    for arguments in (("show",), ("cancel",), ("apply", file())):
        said = run("training", *arguments, "--project", 7, code=1)
        assert "Project 7 is not connected. Connected: 1 (Topics)." in said


def test_a_project_whose_config_cannot_be_read_is_shown_all_the_same(run, project, store):
    with store.write() as conn:
        conn.execute(s.projects.update().values(label_config="<View>"))
    assert "No training is begun now" in run("training", "show")


def test_nothing_to_cancel_is_a_no(run, project):
    assert "No train of project 1 waits or runs." in run("training", "cancel", code=3)
    assert json.loads(run("training", "cancel", "--json", code=3))["cancelled"] is False


def test_training_in_the_terminal_is_a_job_that_everybody_sees(run, project, store):
    project.add(examples(90))
    facts = json.loads(run("train", "--json"))
    assert facts["promoted"]
    assert facts["card"]["why"] == "asked for on the command line"
    said = run("training", "show")
    assert ": done. Why: asked for on the command line" in said
    assert f"In service: project-1@{facts['version']}" in said


def test_training_in_the_terminal_is_refused_while_one_runs_and_stops_when_cancelled(run, project, store, monkeypatch):
    # Given a training in the terminal, slowed down
    project.add(examples(90))
    from ml_backend import training

    monkeypatch.setattr(training, "fit_temperature", lambda *_: time.sleep(60))
    seen = []

    def another_terminal():
        until(lambda: _state(store) == "running")
        try:
            with inline.here(store, "train", 1, why="me, too"):
                seen.append("begun")
        except Conflict as error:
            seen.append(str(error))
        cancel(store, "train", 1, actor="kim")
    # When another terminal tries to train as well, and then cancels it
    other = threading.Thread(target=another_terminal)
    other.start()
    said = run("train", code=3)
    other.join()
    # Then the first ends, nothing serves, and everybody knows who did it
    assert "was cancelled; nothing has changed" in said
    assert "`cueloop training cancel --project 1`" in seen[0]
    with store.read() as conn:
        assert models.champion(conn, 1) is None
        assert ("kim", "train cancelled") in {(row.actor, row.action) for row in conn.execute(sa.select(s.audit))}


def _state(store):
    with store.read() as conn:
        return conn.scalar(sa.select(s.jobs.c.state).order_by(s.jobs.c.key.desc()).limit(1))


@pytest.fixture
def queue(home, store, valkey, monkeypatch):
    with connect(valkey) as redis:
        redis.flushall()
    monkeypatch.setenv("CUELOOP_REDIS_URL", valkey)
    return Jobs(valkey, store)


@pytest.fixture
def worker(home, store, valkey):
    started = []

    def start():
        started.append(subprocess.Popen([sys.executable, "-c", WORK, valkey], cwd=ROOT, env={
            **os.environ, "CUELOOP_HOME": str(home.home), "CUELOOP_REDIS_URL": valkey, "OMP_NUM_THREADS": "1"}))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def test_a_training_in_a_worker_is_followed_to_its_end(run, project, queue, worker):
    project.add(examples(90))
    queue.enqueue_once("train", 1, TRAIN, 1, why="60 new labels")
    process = worker()
    said = run("training", "show", "--follow")
    assert ": done. Why: 60 new labels" in said
    assert process.wait(60) == 0


def test_a_training_in_a_worker_that_failed_or_was_cancelled_has_its_exit_code(run, project, queue, worker):
    project.add([e for e in examples(60) if e.label == "food"])
    queue.enqueue_once("train", 1, TRAIN, 1)
    assert worker().wait(60) == 0
    assert "failed: " in run("training", "show", "--follow", code=1)
    queue.enqueue_once("train", 1, TRAIN, 1)
    assert "cancelled" in run("training", "cancel")
    assert "cancelled" in run("training", "show", "--follow", code=3)


def test_a_training_that_runs_in_a_worker_is_cancelled_and_the_champion_stays(run, project, queue, worker, store):
    # Given a champion, and a training of many texts under way in a worker
    project.add(examples(90))
    champion = json.loads(run("train", "--json"))["version"]
    project.add(examples(30_000, seed=5))
    queue.enqueue_once("train", 1, TRAIN, 1, why="many new labels")
    process = worker()
    until(lambda: _state(store) == "running")
    # When it is cancelled
    facts = json.loads(run("training", "cancel", "--author", "kim", "--json"))
    # Then it has ended, no version came of it, and the loop does not begin it again
    assert facts["cancelled"], facts
    assert process.wait(60) == 0
    with store.read() as conn:
        assert models.champion(conn, 1).version == champion
        assert projects.get(conn, 1).model == "project-1"
        assert examine(conn, 1, policy(conn, 1)).why is None
    assert "kim cancelled the last training" in run("training", "show")


def test_the_loop_queues_one_training_with_all_its_reasons(project, queue, store):
    # Given a model of an hour ago, many new labels and a schedule
    from cueloop.store import policies
    from ml_backend.policy.file import parse
    from tests.ml_backend.test_due import _trained_on

    project.add(examples(150))
    _trained_on(store, 100)
    text = "version: 1\ntrain: {every: 30m}"
    with store.write() as conn:
        conn.execute(s.model_versions.update().values(created_at=now() - due.timedelta(hours=1)))
        policies.put_in_force(conn, 1, file="f", text=text, hash=parse(text).hash, author="kim")
    # When the loop looks several times
    for _ in range(3):
        due.step(store, None, 1, frozenset())
    # Then one job waits, and it names both
    with store.read() as conn:
        [job] = conn.execute(sa.select(s.jobs)).all()
        said = [row.detail["why"] for row in conn.execute(sa.select(s.audit)) if row.action == "train queued"]
    assert job.why == "topic: 50 newly labelled tasks since the last training; the schedule says so (every 30m)"
    assert said == [job.why]


def test_a_part_of_the_step_that_fails_stops_no_other(project, queue, store, monkeypatch):
    from ml_backend.judging import watch

    def fails(*_):
        raise RuntimeError("no such figure")
    monkeypatch.setattr(watch, "step", fails)
    project.add(examples(60))
    due.step(store, None, 1, frozenset())
    assert _state(store) == "queued"
