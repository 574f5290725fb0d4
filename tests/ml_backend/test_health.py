"""/health tells the truth: ready or not, degraded and why, at once and from memory."""

import os
import threading
import time

import httpx
import pytest

from cueloop.store import schema as s
from ml_backend.app import create_app
from ml_backend.serving import disk
from tests.ml_backend.conftest import CONFIG, examples
from tests.ml_backend.server import AUTH, predict, task


def until(look, true, seconds=20):
    """What `look` gives when it is `true` for the first time."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if true(found):
            return found
        assert time.monotonic() < end, found
        time.sleep(0.05)


def health(client):
    return client.get("/health").raise_for_status().json()


def test_a_backend_with_its_model_is_ready(serve, train):
    version = train()
    client = serve("topics")
    found = until(lambda: health(client), lambda found: found["ready"])
    assert (found["status"], found["ready"], found["degraded"], found["waiting"]) == ("UP", True, [], [])
    assert found["models"] == {"topics": version}
    assert found["process"] == os.getpid()
    assert found["looked_seconds_ago"] < 20


def test_a_process_with_its_model_in_memory_is_ready_before_its_first_look(settings, store, train, monkeypatch):
    train()
    app = create_app(settings, store, "topics", warm=True)
    monkeypatch.setattr("ml_backend.serving.health.Health.touch", lambda _: None)      # nobody has looked yet
    monkeypatch.setattr("ml_backend.serving.health.WAIT_SECONDS", 0.0)
    assert app.test_client().get("/health", auth=AUTH).json["ready"] is True


def test_without_a_project_it_is_up_and_not_ready(serve):
    client = serve()
    found = until(lambda: health(client), lambda found: found["looked_seconds_ago"] is not None)
    assert (found["status"], found["ready"], found["models"]) == ("UP", False, {})
    assert "cueloop connect" in str(found["waiting"])
    # For those who send requests only to what is ready
    assert client.get("/health?ready=1").status_code == 503
    assert client.get("/health?ready=1").json()["ready"] is False
    assert client.get("/?ready=1").status_code == 503


def test_a_project_without_a_model_is_named_and_another_one_makes_it_ready(serve, train, store, project):
    client = serve()
    found = until(lambda: health(client), lambda found: found["looked_seconds_ago"] is not None)
    assert found["ready"] is False
    assert found["waiting"] == ["There is no trained model for project 1 yet."]
    # When the project has a model, then it is ready
    project.add(examples(60))
    train(project_id=1, name="project-1")
    found = until(lambda: health(client), lambda found: found["ready"])
    assert found["waiting"] == []
    assert client.get("/health?ready=1").status_code == 200
    # And a second, untrained project does not take that away
    with store.write() as conn:
        row = conn.execute(s.projects.select()).mappings().one()
        conn.execute(s.projects.insert().values({**row, "id": 2, "model": None}))
    found = until(lambda: health(client), lambda found: found["waiting"])
    assert (found["ready"], found["waiting"]) == (True, ["There is no trained model for project 2 yet."])


def test_a_redis_that_is_away_costs_the_training_button_only(serve, train, store):
    train()
    client = serve("topics", redis_url="redis://127.0.0.1:1/0")
    found = until(lambda: health(client), lambda found: found["degraded"])
    assert found["ready"] is True
    assert "Redis" in found["degraded"][0]
    assert "Start Training" in found["degraded"][0]
    with store.write() as conn:
        conn.execute(s.projects.insert().values(id=1, title="x", label_config=CONFIG, mode="connected",
                                                connected_at=s.sa.func.current_timestamp()))
    response = client.post("/webhook", json={"action": "START_TRAINING", "project": {"id": 1}})
    assert response.status_code == 503
    assert predict(client, [task("bread")])[0]["result"]


def test_a_full_disk_is_told(serve, train, monkeypatch, tmp_path):
    train()
    free = [10 * 2**20]
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free[0]}))
    monkeypatch.setattr("ml_backend.serving.health.SLOW_SECONDS", 0.0)
    client = serve("topics")
    found = until(lambda: health(client), lambda found: found["degraded"])
    assert "10 MB are left" in found["degraded"][0]
    assert found["ready"] is True
    # And when there is room again, that is told, too
    free[0] = 2**30
    until(lambda: health(client), lambda found: not found["degraded"])


def test_a_model_that_fails_on_tasks_is_told(serve, train, monkeypatch):
    version = train()
    client = serve("topics")

    def broken(*_):
        raise ValueError("somebody's text")

    monkeypatch.setattr("ml_backend.answering.heads.Heads.propose", broken)
    predict(client, [task("bread"), task("soup")])
    [told] = health(client)["degraded"]
    assert version in told
    assert "failed on 2 tasks" in told
    assert "somebody" not in told


def test_it_answers_at_once_whatever_hangs(serve, train, monkeypatch):
    # Given a server of which the store, Redis and the disk hang from now on
    train()
    client = serve("topics")
    until(lambda: health(client), lambda found: found["ready"])
    gate = threading.Event()

    def hang(*_):
        gate.wait(20)
        raise OSError("the connection was lost")

    monkeypatch.setattr("cueloop.store.Store.read", hang)
    monkeypatch.setattr("cueloop.queue.Jobs.ping", hang)
    monkeypatch.setattr("ml_backend.serving.disk.Disk.troubles", lambda *_: [gate.wait(20)] * 0)
    monkeypatch.setattr("ml_backend.serving.health.SLOW_SECONDS", 0.0)
    try:
        with httpx.Client(base_url=client.base_url, auth=client.auth) as other:
            began = time.monotonic()
            for _ in range(40):
                assert other.get("/health").json()["status"] == "UP"
            assert time.monotonic() - began < 10      # a second each if it waited
        # Then predictions go on, and it is told
        assert predict(client, [task("bread")])[0]["result"]
        found = until(lambda: health(client), lambda found: found["degraded"])
        assert "no answer within" in found["degraded"][0]
    finally:
        gate.set()


@pytest.mark.parametrize("path", ["/health", "/health?ready=1", "/"])
def test_strangers_learn_whether_it_is_ready_and_no_reason(serve, train, path):
    train()
    client = serve("topics")
    until(lambda: health(client), lambda found: found["ready"])
    response = httpx.get(f"{client.base_url}{path}")
    assert response.json() == {"status": "UP", "ready": True}
