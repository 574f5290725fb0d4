"""Automatic rollback: a version that blind audits show to be worse goes, and what it had pre-labelled is doubted."""

import pytest
import sqlalchemy as sa

from cueloop.store import figures, models
from cueloop.store import schema as s
from ml_backend import registry
from ml_backend.judging import watch
from ml_backend.policy.policy import Policy, Rollback
from ml_backend.versions import history
from tests.ml_backend.judging.conftest import NO_REST


def bad_successor(life, **how):
    """Given a good version and a bad one after it, both of which predicted 60 tasks that people then answered blind."""
    tasks = life.tasks(60)
    good = life.version("good")
    life.predict(good, tasks, wrong=5)
    bad = life.version("bad", **how)
    life.predict(bad, tasks, wrong=35)
    return tasks, good, bad


def step(life, policy=None, rest=NO_REST):
    return watch.step(life.store, 1, policy or Policy(), rest)


def test_a_worse_version_is_taken_back_with_its_figures(life):
    tasks, _, bad = bad_successor(life)
    assert step(life) is None
    life.answer(tasks)
    alarm = step(life)
    assert (life.champion(), alarm.back_to) == ("good", "good")
    assert "wrong about 58.3% of 60 tasks answered blind, the version before 8.3% on the same tasks" in alarm.reason
    [row] = life.audit("model rolled back")
    assert (row.actor, row.subject, row.detail["reason"]) == ("job watch", "project-1@good", alarm.reason)
    [row] = life.audit("model alarm")
    assert row.subject == "project-1@bad"
    [notice] = life.notices()
    assert (notice.recipient, "project-1@bad makes more errors" in notice.subject) == ("admin", True)
    # And nothing puts it in service again by itself, nor is the one before blamed
    with life.store.read() as conn:
        assert "bad" not in history.served(conn, bad.name)
    assert step(life) is None
    assert life.champion() == "good"


def test_what_it_had_pre_labelled_is_doubted_and_what_people_decided_is_not(life):
    tasks, _, bad = bad_successor(life)
    others = life.tasks(6, seed=1)
    accepted, kept, changed, unknown, looked, silent = ({key: right} for key, right in others.items())
    life.predict(bad, {**accepted, **kept, **changed, **unknown, **looked}, pushed=True)
    life.accepted(accepted, bad)
    life.answer(kept, seen=True)
    life.answer(changed, seen=True, wrong=1)
    life.answer(unknown, seen=None)
    life.answer(silent, seen=True)
    life.answer(looked, seen=True)
    with life.store.write() as conn:    # somebody else gave the same label blind
        [row] = conn.execute(sa.select(s.answers).where(s.answers.c.task == next(iter(looked)))).all()
        conn.execute(s.answers.insert().values(**{**row._mapping, "annotator_id": 2, "unique_id": "x",
                                                  "seen_suggestion": False}))
    life.answer(tasks)
    alarm = step(life)
    assert life.doubts() == {*accepted, *kept, *unknown}
    assert alarm.marked == 3
    with life.store.read() as conn:
        assert {*accepted, *kept, *unknown} <= set(conn.scalars(sa.select(s.changes.c.task)))


def test_a_version_that_a_person_put_in_service_stays_and_admins_are_told_once(life):
    tasks, _, _ = bad_successor(life, actor="command line", gate="refused: worse")
    life.answer(tasks)
    alarm = step(life)
    assert (alarm.back_to, life.champion(), life.doubts()) == (None, "bad", set())
    assert "put in service by a person, so it stays" in life.notices()[0].text
    assert step(life) is None
    assert len(life.notices()) == len(life.audit("model alarm")) == 1


def test_one_that_the_gate_let_pass_at_a_persons_command_goes_like_any_other(life):
    tasks, _, _ = bad_successor(life, actor="command line")
    life.answer(tasks)
    assert step(life).back_to == "good"


def test_a_pinned_version_stays(life):
    tasks, _, bad = bad_successor(life)
    registry.pin(life.store, bad, actor="command line")
    life.answer(tasks)
    assert step(life).back_to is None
    assert life.champion() == "bad"
    assert "is pinned, so it stays" in life.notices()[0].text


def test_a_process_that_died_after_marking_takes_it_back_next_time(life, monkeypatch):
    tasks, _, bad = bad_successor(life)
    life.predict(bad, more := life.tasks(1, seed=1), pushed=True)
    life.answer(more, seen=True)
    life.answer(tasks)

    def dies(*_, **__):
        raise KeyboardInterrupt
    with monkeypatch.context() as patched:
        patched.setattr(registry, "rollback", dies)
        with pytest.raises(KeyboardInterrupt):
            step(life)
    assert (life.champion(), life.doubts()) == ("bad", set(more))
    assert step(life).back_to == "good"
    assert life.doubts() == set(more)
    assert len(life.notices()) == len(life.audit("model alarm")) == 1


def test_a_version_that_was_replaced_at_that_moment_is_not_taken_back_twice(life, monkeypatch):
    tasks, _, _ = bad_successor(life)
    life.answer(tasks)
    better = life.version("better", serve=False)
    put = watch.doubts.put

    def meanwhile(conn, *found):
        models.set_alias(conn, "project-1", "champion", better.version)
        return put(conn, *found)
    monkeypatch.setattr(watch.doubts, "put", meanwhile)
    assert step(life) is None
    assert (life.champion(), life.audit("model rolled back")) == ("better", [])


def test_answers_with_a_suggestion_and_memories_of_training_are_no_evidence(life):
    tasks = life.tasks(60)
    good = life.version("good")
    life.predict(good, tasks)
    bad = life.version("bad")
    life.predict(bad, dict(list(tasks.items())[:30]), wrong=30)
    life.predict(bad, dict(list(tasks.items())[30:]), wrong=30, out_of_fold=False)
    life.answer(dict(list(tasks.items())[:30]), seen=True)
    life.answer(dict(list(tasks.items())[30:]))
    assert step(life) is None
    assert life.champion() == "bad"


def test_tasks_that_rules_chose_are_no_evidence(life):
    # Given an audit sample of nothing: then all answers are to tasks that somebody's score chose
    with life.store.write() as conn:
        conn.execute(s.rules.update().values(audit_share=0.0))
    tasks, _, _ = bad_successor(life)
    life.answer(tasks)
    assert step(life) is None


def test_tasks_that_the_version_before_never_saw_are_compared_with_its_past(life):
    good = life.version("good")
    past = life.tasks(80)
    life.predict(good, past, wrong=4)
    life.answer(past)
    bad = life.version("bad")
    fresh = life.tasks(60, seed=1)
    life.predict(bad, fresh, wrong=40)
    life.answer(fresh)
    alarm = step(life)
    assert alarm.back_to == "good"
    assert "on other tasks before it came into service" in alarm.reason


def test_a_first_version_has_nothing_to_go_back_to(life):
    tasks = life.tasks(60)
    life.predict(life.version("good"), tasks, wrong=60)
    life.answer(tasks)
    assert step(life) is None


def test_answers_whose_label_left_the_config_judge_nobody(life):
    tasks, _, _ = bad_successor(life)
    life.answer(tasks)
    with life.store.write() as conn:
        conn.execute(s.projects.update().values(label_config=life.project.config.replace(
            '<Choice value="sport"/>', "")))
    assert step(life).back_to == "good"
    left = sum(label != "sport" for label in tasks.values())
    with life.store.read() as conn:
        assert figures.read(conn, 1, figures.PROJECT, watch.NAME)["looks"][0]["tasks"] == left


def test_what_was_seen_is_kept_and_looked_at_once_a_minute(life):
    tasks, _, _ = bad_successor(life)
    life.answer(dict(list(tasks.items())[:10]))
    assert step(life) is None
    with life.store.read() as conn:
        report = figures.read(conn, 1, figures.PROJECT, watch.NAME)
    assert (report["version"], report["before"], report["looks"][0]["tasks"]) == ("bad", "good", 10)
    life.answer(dict(list(tasks.items())[10:]))
    assert step(life, rest=watch.REST) is None
    assert step(life).back_to == "good"


def test_it_can_be_switched_off(life):
    tasks, _, _ = bad_successor(life)
    life.answer(tasks)
    assert step(life, Policy(rollback=Rollback(on=False))) is None


def test_a_deleted_predecessor_is_nothing_to_go_back_to(life):
    tasks, good, _ = bad_successor(life)
    with life.store.write() as conn:
        models.delete(conn, good.name, good.version)
    life.answer(tasks)
    assert step(life) is None


def test_an_import_takes_no_version_back(life):
    # Given a good successor, and a file of labels in which all is wrong
    tasks, good = life.tasks(60), life.version("good")
    life.predict(good, tasks, wrong=30)
    life.predict(life.version("better"), tasks, wrong=0)
    life.answer(tasks, wrong=60)
    with life.store.write() as conn:
        for row in conn.execute(sa.select(s.answers)).all():
            conn.execute(s.annotations.insert().values(
                unique_id=row.unique_id, project_id=1, task=row.task, id=row.task, annotator_id=1, result=[],
                was_cancelled=False, ground_truth=False, created_at=row.answered_at, updated_at=row.answered_at,
                imported=True))
    # Then nothing rings: of what was imported nobody knows how it was made
    assert step(life) is None
    assert life.champion() == "better"
