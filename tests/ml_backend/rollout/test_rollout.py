"""A version's way into Label Studio: predictions first, counted, then the switch; another champion overtakes it."""

import pytest
import sqlalchemy as sa

from cueloop.errors import LabelStudioError
from cueloop.label_config import parse
from cueloop.store import predictions, rollouts
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend import push as push_module
from ml_backend.policy.policy import Rollout
from ml_backend.rollout.due import due
from tests.ml_backend.conftest import CONFIG, examples

IMPORT = r"import/predictions"


def is_due(scene):
    with scene.store.read() as conn:
        return due(conn, scene.id, Rollout())


def test_a_champion_comes_into_label_studio_and_the_next_one_takes_its_place(scene):
    scene.serve("v1")
    assert is_due(scene)
    done = scene.run()
    assert (done.state, done.error) == ("done", None)
    assert {name: done.counts[name] for name in ("expected", "pushed", "found", "refused")} == {
        "expected": 6, "pushed": 6, "found": 6, "refused": 0}
    assert scene.there() == {"v1": 6, "v1-alt2": 6}
    assert scene.shown() == "v1"
    assert not is_due(scene)
    # When another version serves, then it is shown, and what was there stays
    scene.serve("v2")
    assert is_due(scene)
    assert scene.run().before == "v1"
    assert scene.there() == {"v1": 6, "v1-alt2": 6, "v2": 6, "v2-alt2": 6}
    assert scene.shown() == "v2"
    assert scene.states() == [("v1", "done"), ("v2", "done")]


def test_nobody_gets_a_task_without_a_pre_label_meanwhile(scene, monkeypatch):
    # Given a version that is shown, when the next one is rolled out two tasks at a time
    scene.serve("v1")
    scene.run()
    scene.serve("v2")
    monkeypatch.setattr(push_module, "BATCH", 2)
    seen = []

    def look(done, total, what):
        on_screen = scene.shown()
        seen.append((on_screen, scene.client.model_versions(scene.id)[on_screen]))

    scene.run(progress=look)
    # Then whatever is shown at any moment is there for every task
    assert len(seen) == 3
    assert set(seen) == {("v1", 6)}
    assert scene.shown() == "v2"


def test_what_is_needed_soonest_is_pushed_first(fragile, monkeypatch):
    # Given a task in somebody's queue, one of high priority and one that is finished
    asked, wanted, finished, *rest = reversed(fragile.keys)
    with fragile.store.write() as conn:
        decision = conn.execute(s.decisions.insert().values(
            project_id=fragile.id, task=asked, control="topic", kind="ask", rule="r", rules_hash="", inputs={},
            candidates=[], chosen=[1], probability=1.0, created_at=now()).returning(s.decisions.c.key)).scalar_one()
        conn.execute(s.assignments.insert().values(project_id=fragile.id, task=asked, annotator_id=1, state="open",
                                                   decision=decision, created_at=now()))
        conn.execute(s.routes.insert().values(task=wanted, project_id=fragile.id, state="waiting", plan={}, wanted={},
                                              dirty=False, priority=9.0, updated_at=now()))
    fragile.update(s.tasks, finished, is_labeled=True)
    fragile.serve("v1")
    with fragile.store.read() as conn:
        waiting = [w.task for w in predictions.waiting(conn, fragile.id, "topics", "v1")]
        missing = predictions.missing(conn, fragile.id, "topics", "v2", "topic")
        some = predictions.missing(conn, fragile.id, "topics", "v2", "topic", unfinished=True)
    assert waiting == [asked, wanted, *sorted(rest)]
    assert missing == [*waiting, finished]
    assert some == waiting


def test_a_rollback_shows_at_once_what_still_stands_there(fragile):
    # Given v2 after v1, and two new tasks since
    fragile.serve("v1")
    fragile.run()
    fragile.serve("v2")
    fragile.run()
    new = fragile.client.import_tasks(fragile.id, [{"data": {"text": "late"}}] * 2)
    late = fragile.project.add(examples(2), ids=new, labelled=False)
    # When v1 serves again, then it is on the screens before the new tasks have theirs, and then they get them
    fragile.serve("v1", [*fragile.keys, *late])
    shown = []
    fragile.faults.just_before(lambda: shown.append(fragile.shown()), method="POST", path=IMPORT)
    fragile.run()
    assert shown == ["v1"]
    assert fragile.there()["v1"] == 8
    assert fragile.states()[-1] == ("v1", "done")


def test_another_champion_overtakes_a_rollout_between_two_batches(fragile, monkeypatch):
    monkeypatch.setattr(push_module, "BATCH", 2)
    fragile.serve("v1")
    fragile.run()
    fragile.serve("v2")
    fragile.faults.just_before(lambda: fragile.serve("v3"), method="POST", path=IMPORT)
    assert fragile.run().state == "overtaken"
    assert fragile.shown() == "v1"
    assert fragile.run().state == "done"
    assert fragile.shown() == "v3"
    assert fragile.there()["v2"] == 2


def test_a_project_that_is_disconnected_meanwhile_gets_nothing_more_and_everything_when_it_is_back(fragile,
                                                                                                   monkeypatch):
    monkeypatch.setattr(push_module, "BATCH", 2)
    fragile.serve("v1")
    fragile.faults.just_before(lambda: _project(fragile, {"mode": "disconnected"}), method="POST", path=IMPORT)
    assert fragile.run().state == "overtaken"
    assert fragile.there() == {"v1": 2, "v1-alt2": 2}
    assert not fragile.shown()
    assert not is_due(fragile)
    # When it was disconnected, which takes out what was there, and is connected again
    for version in ("v1", "v1-alt2"):
        fragile.client.delete_model_version(fragile.id, version)
    _project(fragile, {"mode": "connected", "connected_at": now()})
    assert is_due(fragile)
    fragile.run()
    assert fragile.there() == {"v1": 6, "v1-alt2": 6}
    assert fragile.shown() == "v1"


def _project(scene, values):
    with scene.store.write() as conn:
        conn.execute(s.projects.update().values(**values))


def test_new_and_reopened_tasks_get_theirs_after_the_switch(fragile):
    finished = fragile.keys[0]
    fragile.update(s.tasks, finished, is_labeled=True)
    fragile.serve("v1")
    assert fragile.run().counts["found"] == 5
    fragile.update(s.tasks, finished, is_labeled=False)
    assert fragile.run().state == "done"
    assert fragile.there()["v1"] == 6
    assert fragile.states() == [("v1", "done")]


def test_where_nothing_is_open_nothing_is_shown_until_something_is(fragile):
    for key in fragile.keys:
        fragile.update(s.tasks, key, is_labeled=True)
    fragile.serve("v1")
    assert fragile.run().state == "done"
    assert not fragile.shown()
    fragile.update(s.tasks, fragile.keys[2], is_labeled=False)
    assert fragile.run().counts["found"] == 1
    assert fragile.shown() == "v1"


def test_a_task_that_turns_blind_or_is_deleted_spoils_nothing(scene):
    blind = scene.keys[0]
    scene.serve("v1")
    scene.update(s.tasks, blind, blind=True)
    scene.client.delete_task(scene.ids[1])
    done = scene.run()
    assert done.counts["why"] == {push_module.GONE: 1}
    assert done.counts["refused_tasks"] == [scene.ids[1]]
    assert (done.state, done.counts["found"]) == ("done", 4)
    assert scene.shown() == "v1"


def test_a_pilot_concerns_only_its_tasks(fragile):
    fragile.update(s.tasks, fragile.keys[0], data={"text": "bread", "part": "a"})
    _project(fragile, {"mode": "pilot", "pilot": {"annotators": [1], "filter": {"field": "part", "value": "a"}}})
    fragile.serve("v1")
    assert fragile.run().state == "done"
    assert fragile.there()["v1"] == 1
    # When the pilot ends, then all get theirs
    _project(fragile, {"mode": "connected", "pilot": None})
    fragile.run()
    assert fragile.there()["v1"] == 6


def test_what_label_studio_refuses_is_told_and_the_old_version_stays_on_the_screens(fragile):
    # Given a version that is shown, and one whose label the config in Label Studio no longer has
    fragile.serve("v1")
    fragile.run()
    fragile.serve("v2")
    fragile.client.patch_project(fragile.id, label_config=CONFIG.replace('"food"', '"meals"'))
    stuck = fragile.run()
    assert stuck.state == "pushing"
    assert "refused 6" in stuck.error
    assert "v1" in stuck.error
    assert fragile.shown() == "v1"
    assert not is_due(fragile)
    # When the config is mended, then the next run brings it in
    fragile.client.patch_project(fragile.id, label_config=CONFIG)
    assert fragile.run().state == "done"
    assert fragile.shown() == "v2"


def test_a_count_that_differs_is_put_right(scene):
    # Given a push after which somebody deletes one prediction in Label Studio, and the switch did not come
    scene.serve("v1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ml_backend.rollout.machine.verify", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            scene.run()
    for row in scene.client.predictions(scene.id, scene.ids[3]):
        scene.client.delete_prediction(row["id"])
    # When the rollout goes on, then it is missed, pushed again, and only then shown
    done = scene.run()
    assert (done.state, done.counts["found"]) == ("done", 6)
    assert scene.there() == {"v1": 6, "v1-alt2": 6}


def test_what_was_pushed_twice_by_a_process_that_died_is_single_again(scene):
    # Given a batch that a dead process had sent and Label Studio took only after it was asked about it
    scene.serve("v1")
    with scene.store.write() as conn:
        predictions.mark_sent(conn, "topics", "v1", scene.keys)
        said = predictions.of_tasks(conn, "topics", "v1", scene.keys)
    rows = [row for key, number in zip(scene.keys, scene.ids, strict=True)
            for row in push_module.rows_of(number, said[key], {"topic": _control()}, "v1")]
    real, late = scene.client.import_predictions, []

    def slow(project, some):
        if not late:
            late.append(real(project, rows))
        return real(project, some)

    scene.client.import_predictions = slow
    done = scene.run()
    assert (done.state, done.counts["found"]) == ("done", 6)
    assert scene.there() == {"v1": 6, "v1-alt2": 6}


def _control():
    return parse(CONFIG).modelled[0]


def test_a_label_studio_that_fails_leaves_a_rollout_that_goes_on(fragile):
    fragile.serve("v1")
    fragile.faults.fail(503, times=20, method="GET", path="model-versions")
    with pytest.raises(LabelStudioError):
        fragile.run()
    assert fragile.states() == [("v1", "verifying")]
    assert not fragile.shown()
    fragile.faults.clear()
    assert fragile.run().state == "done"
    with fragile.store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(s.rollouts)) == 1
        assert rollouts.newest(conn, fragile.id).shown_at is not None
