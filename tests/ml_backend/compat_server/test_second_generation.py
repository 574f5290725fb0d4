"""A model of ours as label-studio-ml 2.x calls it. PyPI has no 2.x: a stand-in calls the way it does."""

from __future__ import annotations

import gc
import runpy
import sys
from importlib import import_module

import pytest

from cueloop.store import Store
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.compat import ours_app, ours_folder
from tests.ml_backend.compat_server import second_generation
from tests.ml_backend.compat_server.conftest import LABEL_STUDIO, first
from tests.ml_backend.conftest import CONFIG, Project, dataset, examples
from tests.ml_backend.server import settings_in, task, train_now

OURS = "ml_backend.compat.ours"


@pytest.fixture
def ours(monkeypatch):
    """The class, on a base of the second generation."""
    for name, module in second_generation.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, OURS, raising=False)
    yield import_module(OURS).Cueloop
    sys.modules.pop(OURS, None)
    ours_app.close()
    gc.unfreeze()


@pytest.fixture
def served(ours, tmp_path):
    """A client of 2.x's server in front of a model that is in service, and its version."""
    settings = settings_in(tmp_path / "home")
    store = Store.open(settings.store_url)
    Project(store, 1).add(examples(1), ids=[500], labelled=False, blind=True)
    version = train_now(settings, store, [dataset(examples(90))])
    store.close()
    ours.home, ours.model = settings.home, "topics"
    client = second_generation.server(ours).test_client()
    client.environ_base["HTTP_USER_AGENT"] = LABEL_STUDIO
    return client, version


def test_setup_tells_the_version_that_predictions_carry_whatever_extra_params_are(served):
    client, version = served
    for extra in (None, "{}", {"an": "object"}):
        body = {"project": "1.1", "schema": CONFIG, "extra_params": extra}
        assert client.post("/setup", json=body).json == {"model_version": version}


def test_predict_answers_and_blind_tasks_stay_blind(served):
    client, version = served
    body = {"tasks": [task("bread and soup", id=1), task("bread and soup", id=500)], "label_config": CONFIG,
            "project": "1.1", "params": {"login": None, "password": None, "context": None}}
    [answer, blind] = client.post("/predict", json=body).json["results"]
    best = first(answer)
    assert (best["model_version"], best["result"][0]["value"]["choices"]) == (version, ["food"])
    assert blind == []


def test_an_open_editor_gets_an_object_even_where_there_is_nothing_to_say(served):
    client, _ = served
    body = {"tasks": [{"id": 3, "data": {}}], "label_config": CONFIG, "project": "1.1",
            "params": {"context": {"result": []}}}
    [answer] = client.post("/predict", json=body).json["results"]
    assert answer["result"] == []


def test_the_button_without_a_redis_starts_nothing_and_says_so(served):
    client, _ = served
    event = {"action": "START_TRAINING", "project": {"id": 1, "label_config": CONFIG}}
    response = client.post("/webhook", json=event)
    assert response.status_code == 201
    assert "Redis" in response.json["result"]["error"]
    for action in ("ANNOTATION_CREATED", "SOMETHING_ELSE"):
        assert client.post("/webhook", json=event | {"action": action}).status_code in {200, 201}


def test_its_server_starts_an_exported_folder(ours, served, tmp_path, monkeypatch):
    _, version = served
    store = Store.open(f"sqlite:///{tmp_path / 'home' / 'cueloop.sqlite3'}")
    with store.read() as conn:
        found = registry.resolve(conn, "topics")
    store.close()
    artifacts = Artifacts(f"file://{tmp_path / 'home' / 'artifacts'}")
    ours_folder.write(tmp_path / "out", found, "", artifacts=artifacts)
    monkeypatch.syspath_prepend(tmp_path / "out")
    app = runpy.run_path(str(tmp_path / "out" / "_wsgi.py"))["app"]
    sys.modules.pop("model")
    assert ours.home == tmp_path / "out" / "home"
    body = {"tasks": [task("bread and soup")], "label_config": CONFIG, "project": "9.1", "params": {"context": None}}
    [answer] = app.test_client().post("/predict", json=body).json["results"]
    assert (answer["model_version"], answer["result"][0]["value"]["choices"]) == (version, ["food"])


def test_without_a_server_it_answers_as_for_label_studio(ours, served):
    _, version = served
    model = ours(label_config=CONFIG)
    [answer, nothing] = model.predict([task("bread and soup"), task(None)])
    assert first(answer)["model_version"] == version == model.model_version
    assert nothing == []


def test_a_home_that_is_none_is_told(ours, tmp_path):
    ours.home = tmp_path / "nowhere"
    with pytest.raises(Exception, match="no home of Cueloop"):
        ours.warm()
    assert not (tmp_path / "nowhere").exists()


def test_without_label_studio_ml_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "label_studio_ml", None)
    monkeypatch.delitem(sys.modules, OURS, raising=False)
    with pytest.raises(ImportError, match="requirements/label-studio-ml"):
        import_module(OURS)
