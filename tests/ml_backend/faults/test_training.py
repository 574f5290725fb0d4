"""Faults 2, 3, 5, 6, 7, 18 and 23: training in the request, in place, twice at once, or never."""

import threading

import httpx
import pytest
import sqlalchemy as sa

from cueloop.queue import connect
from cueloop.store import schema as s
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.models import KINDS
from ml_backend.training import train as train_model
from tests.ml_backend.conftest import CONFIG, LABELS, dataset, examples
from tests.ml_backend.contracts.test_label_studio import WHOLE_PROJECT
from tests.ml_backend.live import Live, worker
from tests.ml_backend.server import AUTH, predict, task

START = {"action": "START_TRAINING", "project": WHOLE_PROJECT}
EVENTS = ["ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_CREATED", "ANNOTATIONS_DELETED", "TASKS_CREATED",
          "TASKS_DELETED", "PROJECT_CREATED", "PROJECT_UPDATED", "PROJECT_DELETED", "LABEL_LINK_CREATED",
          "LABEL_LINK_UPDATED", "LABEL_LINK_DELETED"]
"""Every event of Label Studio 1.23.2, which sends them all."""


@pytest.fixture
def redis(valkey):
    """URL of an empty Redis."""
    with connect(valkey) as client:
        client.flushall()
    return valkey


def rows(store, table):
    with store.read() as conn:
        return conn.execute(sa.select(table)).all()


def test_fault_02_nothing_is_trained_inside_an_event(serve, store, project, redis):
    # Given a project with plenty to learn from and no worker, when events and the button's come
    project.add(examples(200))
    client = serve(redis_url=redis)
    for action in ("ANNOTATION_CREATED", "ANNOTATION_UPDATED"):
        assert client.post("/webhook", json={"action": action, "project": WHOLE_PROJECT}).status_code == 201
    assert client.post("/webhook", json=START).status_code == 201
    # Then they were answered although nothing is trained: one job waits for a worker
    assert [job.state for job in rows(store, s.jobs)] == ["queued"]
    assert rows(store, s.model_versions) == []


def test_fault_03_nobody_who_predicts_notices_a_training(settings, store, project, train, redis):
    # Given a server and a worker in processes of their own, and three clients that hardly pause
    with store.write() as conn:
        conn.execute(s.projects.update().values(mode="observe"))
    project.add(examples(200))
    first = train(project_id=1, name="project-1")
    settings = settings.model_copy(update={"redis_url": redis, "database_url": str(store.url)})
    live, beside = Live(settings), worker(settings)
    stop, problems, seen = threading.Event(), [], set()
    tasks = [task(e.text) for e in examples(20, seed=9)]

    def ask():
        with live.another() as own:
            while not stop.wait(0.02):  # so that the worker gets some of the processor
                response = own.post("/predict", json={"tasks": tasks, "project": "1.1", "label_config": CONFIG})
                answers = response.json().get("results", [])
                said = {answer["model_version"] for answer in answers}
                seen.update(said)
                if response.status_code != 200 or len(answers) != 20 or len(said) != 1:
                    problems.append((response.status_code, said))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        # When the button is pressed and the worker trains until another version serves
        assert live.client.post("/webhook", json=START).status_code == 201
        for _ in range(600):
            if len(seen) > 1 or stop.wait(0.1):
                break
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        beside.stop()
        live.stop()
    # Then every request was answered, by one model each
    assert problems == []
    assert len(seen) == 2
    assert first in seen


def test_fault_05_every_training_has_a_version_of_its_own(serve, train):
    client, told = serve("topics"), []
    for seed in range(3):
        version = train(seed=seed)
        for _ in range(400):
            if client.post("/setup", json={}).json()["model_version"] == version:
                break
        told.append(version)
        # Label Studio asks again only for tasks whose predictions do not carry the version that /setup tells
        assert predict(client, [task("bread")])[0]["model_version"] == version
    assert len(set(told)) == 3


def test_fault_06_two_events_at_once_ask_for_one_training(serve, store, project, redis):
    project.add(examples(60))
    client, gate, answers = serve(redis_url=redis), threading.Barrier(4), []

    def press():
        with httpx.Client(base_url=client.base_url, auth=AUTH, timeout=30) as own:
            gate.wait()
            answers.append(own.post("/webhook", json=START))

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["job"] for answer in answers}) == 1
    assert len(rows(store, s.jobs)) == 1


def test_fault_06_two_trainings_at_once_spoil_no_file(settings, store, train):
    threads = [threading.Thread(target=train, kwargs={"seed": seed}) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as conn:
        versions = [registry.resolve(conn, f"topics@{row.version}")
                    for row in conn.execute(sa.select(s.model_versions.c.version))]
    assert len(versions) == 3
    for version in versions:
        loaded = registry.load(Artifacts(settings.artifacts), version)
        assert loaded.bundle.heads[0].probabilities(["bread"]).shape == (1, 3)


def test_fault_07_the_button_as_label_studio_sends_it_needs_no_annotation(serve, project, redis):
    client = serve(redis_url=redis)
    response = client.post("/webhook", json=START)
    assert response.status_code == 201
    asked = {"job": response.json()["job"]}
    assert client.post("/job_status", json=asked).json() == {"job_status": "queued"}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_fault_18_every_kind_of_model_trains_with_the_libraries_that_are_installed(name):
    """Upstream's bert_classifier cannot train with the transformers that it pins. Warnings are errors here."""
    assert train_model(dataset(examples(60)), kind=name).head.labels == LABELS


def test_fault_23_every_event_of_label_studio_is_known_or_passed_by(serve):
    """Upstream listens to ANNOTATION_DELETED, which Label Studio does not send, and not to bulk events."""
    client = serve()
    answered = {action: client.post("/webhook", json={"action": action}).status_code for action in EVENTS}
    assert {action for action, status in answered.items() if status == 201} == set(EVENTS[:4])
    assert set(answered.values()) == {200, 201}
