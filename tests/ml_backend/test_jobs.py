"""Training as a real RQ worker does it on a real Valkey: trained, judged, promoted, pre-labelled, told in the store."""

import time

import pytest
import sqlalchemy as sa

from cueloop.label_studio import LabelStudio
from cueloop.queue import Jobs, connect, work
from cueloop.settings import Settings
from cueloop.store import models
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import due
from ml_backend.jobs import TRAIN
from tests.ml_backend.conftest import CONFIG, Project, examples


class Scene:
    """A project with 90 tasks, most of them labelled by people, and a worker at hand."""

    def __init__(self, server, store, make, redis_url, home, monkeypatch):
        self.store, self.redis_url, self.monkeypatch = store, redis_url, monkeypatch
        some = examples(90)
        self.id = make(server, tasks=[{"text": e.text} for e in some], label_config=CONFIG)
        self.client = LabelStudio(server.url, server.admin_token)
        ids = sorted(row["id"] for row in self.client.all_ids(self.id))
        self.project = Project(store, self.id)
        self.labelled = self.project.add(some[:70], ids=ids[:70])
        self.open = self.project.add(some[70:], ids=ids[70:], labelled=False)
        self.ids = dict(zip(self.labelled + self.open, ids, strict=True))
        self.jobs = Jobs(redis_url, store)
        for name, value in {
                "CUELOOP_DATABASE_URL": store.url.render_as_string(hide_password=False), "CUELOOP_HOME": str(home),
                "CUELOOP_REDIS_URL": redis_url, "LABEL_STUDIO_URL": server.url,
                "LABEL_STUDIO_API_KEY": server.admin_token}.items():
            monkeypatch.setenv(name, value)

    def work(self):
        """Run all jobs that wait to the end: a real worker, each job in a fork of this process."""
        work(self.redis_url, burst=True)

    def away(self, url="http://127.0.0.1:9"):
        """Label Studio is somewhere else."""
        self.monkeypatch.setenv("LABEL_STUDIO_URL", url)

    def states(self):
        with self.store.read() as conn:
            return {(row.kind, row.state) for row in conn.execute(sa.select(s.jobs))}

    def job(self, kind):
        return self.jobs.state(kind, self.id)

    def champion(self):
        with self.store.read() as conn:
            return models.champion(conn, self.id)

    def step(self, changed=frozenset()):
        due.step(self.store, self.client, self.id, changed)


@pytest.fixture
def scene(fake_label_studio, store, project_factory, valkey, tmp_path, monkeypatch):
    with connect(valkey) as redis:
        redis.flushall()
    found = Scene(fake_label_studio, store, project_factory, valkey, tmp_path / "home", monkeypatch)
    yield found
    found.client.close()


def test_what_is_due_is_trained_promoted_and_shown_in_label_studio(scene):
    # Given enough labels, when the sync loop takes its step and a worker works
    scene.step()
    assert scene.states() == {("train", "queued")}
    scene.work()
    # Then a champion serves the project, and its predictions stand in Label Studio
    assert scene.states() == {("train", "done"), ("prelabel", "done")}
    champion = scene.champion()
    assert scene.job("train")["detail"] == {
        "model": champion.name, "version": champion.version, "promoted": True,
        "reason": champion.card["gate"]["reason"]}
    assert scene.job("prelabel")["detail"]["pushed"] == 90
    assert scene.client.project(scene.id)["model_version"] == champion.version
    assert scene.client.model_versions(scene.id)[champion.version] == 90
    # And nothing more is due
    scene.step()
    assert scene.states() == {("train", "done"), ("prelabel", "done")}


def test_a_job_that_failed_once_can_be_enqueued_again(scene):
    # Given a training that fails because all labels are alike
    with scene.store.write() as conn:
        conn.execute(s.consensus.update().values(label="food"))
    scene.jobs.enqueue_once("train", scene.id, TRAIN, scene.id)
    scene.work()
    failed = scene.job("train")
    assert failed["state"] == "failed"
    assert "two classes" in failed["error"]
    assert scene.champion() is None
    # When the labels are right, then the same job succeeds
    with scene.store.write() as conn:
        answers = sa.select(s.answers.c.label).where(s.answers.c.task == s.consensus.c.task).scalar_subquery()
        conn.execute(s.consensus.update().values(label=answers))
    assert scene.jobs.enqueue_once("train", scene.id, TRAIN, scene.id)
    scene.work()
    assert scene.job("train")["state"] == "done"
    assert scene.champion() is not None


def test_a_label_studio_that_is_away_costs_no_training_and_the_push_comes_later(scene, fake_label_studio):
    scene.away()
    scene.jobs.enqueue_once("train", scene.id, TRAIN, scene.id)
    scene.work()
    assert scene.champion() is not None
    assert scene.job("prelabel")["state"] == "failed"
    # When it is back and the pause is over, then the next step has them pushed
    scene.away(fake_label_studio.url)
    scene.step()
    assert ("prelabel", "queued") not in scene.states()
    with scene.store.write() as conn:
        conn.execute(s.jobs.update().where(s.jobs.c.kind == "prelabel").values(ended_at=now() - due.PRELABEL_IDLE))
    scene.step()
    scene.work()
    assert scene.job("prelabel")["detail"]["pushed"] == 90


def test_new_tasks_are_pre_labelled_when_they_come(scene):
    scene.jobs.enqueue_once("train", scene.id, TRAIN, scene.id)
    scene.work()
    [late] = scene.client.import_tasks(scene.id, [{"data": {"text": "bread and soup"}}])
    [key] = scene.project.add(examples(1), ids=[late], labelled=False)
    with scene.store.write() as conn:
        conn.execute(s.jobs.update().where(s.jobs.c.kind == "prelabel").values(ended_at=now() - due.PRELABEL_REST))
    scene.step(frozenset([key]))
    scene.work()
    assert {p["model_version"] for p in scene.client.predictions(scene.id, late)} >= {scene.champion().version}


def test_an_observed_project_is_predicted_and_nothing_is_pushed(scene):
    with scene.store.write() as conn:
        conn.execute(s.projects.update().values(mode="observe"))
    scene.jobs.enqueue_once("train", scene.id, TRAIN, scene.id)
    scene.work()
    with scene.store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(s.predictions)) == 90
    assert scene.client.model_versions(scene.id) == {}
    assert "pushed" not in scene.job("prelabel")["detail"]


def test_the_start_training_button_enqueues_and_answers_at_once(scene):
    from ml_backend.app import create_app

    app = create_app(Settings(), scene.store).test_client()
    began = time.monotonic()
    said = app.post("/webhook", json={"action": "START_TRAINING", "project": {"id": scene.id}})
    assert said.status_code == 201
    assert time.monotonic() - began < 1
    asked = {"job": said.json["job"]}
    assert app.post("/job_status", json=asked).json == {"job_status": "queued"}
    again = app.post("/webhook", json={"action": "START_TRAINING", "project": {"id": scene.id}})
    assert again.json["job"] == said.json["job"]
    scene.work()
    assert app.post("/job_status", json=asked).json == {"job_status": "finished"}
    version = app.post("/setup", json={"project": f"{scene.id}.1"}).json["model_version"]
    assert version == scene.champion().version
