"""`cueloop status` and `cueloop worker` without a supervisor."""

import json

from click.testing import CliRunner

from console.cli import main
from console.parts import running
from cueloop.store import Store, rollouts
from cueloop.store.columns import now
from cueloop.store.schema import annotations, jobs, projects, routes, tasks
from routing.choosing.refill import LAST


def run(*arguments):
    return CliRunner().invoke(main, list(arguments))


def test_an_empty_home_says_what_to_do_next(home):
    said = run("status")
    assert said.exit_code == 0
    assert "`cueloop up`" in said.output
    assert "`cueloop connect --project ID`" in said.output


def test_projects_and_jobs_are_told(home):
    store = Store.open(home.store_url)
    with store.write() as conn:
        conn.execute(projects.insert().values(id=7, title="Reviews", label_config="<View/>", mode="connected",
                                              connected_at=now()))
        conn.execute(jobs.insert().values(kind="train", project_id=7, function="f", args=[7], timeout=60,
                                          state="failed", again=False, attempts=3, queued_at=now(),
                                          error="Only one class: label more."))
    store.close()
    facts = json.loads(run("status", "--json").output)
    assert facts["projects"][0] | {"tasks": 0, "annotations": 0, "title": "Reviews"} == facts["projects"][0]
    assert facts["jobs"][0]["error"] == "Only one class: label more."
    said = run("status").output
    assert "7  Reviews (connected): 0 tasks, 0 annotations" in said
    assert "train of project 7: failed (Only one class: label more.)" in said


def test_a_version_on_its_way_into_label_studio_is_told(home):
    store = Store.open(home.store_url)
    with store.write() as conn:
        conn.execute(projects.insert().values(id=7, title="Reviews", label_config="<View/>", mode="connected",
                                              connected_at=now()))
        begun = rollouts.begin(conn, 7, "project-7", "v2", "v1")
        rollouts.move(conn, begun, rollouts.PUSHING, error="Label Studio refused all.", expected=90, pushed=40)
    store.close()
    [project] = json.loads(run("status", "--json").output)["projects"]
    assert (project["rollout"]["state"], project["rollout"]["before"]) == ("pushing", "v1")
    said = run("status").output
    assert "version v2: its predictions are being pushed (90 expected, 40 pushed)" in said
    assert "Label Studio refused all." in said


def test_a_running_job_is_told_though_redis_is_down(home, monkeypatch):
    monkeypatch.setenv("CUELOOP_REDIS_URL", "redis://127.0.0.1:1/0")
    store = Store.open(home.store_url)
    with store.write() as conn:
        conn.execute(jobs.insert().values(kind="train", project_id=7, function="f", args=[7], timeout=60,
                                          state="running", again=False, attempts=1, queued_at=now()))
    store.close()
    said = run("status")
    assert said.exit_code == 0
    assert "Redis does not answer" in said.output


def test_another_program_with_the_id_of_a_part_is_not_taken_for_it(home):
    import os

    running.write(home.home, {"Valkey": os.getpid()})
    assert set(running.read(home.home)) == {"Valkey"}
    noted = home.home / "processes.json"
    noted.write_text(noted.read_text().replace('"since": 1', '"since": 2'))
    assert running.read(home.home) == {}


def test_a_worker_without_redis_says_what_to_do(home):
    said = run("worker")
    assert said.exit_code == 1
    assert "set CUELOOP_REDIS_URL, or run `cueloop up`" in said.output


def test_a_worker_whose_redis_is_down_says_so(home, monkeypatch):
    monkeypatch.setenv("CUELOOP_REDIS_URL", "redis://127.0.0.1:1/0")
    said = run("worker", "--burst")
    assert said.exit_code == 1
    assert "Redis does not answer" in said.output


def test_status_tells_how_routing_stands(home):
    """Given a task that nobody is left to be asked about and an answer nobody asked for, status says both."""
    store = Store.open(home.store_url)
    with store.write() as conn:
        conn.execute(projects.insert().values(id=7, title="Reviews", label_config="<View/>", mode="connected",
                                              connected_at=now()))
        conn.execute(tasks.insert().values(key=1, project_id=7, id=1, created_at=now(), updated_at=now(), data={},
                                           cue={}))
        conn.execute(routes.insert().values(task=1, project_id=7, state="waiting", wanted={}, dirty=False, plan={},
                                            need=1, priority=LAST, updated_at=now()))
        conn.execute(annotations.insert().values(
            unique_id="a", project_id=7, task=1, id=1, annotator_id=3, result=[], was_cancelled=False,
            ground_truth=False, created_at=now(), updated_at=now(), outside_queue=True))
    store.close()
    facts = json.loads(run("status", "--json").output)["projects"][0]["routing"]
    assert (facts["states"], facts["nobody"], facts["outside_queue"]) == ({"waiting": 1}, 1, 1)
    said = run("status").output
    assert "tasks that wait, for nobody is left who may be asked: 1" in said
    assert "answers of people who were not asked: 1; they count" in said
