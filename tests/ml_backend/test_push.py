"""Pushing predictions to Label Studio: what belongs there, once, however often the push dies."""

from collections import Counter

import pytest
import sqlalchemy as sa

from cueloop.errors import LabelStudioUnreachable
from cueloop.fake.faults import DROPPED, LOST
from cueloop.label_studio import LabelStudio
from cueloop.store import models, predictions
from cueloop.store import schema as s
from cueloop.store.columns import now
from cueloop.store.predictions import Prediction
from ml_backend import push as push_module
from ml_backend.push import push
from tests.ml_backend.conftest import CONFIG, LABELS, Project, examples

PUSH = r"import/predictions"


class Scene:
    """A project in a Label Studio with six tasks, known to the store and predicted by `topics@v1`."""

    def __init__(self, server, store, make):
        some = examples(6)
        self.client = LabelStudio(server.url, server.admin_token)
        self.store, self.id = store, make(server, tasks=[{"text": e.text} for e in some], label_config=CONFIG)
        self.ids = sorted(row["id"] for row in self.client.all_ids(self.id))
        self.keys = Project(store, self.id).add(some, ids=self.ids, labelled=False)
        self.predict("v1")

    def predict(self, version, champion=True):
        with self.store.write() as conn:
            predictions.write(conn, [self.row(key, version, LABELS[n % 3]) for n, key in enumerate(self.keys)])
            if champion:
                models.set_alias(conn, "topics", "champion", version)

    def row(self, key, version, label, score=0.7):
        rest = [other for other in LABELS if other != label]
        chances = {label: score, rest[0]: 0.8 * (1 - score), rest[1]: 0.2 * (1 - score)}
        return Prediction(project_id=self.id, task=key, control="topic", model="topics", version=version, label=label,
                          score=score, probabilities=chances, out_of_fold=True, created_at=now())

    def push(self, version="v1"):
        return push(self.store, self.client, self.id, "topics", version)

    def there(self):
        """{(task id, version): how many}."""
        return Counter((p["task"], p["model_version"]) for p in self.client.predictions(self.id))

    def whole(self, ids=None, version="v1"):
        return Counter({(n, v): 1 for n in ids or self.ids for v in (version, f"{version}-alt2")})

    def update(self, table, key, **values):
        column = table.c.key if "key" in table.c else table.c.task
        with self.store.write() as conn:
            conn.execute(table.update().where(column == key).values(**values))


@pytest.fixture
def scene(either_label_studio, store, project_factory):
    with_client = Scene(either_label_studio, store, project_factory)
    yield with_client
    with_client.client.close()


@pytest.fixture
def fragile(fake_label_studio, store, project_factory):
    """The same on the fake, whose faults a test may choose, in batches of two tasks."""
    with_client = Scene(fake_label_studio, store, project_factory)
    yield with_client, fake_label_studio.faults
    with_client.client.close()


def test_answers_and_alternatives_arrive_and_are_shown(scene):
    pushed = scene.push()
    assert (pushed.tasks, pushed.found, pushed.refused) == (6, 0, {})
    assert scene.there() == scene.whole()
    said = {p["model_version"]: p for p in scene.client.predictions(scene.id, scene.ids[0])}
    assert said["v1"]["result"][0]["value"]["choices"] == ["food"]
    assert said["v1"]["score"] == pytest.approx(0.7)
    assert said["v1-alt2"]["result"][0]["value"]["choices"] == ["money"]
    assert said["v1-alt2"]["score"] == pytest.approx(0.24)


def test_a_second_push_changes_nothing(scene):
    scene.push()
    assert scene.push().tasks == 0
    assert scene.there() == scene.whole()


def test_blind_and_finished_tasks_get_none(scene):
    blind, labelled, done, deleted, *_ = scene.keys
    scene.update(s.tasks, blind, blind=True)
    scene.update(s.tasks, labelled, is_labeled=True)
    scene.update(s.tasks, deleted, deleted_at=now())
    with scene.store.write() as conn:
        conn.execute(s.routes.insert().values(task=done, project_id=scene.id, state="done", plan={}, wanted={},
                                              dirty=False, updated_at=now()))
    assert scene.push().tasks == 2
    assert {task for task, _ in scene.there()} == set(scene.ids[4:])


def test_a_task_that_the_router_wants_accepted_gets_one_or_it_could_never_be(scene):
    with scene.store.write() as conn:
        conn.execute(s.routes.insert().values(task=scene.keys[0], project_id=scene.id, state="accepted", plan={},
                                              wanted={"accept": "v1"}, dirty=True, updated_at=now()))
    scene.push()
    assert (scene.ids[0], "v1") in scene.there()


def test_a_task_that_is_gone_spoils_no_other(scene):
    # Given a task that was deleted in Label Studio and not yet in the store: it refuses the whole batch for it
    scene.client.delete_task(scene.ids[0])
    pushed = scene.push()
    assert pushed.refused == {scene.ids[0]: push_module.GONE}
    assert scene.there() == scene.whole(scene.ids[1:])
    # When the sweep has found it, then nothing is left to do
    scene.update(s.tasks, scene.keys[0], deleted_at=now())
    assert scene.push().tasks == 0


def test_pushed_tasks_are_routed_again(scene):
    scene.push()
    with scene.store.read() as conn:
        assert set(conn.scalars(sa.select(s.changes.c.task))) == set(scene.keys)


@pytest.mark.parametrize("failure", [LOST, DROPPED, 503])
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_push_that_dies_on_the_way_is_resumed_without_duplicates(fragile, monkeypatch, failure, skip):
    # Given that the answer to one of three batches is lost, or the batch itself
    scene, faults = fragile
    monkeypatch.setattr(push_module, "BATCH", 2)
    faults.fail(failure, times=20, method="POST", path=PUSH, skip=skip)
    with pytest.raises(LabelStudioUnreachable) if failure in (LOST, DROPPED) else pytest.raises(Exception, match=r".+"):
        scene.push()
        raise LabelStudioUnreachable("503: the push says what was not taken")
    # When Label Studio is well again and the push is repeated
    faults.clear()
    scene.push()
    # Then every prediction is there exactly once
    assert scene.there() == scene.whole()


def test_a_process_killed_between_push_and_note_is_resumed_without_duplicates(fragile, monkeypatch):
    scene, _ = fragile
    monkeypatch.setattr(push_module, "BATCH", 2)
    with monkeypatch.context() as m:
        m.setattr(predictions, "mark_pushed", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            scene.push()
    assert len(scene.there()) == 4
    pushed = scene.push()
    assert (pushed.tasks, pushed.found) == (4, 2)
    assert scene.there() == scene.whole()


def test_a_task_that_turns_blind_during_a_push_is_not_sent(fragile, monkeypatch):
    scene, faults = fragile
    monkeypatch.setattr(push_module, "BATCH", 2)
    faults.just_before(lambda: scene.update(s.tasks, scene.keys[3], blind=True), method="POST", path=PUSH)
    scene.push()
    assert {task for task, _ in scene.there()} == set(scene.ids) - {scene.ids[3]}


def test_a_sure_answer_has_no_alternative(fragile):
    scene, _ = fragile
    with scene.store.write() as conn:
        models.set_alias(conn, "topics", "champion", "sure")
        predictions.write(conn, [scene.row(scene.keys[0], "sure", "food", score=0.95)])
    scene.push("sure")
    assert list(scene.there()) == [(scene.ids[0], "sure")]
