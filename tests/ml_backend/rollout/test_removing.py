"""Predictions of versions that no longer serve go as the policy says, and never under anybody's hands."""

import pytest

from cueloop.store import predictions
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend.policy.policy import Rollout
from ml_backend.rollout import removing
from ml_backend.rollout.due import due

KEEP_NONE = {"old": "remove", "keep": 0}


def through(scene, *versions, **policy):
    """These versions came into Label Studio one after the other, the last a moment ago."""
    for version in versions:
        scene.serve(version)
        done = scene.run(**policy)
    return done


def is_due(scene, **policy):
    with scene.store.read() as conn:
        return due(conn, scene.id, Rollout(**policy))


def test_kept_is_what_the_policy_keeps(scene):
    # Given three versions that were shown, when nobody can have an old one on the screen any more
    scene.client.import_predictions(scene.id, [{"task": scene.ids[0], "result": [], "score": 0.5,
                                                "model_version": "theirs"}])
    through(scene, "v1", "v2", "v3", old="remove", keep=1)
    assert set(scene.there()) == {f"v{n}{end}" for n in (1, 2, 3) for end in ("", "-alt2")} | {"theirs"}
    scene.later(hours=2)
    assert is_due(scene, old="remove", keep=1)
    done = scene.run(old="remove", keep=1)
    # Then one before stays, with what is not ours, and Label Studio shows what it showed
    assert (done.state, done.counts["removed"]) == ("done", 12)
    assert scene.there() == {"v2": 6, "v2-alt2": 6, "v3": 6, "v3-alt2": 6, "theirs": 1}
    assert scene.shown() == "v3"
    assert not is_due(scene, old="remove", keep=1)
    # And the store knows both that they are gone and that they were there
    with scene.store.read() as conn:
        assert predictions.pushed(conn, scene.id, "topics", "v1") == 0
        row = conn.execute(s.predictions.select().where(s.predictions.c.version == "v1")).first()
    assert row.pushed_at is not None
    assert row.removed_at is not None


def test_nothing_goes_by_the_default_policy(fragile):
    through(fragile, "v1", "v2")
    fragile.later(hours=2)
    assert fragile.run().state == "done"
    assert set(fragile.there()) == {"v1", "v1-alt2", "v2", "v2-alt2"}


def test_nothing_goes_while_somebody_may_have_it_on_the_screen(scene):
    waits = through(scene, "v1", "v2", **KEEP_NONE)
    assert (waits.state, waits.error) == ("removing", None)
    assert scene.there()["v1"] == 6
    assert not is_due(scene, **KEEP_NONE)


def test_what_the_machine_is_about_to_accept_stays_until_it_is(fragile):
    through(fragile, "v1", "v2", **KEEP_NONE)
    with fragile.store.write() as conn:
        conn.execute(s.routes.insert().values(
            task=fragile.keys[0], project_id=fragile.id, state="accepted", plan={}, wanted={"accept": "v1"},
            dirty=True, updated_at=now()))
    fragile.later(hours=2)
    assert fragile.run(**KEEP_NONE).state == "removing"
    assert fragile.there()["v1"] == 6
    fragile.update(s.routes, fragile.keys[0], dirty=False)
    assert fragile.run(**KEEP_NONE).state == "done"
    assert "v1" not in fragile.there()


def test_what_a_person_chose_to_show_stays(fragile):
    through(fragile, "v1", "v2", **KEEP_NONE)
    fragile.later(hours=2)
    fragile.client.patch_project(fragile.id, model_version="v1")
    assert fragile.run(**KEEP_NONE).state == "removing"
    assert fragile.shown() == "v1"
    assert fragile.there()["v1"] == 6


@pytest.mark.parametrize("seconds", [60.0, -1.0])
def test_of_many_it_goes_task_by_task_and_further_in_the_next_run(scene, monkeypatch, seconds):
    # Given more predictions than may go in one call, and time for all or for one
    monkeypatch.setattr(removing, "AT_ONCE", 3)
    through(scene, "v1", "v2", **KEEP_NONE)
    scene.later(hours=2)
    monkeypatch.setattr(removing, "SECONDS", seconds)
    if seconds < 0:
        monkeypatch.setattr(removing, "monotonic", iter([0, -2, *range(100)]).__next__)
        assert scene.run(**KEEP_NONE).state == "removing"
        assert scene.there()["v1"] == 5
        monkeypatch.setattr(removing, "SECONDS", 1e9)
    assert scene.run(**KEEP_NONE).state == "done"
    assert scene.there() == {"v2": 6, "v2-alt2": 6}


def test_what_was_removed_is_pushed_again_when_it_serves_again(fragile):
    through(fragile, "v1", "v2", **KEEP_NONE)
    fragile.later(hours=2)
    fragile.run(**KEEP_NONE)
    assert "v1" not in fragile.there()
    assert through(fragile, "v1").state == "done"
    assert fragile.there() == {"v1": 6, "v1-alt2": 6, "v2": 6, "v2-alt2": 6}
    assert fragile.shown() == "v1"


def test_a_death_between_label_studio_and_our_note_is_made_good(fragile, monkeypatch):
    through(fragile, "v1", "v2", **KEEP_NONE)
    fragile.later(hours=2)
    with monkeypatch.context() as patch:
        patch.setattr(predictions, "mark_removed", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            fragile.run(**KEEP_NONE)
    assert "v1" not in fragile.there()
    assert fragile.run(**KEEP_NONE).state == "done"
    with fragile.store.read() as conn:
        assert predictions.pushed(conn, fragile.id, "topics", "v1") == 0
