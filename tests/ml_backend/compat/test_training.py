"""Training of a team's own class as a real RQ worker does it: on a copy, judged, kept, in service, pre-labelled."""

import json
import threading

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from console.cli import main
from cueloop import cancelling, inline
from cueloop.cancelling import Cancelled, cancel
from cueloop.label_studio import LabelStudio
from cueloop.queue import Jobs, connect, work
from cueloop.store import models
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import due
from ml_backend.artifacts import Artifacts
from ml_backend.compat.training import retrain_class
from ml_backend.jobs import TRAIN
from ml_backend.policy.in_force import policy
from ml_backend.triggers.own_class import examine_class
from tests.ml_backend.conftest import CONFIG, Project, examples
from tests.ml_backend.server import predict, task


class Scene:
    """A project with people's annotations, a class that serves it, and a worker at hand."""

    def __init__(self, server, store, make, own, redis_url, monkeypatch):
        self.store, self.redis_url, self._own = store, redis_url, own
        some = examples(120, clear=0.8)
        self.id = make(server, tasks=[{"text": e.text} for e in some], label_config=CONFIG)
        self.label_studio = LabelStudio(server.url, server.admin_token)
        ids = sorted(row["id"] for row in self.label_studio.all_ids(self.id))
        self.project = Project(store, self.id)
        self.labelled = self.project.add(some[:100], ids=ids[:100])
        self.project.add(some[100:], ids=ids[100:], labelled=False)
        self.annotate(some[:100], ids)
        self.jobs = Jobs(redis_url, store)
        for name, value in {"CUELOOP_REDIS_URL": redis_url, "LABEL_STUDIO_URL": server.url,
                            "LABEL_STUDIO_API_KEY": server.admin_token}.items():
            monkeypatch.setenv(name, value)

    def annotate(self, some, ids):
        """What people did in Label Studio, as sync pulled it."""
        with self.store.write() as conn:
            conn.execute(s.annotations.insert(), [
                {"unique_id": f"u{key}", "project_id": self.id, "task": key, "id": number, "annotator_id": 1,
                 "result": [{"from_name": "topic", "to_name": "text", "type": "choices",
                             "value": {"choices": [example.label]}}],
                 "was_cancelled": False, "ground_truth": False, "created_at": now(), "updated_at": now()}
                for number, (key, example) in enumerate(zip(self.labelled, some, strict=True), 1)])

    def serve(self, file, model=None):
        self.client = self._own(file, model)
        return self.client

    def client_patch(self, **fields):
        """Change the project in Label Studio."""
        self.label_studio.patch_project(self.id, **fields)

    def train(self):
        """The button of Label Studio, and a worker. Gives the job."""
        self.jobs.enqueue_once("train", self.id, TRAIN, self.id)
        work(self.redis_url, burst=True)
        return self.jobs.state("train", self.id)

    def champion(self):
        with self.store.read() as conn:
            return models.champion(conn, self.id)

    def files(self):
        """Folders of the home that a training might leave."""
        return sorted(path.name for path in self.home.glob("training-*"))

    def ask(self, text):
        [answer] = predict(self.client, [task(text, id=1)], project=f"{self.id}.1")
        return answer["result"][0]["value"]["choices"][0], answer["model_version"]


@pytest.fixture
def scene(fake_label_studio, store, project_factory, own, settings, valkey, monkeypatch):
    with connect(valkey) as redis:
        redis.flushall()
    found = Scene(fake_label_studio, store, project_factory, own, valkey, monkeypatch)
    found.home = settings.home
    yield found
    found.label_studio.close()


@pytest.mark.parametrize("file", ["counting.py", "older.py"])
def test_fit_runs_in_a_job_and_what_it_made_is_judged_promoted_served_and_pushed(scene, file):
    scene.serve(file)
    first = scene.champion()
    scene.ask("goal striker")
    # When the job has run
    job = scene.train()
    # Then its version serves: same process, no restart, another version
    assert job["state"] == "done", job["error"]
    trained = scene.champion()
    assert job["detail"]["promoted"]
    assert "no worse" in job["detail"]["reason"]
    assert trained.version != first.version
    assert trained.card["parent"] == first.version
    assert trained.card["controls"]["topic"]["held_out"]["accuracy"] > 0.8
    wait_for(lambda: scene.ask("goal striker") == ("sport", trained.version))
    # And its predictions of all open tasks stand in Label Studio
    assert scene.jobs.state("prelabel", scene.id)["state"] == "done"
    assert scene.label_studio.model_versions(scene.id)[trained.version] == 120
    assert scene.files() == []


def test_what_is_kept_under_keys_is_there_for_the_next_training(scene):
    scene.serve("counting.py")
    scene.train()
    scene.train()
    assert scene.champion().card["own_version"] == "Counting-v1"  # the author's own, when the second began
    with scene.store.read() as conn:
        assert len(models.versions(conn, scene.champion().name)) == 3
    assert scene.champion().sha256.keys() >= {"words.pkl", "cueloop-values.json"}


def test_tasks_that_are_held_out_are_not_given_to_fit(scene):
    scene.serve("older.py")
    scene.train()
    examples_ = scene.champion().card["controls"]["topic"]
    assert examples_["examples"] + examples_["held_out"]["tasks"] == 100
    with scene.store.read() as conn:
        rows = conn.execute(sa.select(s.predictions.c.task, s.predictions.c.out_of_fold).where(
            s.predictions.c.version == scene.champion().version)).all()
    assert sum(not row.out_of_fold for row in rows) == examples_["examples"]


def test_a_training_that_fails_leaves_the_champion_and_says_where(scene):
    scene.serve("failing.py")
    before = scene.champion()
    job = scene.train()
    assert job["state"] == "failed"
    assert job["error"] == "failing.py: fit failed: failing.py, line 18: RuntimeError: no space left on the card"
    assert scene.champion() == before
    assert scene.ask("match") == ("food", before.version)
    assert scene.files() == []


def test_files_that_are_links_are_refused(scene):
    scene.serve("linking.py")
    job = scene.train()
    assert job["state"] == "failed"
    assert "link, weights" in job["error"]


def test_a_class_without_fit_says_that_there_is_nothing_to_train(scene):
    scene.serve("alone.py")
    assert "has no fit of its own" in scene.train()["error"]


def test_a_fit_that_changes_nothing_makes_no_version(scene):
    scene.serve("waiting.py")
    before = scene.champion()
    assert "there is no new version" in scene.train()["error"]
    assert scene.champion() == before


def test_cueloop_train_trains_the_class(scene, class_settings):
    scene.serve("older.py")
    said = CliRunner().invoke(main, ["train", "--project", str(scene.id), "--json"])
    assert said.exit_code == 0, said.output
    facts = json.loads(said.stdout)
    assert (facts["promoted"], facts["card"]["generation"]) == (True, "1.0.9")
    assert scene.champion().version == facts["version"]
    # And for people who read it
    again = CliRunner().invoke(main, ["train", "--project", str(scene.id)])
    assert "topic: held-out accuracy 1.000" in again.output


def test_the_version_says_why_it_was_trained(scene):
    scene.serve("counting.py")
    scene.jobs.enqueue_once("train", scene.id, TRAIN, scene.id, why="40 newly labelled tasks")
    work(scene.redis_url, burst=True)
    assert scene.champion().card["why"] == "40 newly labelled tasks"


def test_a_training_that_is_cancelled_leaves_a_refused_version_and_the_champion(scene, class_settings):
    scene.serve("counting.py")
    before, told, config = scene.champion(), [], class_settings("counting.py")

    def progress(done, total):
        told.append((done, total))
        if done == 2:   # Given that somebody cancels it when `fit` was judged and its version kept
            cancel(scene.store, "train", scene.id, actor="lin")
            cancelling._running.looked = None   # it looks every half second only
        cancelling.check()

    with pytest.raises(Cancelled), inline.here(scene.store, "train", scene.id, why="a person asked"):
        retrain_class(scene.store, Artifacts(config.artifacts), config, scene.id, before.name, actor="job train",
                      progress=progress)
    # Then what it made was not put in service, and nobody will take it for what should serve
    assert told == [(0, 3), (1, 3), (2, 3)]
    assert scene.champion() == before
    with scene.store.read() as conn:
        left = models.newest(conn, scene.id)
        refused = conn.execute(sa.select(s.audit).where(s.audit.c.action == "model refused")).one()
    assert refused.detail["reason"] == "its training was cancelled before it was in service"
    assert (left.card["gate"]["outcome"], left.version != before.version) == ("refused", True)


def test_a_worse_version_is_kept_and_not_promoted(scene):
    scene.serve("forgetting.py")
    scene.train()
    good = scene.champion()
    job = scene.train()
    assert job["state"] == "done"
    assert not job["detail"]["promoted"]
    assert scene.champion() == good
    with scene.store.read() as conn:
        assert models.aliases_of(conn, good.name)["challenger"] == job["detail"]["version"]


def test_predictions_go_on_while_fit_runs(scene):
    scene.serve("counting.py")
    stop, failed, seen = threading.Event(), [], set()

    def ask():
        while not stop.is_set():
            response = scene.client.post("/predict", json={
                "tasks": [task("goal striker", id=1)], "label_config": CONFIG, "project": f"{scene.id}.1"})
            if response.status_code != 200 or not response.json()["results"][0]["result"]:
                failed.append(response.text)
            else:
                seen.add(response.json()["results"][0]["model_version"])
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        first = scene.champion().version
        assert scene.train()["state"] == "done"
        wait_for(lambda: scene.champion().version in seen)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert seen == {first, scene.champion().version}


def test_a_project_that_comes_later_gets_the_class_too_and_training_when_it_is_due(scene, class_settings):
    class_settings("counting.py", redis_url=scene.redis_url)
    assert scene.champion() is None
    due.step(scene.store, scene.label_studio, scene.id, frozenset())
    work(scene.redis_url, burst=True)
    first = scene.champion()
    assert first.kind == "label-studio-ml"
    due.step(scene.store, scene.label_studio, scene.id, frozenset())
    work(scene.redis_url, burst=True)
    assert scene.champion().card["parent"] == first.version
    due.step(scene.store, scene.label_studio, scene.id, frozenset())
    assert scene.jobs.state("train", scene.id)["state"] == "done"


def test_what_was_trained_on_other_labels_is_not_asked(scene):
    # Given two projects that share a model by name, and a training for the first
    client = scene.serve("counting.py", model="shared")
    scene.train()
    Project(scene.store, 2, CONFIG.replace("food", "account").replace("money", "billing"))
    # When the second asks, then it is told nothing rather than a label of the wrong number
    body = {"tasks": [task("goal striker", id=1)], "project": "2.1",
            "label_config": CONFIG.replace("food", "account").replace("money", "billing")}
    wait_for(lambda: client.post("/predict", json=body).json()["results"][0]["result"] == [])
    # And health says why
    wait_for(lambda: "trained for other labels" in " ".join(client.get("/health").json()["degraded"]))
    wait_for(lambda: scene.ask("goal striker")[0] == "sport")


def test_regions_are_pre_labelled_and_a_class_for_them_is_promoted_unjudged(scene):
    # Given a project where people mark words
    config = """<View><Labels name="words" toName="text"><Label value="Food"/></Labels>
                <Text name="text" value="$text"/></View>"""
    item = {"from_name": "words", "to_name": "text", "type": "labels",
            "value": {"start": 0, "end": 4, "text": "soup", "labels": ["Food"]}}
    with scene.store.write() as conn:
        conn.execute(s.projects.update().values(label_config=config))
        conn.execute(s.annotations.update().values(result=[item]))
        conn.execute(s.tasks.update().values(data={"text": "soup and bread"}))
    scene.client_patch(label_config=config)
    scene.serve("marking.py")
    # When it is trained
    job = scene.train()
    # Then it is in service, says that nothing could compare it, and its regions stand in Label Studio
    assert job["state"] == "done", job["error"]
    assert job["detail"]["reason"].startswith("cannot be judged")
    with scene.store.read() as conn:
        [row] = conn.execute(s.predictions.select().limit(1)).all()
    assert (row.label, row.score, row.probabilities) == ("Food", 0.8, {})
    assert [(region["label"], region["score"]) for region in row.value] == [("Food", 0.8)]
    assert scene.jobs.state("prelabel", scene.id)["detail"]["pushed"] == 120
    some = min(row["id"] for row in scene.label_studio.all_ids(scene.id))
    [stored] = scene.label_studio.predictions(scene.id, some)
    assert stored["result"][0]["value"] == item["value"]


def test_a_class_for_regions_is_trained_again_when_much_is_newly_labelled(scene, class_settings):
    class_settings("marking.py", redis_url=scene.redis_url)
    with scene.store.write() as conn:
        conn.execute(s.projects.update().values(label_config="""<View><Labels name="topic" toName="text">
            <Label value="Food"/></Labels><Text name="text" value="$text"/></View>"""))
    due.step(scene.store, scene.label_studio, scene.id, frozenset())
    work(scene.redis_url, burst=True)
    with scene.store.read() as conn:
        why = examine_class(conn, scene.id, policy(conn, scene.id)).why
    assert why == "100 newly labelled tasks since the last training"


def wait_for(condition):
    """Within some seconds."""
    import time

    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
