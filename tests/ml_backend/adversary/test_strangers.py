"""What somebody without the password gets, and what they cost those who have it."""

import pytest
import sqlalchemy as sa

from cueloop.store import schema as s
from ml_backend.routes_events import STRANGERS

START = {"action": "START_TRAINING", "project": {"id": 1}}
EVENT = {"action": "ANNOTATION_CREATED", "project": {"id": 1}}


def jobs(store):
    with store.read() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(s.jobs))


def test_a_stranger_starts_no_training_and_learns_of_no_project(serve, project, store):
    client = serve(redis_url="redis://127.0.0.1:1/0")
    answers = [client.post("/webhook", json={**START, "project": {"id": number}}, auth=None) for number in range(4)]
    assert {(one.status_code, one.text) for one in answers} == {(401, answers[0].text)}
    assert "basic" in answers[0].headers["WWW-Authenticate"].lower()
    assert client.post("/webhook", json=START, auth=("cueloop", "wrong")).status_code == 401
    assert jobs(store) == 0


def test_strangers_use_up_nothing_of_those_who_are_known(serve, project):
    client = serve()
    strange = [client.post("/webhook", json=EVENT, auth=None).status_code for _ in range(400)]
    assert (strange[0], strange[-1]) == (201, 429)
    assert client.post("/webhook", json=EVENT).status_code == 201
    assert client.post("/webhook", json=START).status_code == 503      # it got as far as Redis, which is away


def test_a_stranger_is_not_read_at_length(serve, project):
    large = {**EVENT, "task": {"data": {"text": "x" * 2**20}}}
    client = serve()
    assert client.post("/webhook", json=large, auth=None).status_code == 413
    assert client.post("/webhook", json=large).status_code == 201


def test_strangers_hold_few_threads(settings, store, monkeypatch):
    # Given an app in which as many strangers as may are being read
    from ml_backend.app import create_app
    from ml_backend.serving import body

    client = create_app(settings, store).test_client()
    read, reading, answers = body.read, [], []

    def slowly(request):
        reading.append(request)
        if len(reading) <= STRANGERS:       # meanwhile another one comes
            answers.append(client.post("/webhook", json=EVENT).status_code)
        return read(request)

    monkeypatch.setattr("ml_backend.routes_events.body.read", slowly)
    assert client.post("/webhook", json=EVENT).status_code == 201
    # Then the next one is sent away at once, and when they are done there is room again
    assert sorted(answers) == [201] * (STRANGERS - 1) + [429]
    assert client.post("/webhook", json=EVENT).status_code == 201


@pytest.mark.parametrize("path", ["/", "/health", "/openapi.json"])
def test_open_routes_tell_strangers_nothing_of_the_project(serve, train, project, path):
    version = train(project_id=None, name="secret-name")
    text = serve(model="secret-name").get(path, auth=None).text
    assert not [word for word in ("secret-name", version, "Topics", "example.com", "/tmp") if word in text]
