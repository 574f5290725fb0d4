"""Text classification: 3 contracts."""

import pytest

from tests.ml_backend.contracts.conftest import SENTIMENT, TOPIC


@pytest.fixture(autouse=True)
def _choices(does):
    does("choices")


def test_choices_01_a_bare_task_gets_a_label_of_the_config(backend):
    """POST /predict without id, project and params: `results[0].result[0]` is a choice of the config."""
    body = {"tasks": [{"data": {"text": "That is positive!"}}], "label_config": SENTIMENT}
    response = backend.post("/predict", json=body)
    assert response.status_code == 200
    [region] = response.json()["results"][0]["result"]
    assert (region["from_name"], region["to_name"], region["type"]) == ("sentiment", "text", "choices")
    [label] = region["value"]["choices"]
    assert label in {"Positive", "Negative", "Neutral"}


def test_choices_02_another_config_gets_its_own_labels(backend):
    """POST /predict with a topic config: one result, a label of *that* config."""
    body = {"tasks": [{"data": {"text": "The coach praised the goal of the match"}}], "label_config": TOPIC}
    results = backend.post("/predict", json=body).raise_for_status().json()["results"]
    assert len(results) == 1
    [region] = results[0]["result"]
    assert region["from_name"] == "topic"
    assert region["value"]["choices"][0] in {"Sports", "Politics", "Technology"}


def test_choices_03_the_whole_body_of_label_studio(backend):
    """POST /predict with five tasks as Label Studio serializes them: five results."""
    tasks = [{"id": n, "data": {"text": f"an awful day {n}"}, "meta": {}, "created_at": "2026-11-01T10:00:00.000000Z",
              "updated_at": "2026-11-01T10:00:00.000000Z", "is_labeled": False, "overlap": 1, "inner_id": n,
              "total_annotations": 0, "cancelled_annotations": 0, "total_predictions": 0, "comment_count": 0,
              "unresolved_comment_count": 0, "last_comment_updated_at": None, "project": 1, "updated_by": None,
              "file_upload": None, "comment_authors": [], "annotations": [], "predictions": []} for n in range(1, 6)]
    body = {"tasks": tasks, "project": "1.1795339044", "label_config": SENTIMENT,
            "params": {"login": None, "password": None, "context": None}}
    results = backend.post("/predict", json=body).raise_for_status().json()["results"]
    assert len(results) == 5
    assert all(isinstance(answer["result"], list) for answer in results)
