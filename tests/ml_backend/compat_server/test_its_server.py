"""label-studio-ml 1.0.9's own server, as its users start it, in front of a model of ours."""

from __future__ import annotations

import httpx
import pytest

from benchmarks import upstream
from console.parts import label_studio_ml
from cueloop.store import Store
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.compat import ours_folder
from tests.ml_backend.compat_server.conftest import LABEL_STUDIO, first, setup
from tests.ml_backend.conftest import CONFIG, examples
from tests.ml_backend.server import Server, predict, task

TWO = CONFIG.replace("topic", "other").replace('<Choice value="sport"/>', "")


@pytest.fixture(scope="module")
def exported(real_python, shared_home, tmp_path_factory):
    """`label-studio-ml start` on an exported version: a client, the version, the folder."""
    folder = tmp_path_factory.mktemp("its") / "tickets"
    store = Store.open(shared_home.store_url)
    with store.read() as conn:
        version = registry.resolve(conn, "topics")
    ours_folder.write(folder, version, label_studio_ml.LACKS.read_text(), artifacts=Artifacts(shared_home.artifacts))
    store.close()
    url, process = upstream.command(folder)
    with httpx.Client(base_url=url, timeout=60) as client:
        yield client, version.version, folder
    process.stop()


def test_health_predict_and_setup(exported):
    client, version, _ = exported
    assert client.get("/health").json()["status"] == "UP"
    # When a script asks before Label Studio has called /setup, which 1.0.9 alone answers with 500
    [answer] = predict(client, [task("the loan of the bank")])
    assert answer["result"][0]["value"] == {"choices": ["money"]}
    assert answer["model_version"] == version == setup(client)


def test_it_answers_what_our_own_server_answers(exported, shared_home):
    client, _, _ = exported
    # Given clear and unclear texts, and two tasks without one
    tasks = [task(e.text, id=n) for n, e in enumerate(examples(40, seed=5), start=1)] + [task(None), {"id": 7}]
    setup(client)
    store = Store.open(shared_home.store_url)
    ours = Server(shared_home, store, "topics")
    try:
        # Then labels, scores and versions are the same, for scripts and for Label Studio
        for who in ("a script", LABEL_STUDIO):
            client.headers["User-Agent"] = ours.client.headers["User-Agent"] = who
            found = predict(client, tasks)
            assert found == predict(ours.client, tasks)
        assert found[-2:] == [[], []]
    finally:
        ours.stop()
        store.close()


def test_two_projects_do_not_get_each_others_labels(exported):
    client, _, _ = exported
    setup(client, "1.1", CONFIG)  # it keeps this one for whoever asks next
    body = {"tasks": [task("the goal of the striker")], "label_config": TWO, "project": "2.2"}
    [answer] = client.post("/predict", json=body).raise_for_status().json()["results"]
    region = first(answer)["result"][0]
    assert region["from_name"] == "other"
    assert region["value"]["choices"][0] in {"food", "money"}


def test_an_event_starts_no_process_and_leaves_nothing_on_disk(exported):
    client, version, folder = exported
    before = sorted(path.name for path in folder.iterdir())
    event = {"action": "ANNOTATION_CREATED", "annotation": {"id": 1}, "project": {"id": 1, "token": "a secret"}}
    assert client.post("/webhook", json=event).status_code == 201
    # When the button is pressed where no project is connected
    assert client.post("/webhook", json={"action": "START_TRAINING", "project": {"id": 1}}).status_code == 201
    # Then it says that it did nothing, and the version is not taken from a job of its own
    assert "training was not started" in (folder / "server.log").read_text()
    assert sorted(path.name for path in folder.iterdir()) == before
    assert setup(client) == version


def test_the_model_is_loaded_once_however_often_its_object_is_made(exported):
    client, _, folder = exported
    for project in ("1.1", "2.2", "1.1"):
        setup(client, project)
        predict(client, [task("bread")], project=project)
    assert (folder / "server.log").read_text().count("model in service") == 1


@pytest.mark.parametrize("config", ["", "<View></View>"])
def test_a_config_without_controls_harms_nobody(exported, config):
    client, version, _ = exported
    assert setup(client, config=config) == version
    body = {"tasks": [{"id": 1}], "label_config": config, "project": "1.1"}
    assert len(client.post("/predict", json=body).raise_for_status().json()["results"]) == 1
