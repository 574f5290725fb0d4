"""A pushed version behind the ML protocol, and on both kinds of store."""

import pytest

from cueloop.store import models, predictions
from ml_backend.elsewhere import gate
from tests.ml_backend.conftest import CONFIG
from tests.ml_backend.elsewhere.conftest import Scene


@pytest.fixture
def served(scene, serve):
    """(scene, client, open task, blind task): a pipeline in service that has spoken of both."""
    judged = scene.tasks(60)
    [open_], [blind] = scene.tasks(1, seed=1, labelled=False), scene.tasks(1, seed=2, labelled=False, blind=True)
    found = scene.push(scene.said([*judged, open_, blind], 0.9)).version
    assert gate.pass_through(scene.store, found, actor="test").promoted
    return scene, serve(), open_, blind


def predict(client, tasks, agent):
    body = {"tasks": [{"id": task, "data": {"text": "bread"}} for task in tasks], "project": "1.5",
            "label_config": CONFIG}
    answer = client.post("/predict", json=body, headers={"User-Agent": agent})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def test_label_studio_is_answered_about_known_tasks_and_never_about_blind_ones(served):
    scene, client, open_, blind = served
    known, unknown, hidden = predict(client, [open_, 9_999, blind], "heartex/1.23.2")
    with scene.store.read() as conn:
        [row] = predictions.of_tasks(conn, "llm", "one", [open_])[open_]
    # What it says is what is pushed: the label, its calibrated score, under its version
    answer = known[0] if isinstance(known, list) else known
    assert answer["model_version"] == "one"
    assert answer["score"] == pytest.approx(row.score)
    assert answer["result"][0]["value"]["choices"] == [row.label]
    # Of what it has not spoken of, and of what must stay blind, there is nothing to store
    assert (unknown, hidden) == ([], [])
    assert client.post("/setup", json={"project": "1.5"}).json()["model_version"] == "one"


def test_it_works_on_any_store(any_store, tmp_path):
    scene = Scene(any_store, tmp_path)
    some = scene.said(scene.tasks(60), 0.9)
    found = scene.push(some).version
    assert scene.push(some).count.known == 60
    assert found.card["controls"]["topic"]["held_out"]["tasks"] == 60
    assert gate.pass_through(any_store, found, actor="test").promoted
    with any_store.read() as conn:
        assert models.champion(conn, 1).version == "one"
        rows = predictions.page(conn, 1, "llm", "one", "topic", size=100)
    assert all(0.5 < row.score < 1 and row.raw for row in rows)
