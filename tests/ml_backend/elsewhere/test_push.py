"""A file becomes a version: immutable, idempotent, told apart from others, whole even when the process dies."""

import pytest
import sqlalchemy as sa

from cueloop.errors import DataError, ModelError
from cueloop.store import models, predictions
from cueloop.store import schema as s
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.elsewhere import keep, push
from ml_backend.protocol import asked
from tests.ml_backend.conftest import CONFIG


def rows(scene):
    with scene.store.read() as conn:
        return conn.execute(sa.select(s.predictions.c.task, s.predictions.c.label, s.predictions.c.score,
                                      s.predictions.c.created_at).order_by(s.predictions.c.task)).all()


def version(scene, name="llm", number="one"):
    with scene.store.read() as conn:
        return models.get(conn, name, number)


def test_a_file_becomes_a_challenger_with_a_card(scene):
    blind, suggested = scene.tasks(60), scene.tasks(5, seen=True)
    done = scene.push(scene.said(blind + suggested))
    # Then the version is listed, and only answers given without a suggestion judge it
    found = version(scene)
    assert found == done.version
    assert (found.kind, found.path, found.project_id) == ("elsewhere", "", 1)
    assert found.card["controls"]["topic"]["told"]["predictions"] == 65
    assert found.card["controls"]["topic"]["held_out"]["tasks"] == 60
    assert found.card["files"][0]["file"] == "said.jsonl"
    with scene.store.read() as conn:
        assert models.aliases_of(conn, "llm") == {"challenger": "one"}


def test_the_same_file_again_changes_nothing(scene):
    path = scene.write(scene.said(scene.tasks(40)))
    scene.push(path)
    before = rows(scene), version(scene)
    again = scene.push(path)
    assert (again.count.new, again.count.known) == (0, 40)
    assert (rows(scene), version(scene)) == before


def test_a_version_takes_more_tasks_and_its_hash_does_not_depend_on_the_order(scene):
    some = scene.said(scene.tasks(40))
    scene.push(some[:10])
    first = version(scene).sha256
    scene.push(some[::-1])
    assert version(scene).sha256 != first
    assert len(rows(scene)) == 40
    scene.push(some, version="two")
    assert version(scene, number="two").sha256 == version(scene).sha256


@pytest.mark.parametrize("change", [{"label": "money"}, {"score": 0.5}, {"trained": True}])
def test_a_version_never_changes_its_mind(scene, change):
    [key] = scene.tasks(1)
    scene.push([{"task": key, "label": "food", "score": 0.9}])
    before = rows(scene)
    with pytest.raises(DataError, match="versions do not change, choose another one"):
        scene.push([{"task": key, "label": "food", "score": 0.9} | change])
    assert rows(scene) == before


def test_a_push_that_died_between_two_batches_goes_on(scene, monkeypatch):
    path = scene.write(scene.said(scene.tasks(25)))
    monkeypatch.setattr(push, "BATCH", 10)
    # Given a process that dies when it writes its third batch
    write, calls = predictions.write, []

    def dying(conn, some):
        calls.append(len(some))
        write(conn, some)
        if len(calls) == 3:
            raise KeyboardInterrupt
    monkeypatch.setattr(predictions, "write", dying)
    with pytest.raises(KeyboardInterrupt):
        scene.push(path)
    assert len(rows(scene)) == 20
    assert version(scene) is None
    # When the file is pushed again, then the rest is written and the version is listed
    monkeypatch.setattr(predictions, "write", write)
    done = scene.push(path)
    assert (done.count.new, done.count.known) == (5, 20)
    assert version(scene).card["files"][0]["tasks"] == 25
    assert version(scene).card["controls"]["topic"]["held_out"]["tasks"] == 25


def test_a_push_that_died_before_it_calibrated_does_so_the_next_time(scene, monkeypatch):
    path = scene.write(scene.said(scene.tasks(60)))

    def dead(*_):
        raise KeyboardInterrupt
    with monkeypatch.context() as patch:
        patch.setattr(keep, "recalibrate", dead)
        with pytest.raises(KeyboardInterrupt):
            scene.push(path)
    assert max(row.score for row in rows(scene)) == pytest.approx(0.5)
    scene.push(path)
    assert version(scene).card["calibrated_at"]
    assert min(row.score for row in rows(scene)) > 0.5


def test_a_dry_run_checks_and_writes_nothing(scene):
    done = scene.push(scene.said(scene.tasks(5)), dry_run=True)
    assert (done.count.new, done.version) == (5, None)
    assert rows(scene) == []
    assert version(scene) is None


@pytest.mark.parametrize(("name", "number", "told"), [
    ("a/b", "one", "cannot be a model's name or version"), ("llm", "champion", "means something else"),
    ("llm", "one-alt2", "means something else"), ("other", "one", "tells predictions apart by their version alone"),
])
def test_names_that_cannot_be(scene, name, number, told):
    some = scene.said(scene.tasks(3))
    scene.push(some)
    with pytest.raises(ModelError, match=told):
        scene.push(some, name, number)


def test_a_version_that_was_trained_here_takes_no_predictions(scene, train):
    some = scene.said(scene.tasks(90))
    trained = train(project_id=1, name="llm")
    with pytest.raises(ModelError, match="was trained here"):
        scene.push(some, "llm", trained)


def test_several_controls_need_a_name_or_labels(store, tmp_path):
    from tests.ml_backend.elsewhere.conftest import Scene

    mood = '<Choices name="mood" toName="text"><Choice value="good"/><Choice value="bad"/></Choices></View>'
    scene = Scene(store, tmp_path, CONFIG.replace("</View>", mood))
    scene.tasks(3, labelled=False)
    with pytest.raises(DataError, match="several single choices \\(topic, mood\\): name one with --control"):
        scene.push([{"task": 1, "label": "good"}])
    scene.push([{"task": 1, "label": "good"}], control="mood")
    scene.push([{"task": 2, "labels": {"topic": {"label": "food", "score": 0.8}, "mood": "bad"}}])
    with store.read() as conn:
        said = predictions.of_tasks(conn, "llm", "one", [1, 2])
    assert {(row.task, row.control, row.label) for some in said.values() for row in some} == {
        (1, "mood", "good"), (2, "topic", "food"), (2, "mood", "bad")}


def test_in_service_it_answers_the_tasks_that_it_has_spoken_of(scene, settings, store):
    first, second = scene.tasks(2, labelled=False)
    found = scene.push([{"task": first, "label": "food", "explanation": "soup"}]).version
    loaded = registry.load(Artifacts(settings.artifacts), found, store)
    about = asked({"tasks": [{"id": second}, {"id": first}, {"id": "x"}, 7], "project": "1.2", "label_config": CONFIG})
    said = loaded.answering.propose(about, about.config.modelled, [0, 1, 2, 3])
    assert [len(one) for one in said] == [0, 1, 0, 0]
    [proposal] = said[1]
    assert proposal.result[0]["value"] == {"choices": ["food"]}
    assert proposal.explanation["topic"]["text"] == "soup"
    # Then tasks of another project that have the same id are not its business
    other = asked({"tasks": [{"id": first}], "project": "2.2", "label_config": CONFIG})
    assert loaded.answering.propose(other, other.config.modelled, [0]) == [[]]


def test_a_version_without_predictions_is_not_loaded(scene, settings, store):
    found = scene.push(scene.said(scene.tasks(3))).version
    with store.write() as conn:
        conn.execute(s.predictions.delete())
    with pytest.raises(ModelError, match="has no predictions"):
        registry.load(Artifacts(settings.artifacts), found, store)
