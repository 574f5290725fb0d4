"""Label Studio itself as the client of the ML backend: connect, predict, blind tasks, new versions, the button."""

import time

import pytest
import sqlalchemy as sa

from cueloop.errors import LabelStudioError
from cueloop.label_studio import LabelStudio
from cueloop.queue import connect
from cueloop.store import schema as s
from tests.ml_backend.conftest import CONFIG, Project, examples
from tests.ml_backend.server import AUTH

pytestmark = pytest.mark.label_studio


@pytest.fixture
def scene(label_studio, store, project_factory, train):
    """(client, project id, task ids): 60 labelled tasks, then one open and one blind; a trained model."""
    some = examples(62)
    with LabelStudio(label_studio.url, label_studio.admin_token) as client:
        number = project_factory(label_studio, tasks=[{"text": e.text} for e in some], label_config=CONFIG)
        ids = sorted(row["id"] for row in client.all_ids(number))
        project = Project(store, number)
        project.add(some[:60], ids=ids[:60])
        project.add(some[60:61], ids=ids[60:61], labelled=False)
        project.add(some[61:], ids=ids[61:], labelled=False, blind=True)
        train(project_id=number, name=f"project-{number}")
        yield client, number, ids


def _connect(client, number, backend, password=AUTH[1]):
    url = str(backend.base_url).rstrip("/")
    return client.create_ml_backend(number, url, title="Cueloop", user=AUTH[0], password=password)


def stored(client, number):
    """{version: predictions} in Label Studio, but for the backend's own title."""
    return {version: count for version, count in client.model_versions(number).items() if count}


def _ask(client, number, ids):
    """The Data Manager's action `Retrieve predictions` for these tasks."""
    client._http.call("POST", "/api/dm/actions", params={"id": "retrieve_tasks_predictions", "project": number},
                      json={"selectedItems": {"all": False, "included": ids}})


def test_predictions_are_asked_for_once_a_version_and_never_stored_for_blind_tasks(scene, serve, store, train):
    client, number, ids = scene
    backend = serve()
    _connect(client, number, backend)
    first = backend.post("/setup", json={"project": f"{number}.1"}).json()["model_version"]
    # When Label Studio asks twice for predictions of an open and a blind task
    _ask(client, number, ids[60:])
    _ask(client, number, ids[60:])
    # Then the open one has one and the blind one none, also when it is opened
    assert stored(client, number) == {first: 1}
    assert client.task(ids[61])["predictions"] == []
    assert stored(client, number) == {first: 1}
    # When another version is in service, then it answers beside the old one
    train(project_id=number, name=f"project-{number}")
    end = time.monotonic() + 20
    second = first
    while second == first and time.monotonic() < end:
        second = backend.post("/setup", json={"project": f"{number}.1"}).json()["model_version"]
    _ask(client, number, ids[60:])
    assert stored(client, number) == {first: 1, second: 1}


def test_a_model_that_is_not_trained_leaves_no_trace(label_studio, store, project_factory, serve):
    with LabelStudio(label_studio.url, label_studio.admin_token) as client:
        number = project_factory(label_studio, tasks=[{"text": "bread"}, {"text": "bank"}], label_config=CONFIG)
        Project(store, number)
        ids = sorted(row["id"] for row in client.all_ids(number))
        assert _connect(client, number, serve())["state"] == "CO"
        _ask(client, number, ids)
        assert client.task(ids[0])["predictions"] == []
        assert stored(client, number) == {}


def test_a_wrong_password_is_told_when_connecting(scene, serve):
    client, number, _ = scene
    with pytest.raises(LabelStudioError):
        _connect(client, number, serve(), password="another")


def test_the_versions_that_label_studio_lists_are_ours(scene, serve, store):
    client, number, _ = scene
    backend = _connect(client, number, serve())
    with store.read() as conn:
        versions = list(conn.scalars(sa.select(s.model_versions.c.version)))
    assert client.get(f"/api/ml/{backend['id']}/versions")["versions"] == versions


def test_the_start_training_button_queues_a_training(scene, serve, store, valkey):
    client, number, _ = scene
    with connect(valkey) as redis:
        redis.flushall()
    backend = _connect(client, number, serve(redis_url=valkey))
    client._http.call("POST", f"/api/ml/{backend['id']}/train")
    with store.read() as conn:
        [job] = conn.execute(sa.select(s.jobs))
    assert (job.kind, job.project_id, job.state) == ("train", number, "queued")
