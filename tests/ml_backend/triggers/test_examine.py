"""What is due in a project, by what stands in the store: each reason, its evidence, and when it rests."""

from datetime import timedelta

import pytest

from cueloop.store import guidelines, models, policies
from cueloop.store import schema as s
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from ml_backend.policy.file import parse
from ml_backend.policy.in_force import policy as in_force
from ml_backend.triggers.examine import examine
from tests.ml_backend.conftest import LABELS, examples


@pytest.fixture
def store(any_store):
    """On SQLite, then on PostgreSQL."""
    return any_store


class Year:
    """A project that was trained an hour ago on 120 tasks, 60 of them labelled."""

    def __init__(self, store, project):
        self.store, self.project = store, project
        self.trained_at = now() - timedelta(hours=1)
        self.old = project.add(examples(60)) + project.add(examples(60, seed=1), labelled=False)
        self.at(self.old, self.trained_at - timedelta(days=1))
        self.version("v1", self.trained_at)
        with store.write() as conn:
            models.set_alias(conn, "project-1", "champion", "v1")
            conn.execute(s.aliases.update().values(updated_at=self.trained_at))
        self.predict(self.old)

    def version(self, name, at, guideline=None, labelled=60):
        with self.store.write() as conn:
            models.insert(conn, ModelVersion(
                name="project-1", version=name, project_id=1, kind="text-linear", path="p", sha256={}, created_at=at,
                card={"labelled": {"topic": labelled}, "cursor": at.isoformat(), "guideline_version": guideline,
                      "controls": {"topic": {"held_out": {"tasks": 100, "accuracy": 0.95, "blind": True}}}}))

    def at(self, keys, moment):
        with self.store.write() as conn:
            conn.execute(s.tasks.update().where(s.tasks.c.key.in_(keys)).values(created_at=moment))
            conn.execute(s.answers.update().where(s.answers.c.task.in_(keys)).values(answered_at=moment))
            conn.execute(s.consensus.update().where(s.consensus.c.task.in_(keys)).values(updated_at=moment))

    def predict(self, keys, label=None, score=0.9):
        labels = [label or LABELS[n % 3] for n in range(len(keys))]
        with self.store.write() as conn:
            conn.execute(s.predictions.insert(), [{
                "project_id": 1, "task": key, "control": "topic", "model": "project-1", "version": "v1",
                "label": labels[n], "score": score - n % 7 / 100, "probabilities": {labels[n]: 1},
                "out_of_fold": True, "created_at": now()} for n, key in enumerate(keys)])

    def arrive(self, count, *, label=None, score=0.9, words="", labelled=False):
        some = examples(count, seed=7)
        keys = self.project.add([e.__class__(e.key, e.identity, words or e.text, e.label, e.weight) for e in some],
                                labelled=labelled)
        self.at(keys, now())
        self.predict(keys, label, score)
        return keys

    def label(self, count):
        self.at(self.project.add(examples(count, seed=9)), now())

    def job(self, state, **more):
        moment = now()
        with self.store.write() as conn:
            conn.execute(s.jobs.insert().values({
                "kind": "train", "project_id": 1, "function": "f", "args": [], "timeout": 1, "state": state,
                "again": False, "attempts": 1, "queued_at": moment, "started_at": moment, "ended_at": moment} | more))

    def apply(self, text):
        with self.store.write() as conn:
            policies.put_in_force(conn, 1, file="f", text=text, hash=parse(text).hash, author="kim")

    def standing(self):
        with self.store.read() as conn:
            return examine(conn, 1, in_force(conn, 1))

    def look(self, trigger):
        return next(look for look in self.standing().looks if look.trigger == trigger)


@pytest.fixture
def year(store, project):
    return Year(store, project)


def test_a_quiet_project_has_no_reason_and_says_what_each_waits_for(year):
    standing = year.standing()
    assert standing.why is standing.rests is None
    assert [look.trigger for look in standing.looks] == ["growth", "score", "input drift", "label drift"]
    assert year.look("growth").said == "0 newly labelled tasks since the last training, 24 needed"


def test_several_reasons_are_told_together(year):
    # Given tasks with strange words and another mix of labels, and enough new labels
    year.arrive(150, label="sport", words="quite another language altogether")
    year.label(30)
    why = year.standing().why
    assert "topic: 30 newly labelled tasks since the last training" in why
    assert "differ from those before in" in why
    assert "another mix of labels: 'sport' 100% instead of 33%" in why


def test_drift_waits_for_new_labels_for_without_them_the_same_would_be_learned(year):
    year.apply("version: 1\ntrain: {growth: never}")
    year.arrive(150, words="quite another language altogether")
    assert year.standing().why is None
    assert "it waits for new labels, 0 of 20" in year.look("input drift").said
    year.label(20)
    assert "differ from those before" in year.standing().why


def test_drift_that_training_did_not_mend_needs_new_evidence(year):
    # Given drift that led to a training which was refused
    year.apply("version: 1\ntrain: {growth: never}")
    year.arrive(150, words="quite another language altogether")
    year.label(20)
    assert year.standing().why
    year.version("v2", now(), labelled=80)
    # Then it is no reason any more
    assert year.standing().why is None
    # And after twice as many tasks and labels since then it is looked at again
    year.arrive(150, words="und noch eine andere sprache")
    year.label(20)
    assert "170 tasks arrived since the last training, 200 needed" in year.look("input drift").said
    year.arrive(60, words="und noch eine andere sprache")
    year.label(60)
    assert year.look("input drift").due


def test_blind_audits_that_the_champion_gets_wrong_are_a_reason(year):
    # Given tasks that were answered blind before any model saw them, half of which it then gets wrong
    keys = year.arrive(60, labelled=True)
    with year.store.write() as conn:
        conn.execute(s.predictions.update().where(s.predictions.c.task.in_(keys[:30])).values(
            probabilities={"none of these": 1.0}))
        conn.execute(s.answers.update().where(s.answers.c.task.in_(keys)).values(
            answered_at=now() - timedelta(minutes=5)))
    look = year.look("score")
    assert look.due
    assert look.figures["audits"] == 60
    assert "95.0% when it was promoted" in look.said


def test_answers_with_a_suggestion_on_screen_are_no_audits(year):
    keys = year.arrive(60, labelled=True)
    with year.store.write() as conn:
        conn.execute(s.answers.update().where(s.answers.c.task.in_(keys)).values(seen_suggestion=True))
    assert year.look("score").figures["audits"] == 0


def test_a_new_guideline_is_a_reason_when_enough_was_answered_under_it(year):
    year.apply("version: 1\ntrain: {growth: never, drift: never}")
    with year.store.write() as conn:
        guidelines.add(conn, 1, "text", "kim", "")
        guidelines.put_in_force(conn, 1, 1, now())
    year.label(20)
    assert "0 tasks were answered under it, 20 needed" in year.look("guideline").said
    with year.store.write() as conn:
        conn.execute(s.answers.update().values(guideline_version=1))
    assert year.standing().why.startswith("guideline version 1 is in force")
    # and once trained under it no longer
    year.version("v2", now(), guideline=1)
    assert all(look.trigger != "guideline" for look in year.standing().looks)


def test_a_schedule_trains_when_something_was_labelled(year):
    year.apply("version: 1\ntrain: {every: 30m}")
    assert "nothing was labelled" in year.look("schedule").said
    year.label(1)
    assert year.standing().why == "the schedule says so (every 30m)"


@pytest.mark.parametrize(("state", "more", "said"), [
    ("running", {"ended_at": None}, "a training runs"), ("failed", {"error": "No classes."}, "No classes."),
    ("cancelled", {"cancel": "kim"}, "kim cancelled the last training; it waits for 20 more labels (0 so far)")])
def test_what_is_due_waits_while_training_rests(year, state, more, said):
    year.label(30)
    assert year.standing().why
    year.job(state, **more)
    standing = year.standing()
    assert standing.why is None
    assert said in standing.rests
    assert any(look.due for look in standing.looks)


def test_after_a_cancelled_training_new_labels_begin_the_next(year):
    year.label(30)
    year.job("cancelled", cancel="kim")
    assert year.standing().why is None
    year.label(20)
    assert year.standing().why


def test_while_a_challenger_runs_in_shadow_mode_nothing_begins(year):
    year.label(30)
    with year.store.write() as conn:
        models.set_alias(conn, "project-1", "shadow", "v2")
    assert year.standing().rests == "v2 runs in shadow mode"
