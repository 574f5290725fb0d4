"""What label-studio-ml's own tests ask of any backend: 8 contracts."""

import pytest

from tests.ml_backend.contracts.timing import within

PROJECT = "1.1795339044"
SETUP = {"project": PROJECT, "schema": "<View></View>", "extra_params": {}}


def test_core_01_health_is_up_within_a_second(backend):
    """GET /health: 200, status UP."""
    with within(1):
        response = backend.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "UP")


def test_core_02_the_root_tells_the_same(backend):
    """GET /: 200, status UP."""
    response = backend.get("/")
    assert (response.status_code, response.json()["status"]) == (200, "UP")


def test_core_03_there_are_metrics(backend):
    """GET /metrics: 200."""
    assert backend.get("/metrics").status_code == 200


def test_core_04_setup_gives_a_version_within_three_seconds(backend):
    """POST /setup with an empty view: 200, `model_version`."""
    with within(3):
        response = backend.post("/setup", json=SETUP)
    assert response.status_code == 200
    assert isinstance(response.json()["model_version"], str)


def test_core_05_setup_with_host_and_token(backend):
    """POST /setup with `hostname` and `access_token`: 200."""
    more = {"hostname": "http://localhost:8080", "access_token": "1234567890" * 4}
    assert backend.post("/setup", json=SETUP | more).status_code == 200


def test_core_06_an_event_without_its_annotation(backend):
    """POST /webhook ANNOTATION_CREATED without `annotation`: 201."""
    assert backend.post("/webhook", json={"action": "ANNOTATION_CREATED"}).status_code == 201


def test_core_07_an_unknown_event(backend):
    """POST /webhook with an action that nobody knows: 200."""
    assert backend.post("/webhook", json={"action": "SOMETHING_NEW"}).status_code == 200


@pytest.mark.parametrize("config", ["", "<View></View>"])
def test_core_08_one_task_as_an_object_and_an_empty_config(backend, config):
    """POST /predict with `tasks` an object: 200. Only a wish: the library's base class does it."""
    body = {"tasks": {"id": 1, "data": {"text": "x"}}, "project": PROJECT, "label_config": config}
    response = backend.post("/predict", json=body)
    assert response.status_code == 200
    assert isinstance(response.json()["results"], list)
