"""When a training is due."""

from datetime import timedelta

import pytest

from cueloop.store import models
from cueloop.store import schema as s
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from ml_backend import due, registry
from ml_backend.policy.in_force import policy
from ml_backend.policy.policy import Triggers
from ml_backend.triggers.examine import examine
from ml_backend.triggers.rest import MAYBE_DEAD
from tests.ml_backend.conftest import examples

FIRST_PER_CLASS, GROWTH, AFTER_FAILURE = (
    Triggers().first_per_class, Triggers().growth, timedelta(seconds=Triggers().pause))


@pytest.fixture
def store(any_store):
    """On SQLite, then on PostgreSQL."""
    return any_store


@pytest.fixture
def ask(store):
    def asked():
        with store.read() as conn:
            return examine(conn, 1, policy(conn, 1)).why
    return asked


def _trained_on(store, count):
    with store.write() as conn:
        models.insert(conn, ModelVersion(
            name="project-1", version=f"v{count}", project_id=1, kind="k", path="p", sha256={},
            card={"labelled": {"topic": count}, "controls": {}}, created_at=now()))


def test_the_first_when_every_class_has_its_minimum(store, project, ask):
    project.add(examples(3 * FIRST_PER_CLASS - 1))
    assert ask() is None
    project.add([e for e in examples(3) if e.label == "sport"])
    assert "first model" in ask()


def test_a_rare_class_does_not_hold_up_the_first_for_ever(store, project, ask):
    project.add([e for e in examples(80) if e.label != "sport"])
    assert ask() is None
    project.add([e for e in examples(12) if e.label != "sport"])
    assert ask()


def test_one_class_alone_is_never_enough(store, project, ask):
    project.add([e for e in examples(300) if e.label == "food"])
    assert ask() is None


def test_the_next_when_labels_have_grown_by_the_share(store, project, ask):
    project.add(examples(100))
    _trained_on(store, 100)
    assert ask() is None
    project.add(examples(int(100 * GROWTH) - 1, seed=1))
    assert ask() is None
    project.add(examples(1, seed=2))
    assert "40 newly labelled" in ask()


def test_another_model_put_in_service_is_no_reason_to_train(store, project, ask):
    project.add(examples(100))
    _trained_on(store, 100)
    # A pipeline's answers are pushed and put in service: people would wonder what replaced them a second later
    pushed = ModelVersion(name="llm", version="v1", project_id=1, kind=models.ELSEWHERE, path="p", sha256={},
                          card={"labelled": {}, "controls": {}}, created_at=now())
    with store.write() as conn:
        models.insert(conn, pushed)
    registry.promote(store, pushed, actor="test", reason="", for_project=True)
    assert ask() is None
    project.add(examples(40, seed=1))
    assert "40 newly labelled" in ask()


def test_a_refused_training_counts_as_one(store, project, ask):
    project.add(examples(60))
    _trained_on(store, 60)
    assert ask() is None


def test_unsure_consensus_does_not_count(store, project, ask):
    project.add(examples(60), probability=0.45)
    assert ask() is None


@pytest.mark.parametrize(("state", "age", "is_due"), [
    ("queued", timedelta(0), False), ("running", timedelta(0), False), ("running", MAYBE_DEAD, True),
    ("failed", timedelta(0), False), ("failed", AFTER_FAILURE, True), ("done", timedelta(0), True)])
def test_a_job_that_waits_runs_or_failed_just_now_is_left_alone(store, project, ask, state, age, is_due):
    project.add(examples(60))
    at = now() - age - timedelta(seconds=1)
    with store.write() as conn:
        conn.execute(s.jobs.insert().values(
            kind="train", project_id=1, function="f", args=[], timeout=1, state=state, again=False, attempts=1,
            queued_at=at, started_at=at, ended_at=None if state in ("queued", "running") else at))
    assert (ask() is not None) == is_due


@pytest.mark.parametrize("redis_url", ["", "redis://127.0.0.1:9/0"])
def test_a_missing_redis_stops_nothing(store, project, monkeypatch, redis_url, logged):
    monkeypatch.setenv("CUELOOP_REDIS_URL", redis_url)
    project.add(examples(60))
    said = logged(due)
    due.step(store, None, 1, frozenset())
    assert [event for event, _ in said] == ["training waits"]


def test_a_project_whose_config_cannot_be_read_is_left_to_sync(store, project, ask):
    with store.write() as conn:
        conn.execute(s.projects.update().values(label_config="<View>"))
    assert ask() is None


def test_labels_that_were_taken_back_are_unlearned(store, project, ask):
    # Given a training on a hundred labels, forty of which turn out to be wrong
    keys = project.add(examples(100))
    _trained_on(store, 100)
    # When they are deleted, then the next training forgets them,
    with store.write() as conn:
        conn.execute(s.consensus.delete().where(s.consensus.c.task.in_(keys[:39])))
    assert ask() is None
    with store.write() as conn:
        conn.execute(s.consensus.delete().where(s.consensus.c.task == keys[39]))
    assert ask() == "topic: 40 of the 100 labelled tasks of the last training are gone"
    # unless too few are left for any model
    with store.write() as conn:
        conn.execute(s.consensus.delete().where(s.consensus.c.task.in_(keys[:98])))
    assert ask() is None
