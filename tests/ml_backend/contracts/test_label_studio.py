"""What the code of Label Studio 1.23.2 does and expects: 9 contracts."""

import pytest

from tests.ml_backend.contracts.conftest import SENTIMENT
from tests.ml_backend.contracts.timing import within

PROJECT = "1.1795339044"
WHOLE_PROJECT = {"id": 1, "title": "Reviews", "description": "", "label_config": SENTIMENT, "created_by": None,
                 "model_version": "", "maximum_annotations": 1, "start_training_on_annotation_update": False,
                 "parsed_label_config": {}, "sampling": "Sequential sampling"}


def _setup(extra):
    return {"project": PROJECT, "schema": SENTIMENT, "hostname": "http://localhost:8080",
            "access_token": "1234567890" * 4, "extra_params": extra}


def test_ls_01_setup_with_no_extra_params(backend):
    """POST /setup with `extra_params` null: 200."""
    assert backend.post("/setup", json=_setup(None)).status_code == 200


def test_ls_02_setup_with_extra_params_that_are_an_object(backend):
    """POST /setup with `extra_params` an object, which is how Label Studio stores them: 200."""
    assert backend.post("/setup", json=_setup({"threshold": 0.5, "nested": {"a": [1]}})).status_code == 200


def test_ls_03_the_training_button_sends_no_annotation(backend):
    """POST /webhook START_TRAINING with the project alone: 2xx."""
    response = backend.post("/webhook", json={"action": "START_TRAINING", "project": WHOLE_PROJECT})
    assert response.is_success, response.text


def test_ls_04_an_event_is_answered_within_label_studios_second(backend):
    """POST /webhook ANNOTATION_CREATED: 2xx within a second, for an annotator waits meanwhile."""
    annotation = {"id": 1, "task": 1, "result": [], "completed_by": 1, "project": 1, "was_cancelled": False}
    with within(1):
        response = backend.post("/webhook", json={
            "action": "ANNOTATION_CREATED", "annotation": annotation, "project": WHOLE_PROJECT,
            "task": {"id": 1, "data": {"text": "x"}}})
    assert response.is_success, response.text


@pytest.mark.parametrize("body", [{"annotation": [{"id": 1, "result": []}], "task": [{"id": 1}]}, {}])
def test_ls_05_annotations_made_in_bulk(backend, body):
    """POST /webhook ANNOTATIONS_CREATED: 2xx."""
    sent = {"action": "ANNOTATIONS_CREATED", "project": WHOLE_PROJECT} | body
    assert backend.post("/webhook", json=sent).is_success


def test_ls_06_annotations_deleted_in_bulk(backend):
    """POST /webhook ANNOTATIONS_DELETED: 2xx."""
    body = {"action": "ANNOTATIONS_DELETED", "project": WHOLE_PROJECT, "annotations": [{"id": 1}, {"id": 2}]}
    assert backend.post("/webhook", json=body).is_success


def test_ls_07_versions(backend):
    """GET /versions: `versions`, a list of strings."""
    response = backend.get("/versions")
    assert response.status_code == 200
    assert all(isinstance(version, str) for version in response.json()["versions"])


def test_ls_08_a_job_that_nobody_knows_is_gone(backend):
    """POST /job_status with an unknown job: 410, which Label Studio shows as removed."""
    assert backend.post("/job_status", json={"job": "12345678"}).status_code == 410


def test_ls_09_broken_json_is_the_senders_fault(backend):
    """POST with broken JSON: 400."""
    response = backend.post("/predict", content=b'{"tasks": [', headers={"Content-Type": "application/json"})
    assert response.status_code == 400
