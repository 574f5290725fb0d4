"""Asking the same person again on a hidden copy: made once, for one person, and counted nowhere else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from cueloop import journal
from cueloop.errors import LabelStudioError
from cueloop.fake.faults import DROPPED, FAILED_LATE, LOST
from cueloop.store import assignments, copies, routes, schema
from cueloop.store.tasks import Task, by_keys
from ml_backend.serving.blind import blind
from routing.checking import copies as made_copies
from routing.checking import recheck
from routing.explaining.explain import explain
from routing.showing.wanted import queue_names
from sync.pull import pull
from tests.routing.conftest import TeamFactory
from tests.routing.team import Person, Team

RULES = """
version: 1
rules: [{name: once, when: answers < 1, ask: {n: 1}}]
queues: {at_least: 8, hold: 1h, at_most: 8}
recheck: {share: 20%, after: 1h}
"""


@pytest.fixture
def at_it(fake_label_studio: Any, team_at: TeamFactory) -> Team:
    """Two people and forty tasks; the first person has answered four, an hour ago and more."""
    team = team_at(fake_label_studio, tasks=40, people=2)
    team.apply(RULES)
    team.round()
    work(team, team.people[0], 4)
    long_ago(team)
    return team


def long_ago(team: Team) -> None:
    """Much time passes for all answers there are."""
    with team.store.write() as conn:
        at = schema.annotations.c.answered_at
        for row in conn.execute(sa.select(schema.annotations.c.unique_id, at)).all():
            conn.execute(schema.annotations.update().where(schema.annotations.c.unique_id == row.unique_id).values(
                answered_at=row.answered_at.replace(year=2025)))


def work(team: Team, person: Person, count: int, label: str = "neutral") -> list[int]:
    """Somebody works through their queue, the loop looks after each answer; the tasks in their order."""
    served = []
    for _ in range(count):
        task = person.next()
        if task is None:
            break
        served.append(int(task["id"]))
        person.answer(task["id"], label)
        with suppress(LabelStudioError):        # the loop would log it, and try again
            team.round()
    return served


def hidden(team: Team) -> list[Task]:
    """The copies that the store knows."""
    with team.store.read() as conn:
        keys = conn.scalars(sa.select(schema.tasks.c.key).where(
            schema.tasks.c.copy_of.is_not(None), schema.tasks.c.deleted_at.is_(None))).all()
        return list(by_keys(conn, list(keys)).values())


def until_a_copy_is_announced(team: Team) -> None:
    """The first person goes on until one of their answers is to be asked again."""
    for _ in range(12):
        with team.store.read() as conn:
            if journal.entries(conn, team.project, copies.KIND):
                return
        work(team, team.people[0], 1)
    raise AssertionError("no copy was announced")


def open_copy(team: Team) -> Task:
    """A copy that waits in the first person's queue."""
    until_a_copy_is_announced(team)
    for _ in range(3):
        team.round()
    (copy,) = hidden(team)
    return copy


def copies_in_label_studio(team: Team, original: int) -> list[int]:
    """Tasks with the same text as this one, which is not counted."""
    rows = {row["id"]: row["data"]["text"] for row in team.admin.task_data(team.project, team.ids)}
    return [number for number, text in rows.items() if text == rows[original] and number != original]


def test_a_person_is_asked_again_on_a_copy_that_nobody_can_tell_from_other_tasks(at_it: Team) -> None:
    copy = open_copy(at_it)
    person, other = at_it.people
    with at_it.store.read() as conn:
        original = by_keys(conn, [copy.copy_of or 0])[copy.copy_of or 0]
    shown, usual = at_it.shown(copy.id), at_it.shown(at_it.ids[20])
    # the customer's data, our keys, nothing else; blind, and in one queue only
    assert {k: v for k, v in shown["data"].items() if not k.startswith("cue_")} == original.data
    assert set(shown["data"]) == set(usual["data"])
    assert queue_names(shown["data"]["cue_queue"]) == {person.queue}
    assert (shown["overlap"], shown["is_labeled"]) == (1, False)
    assert at_it.admin.tasks(at_it.project, [copy.id])[0].get("meta") in (None, {})
    assert blind(at_it.store, at_it.project, [copy.id]) == {copy.id}
    # The person meets it among their work, once, and answers; nobody else ever does
    served = work(at_it, person, 14, "positive")
    assert served.count(copy.id) == 1
    assert original.id not in served
    assert not {task.id for task in hidden(at_it)} & set(work(at_it, other, 10))
    # and the answer is closed and linked
    assert at_it.shown(copy.id)["is_labeled"]
    with at_it.store.read() as conn:
        linked = copies.answered_on_copies(conn, at_it.project)
    assert (copy.key, original.key) in linked[person.id]
    assert set(linked) == {person.id}
    assert explain(at_it.store, at_it.project, copy.id)["copy_of"] == original.id


def test_copies_come_at_their_rate_and_no_answer_is_asked_again_twice(at_it: Team) -> None:
    served = work(at_it, at_it.people[0], 20)
    made = hidden(at_it)
    answered = [task for task in made if task.id in served]
    assert 2 <= len(answered) <= 5
    assert len({task.copy_of for task in made}) == len(made)


def test_a_copy_is_no_task_for_rules_predictions_or_counts(at_it: Team) -> None:
    copy = open_copy(at_it)
    at_it.predict(dict.fromkeys([number for number in at_it.ids if number != copy.id], ("positive", 0.99)))
    work(at_it, at_it.people[0], 6, "positive")
    with at_it.store.read() as conn:
        plain = 40
        assert sum(routes.counts(conn, at_it.project).values()) == plain
        decided = conn.scalars(sa.select(schema.decisions.c.kind).where(schema.decisions.c.task == copy.key)).all()
        asked = conn.scalars(sa.select(schema.assignments.c.annotator_id).where(
            schema.assignments.c.task == copy.key)).all()
        from cueloop.store import predictions
        missing = predictions.missing(conn, at_it.project, "m", "v", "sentiment")
    assert list(decided) == []
    assert list(asked) == [at_it.people[0].id]
    assert copy.key not in missing
    assert len(missing) == plain


@pytest.mark.parametrize("failure", [LOST, FAILED_LATE, DROPPED, 503])
@pytest.mark.parametrize("step", ["import", "PATCH"])
def test_a_crash_at_any_step_makes_neither_two_copies_nor_none(
        at_it: Team, fake_label_studio: Any, failure: Any, step: str) -> None:
    # Given a fault at the import of the copy, or at the write that puts it into the queue
    until = {"import": ("POST", "/import$"), "PATCH": ("PATCH", "/api/tasks/4[1-9]/")}[step]
    fake_label_studio.faults.fail(failure, times=5, method=until[0], path=until[1])     # all tries of the client
    until_a_copy_is_announced(at_it)
    with suppress(LabelStudioError):
        at_it.round()
    fake_label_studio.faults.clear()
    # When the loop starts anew: it pulls first, then routes and publishes
    for _ in range(3):
        at_it.round()
    # Then there is one copy, for that person, and no rule ever asked about it
    (copy,) = hidden(at_it)
    with at_it.store.read() as conn:
        original = by_keys(conn, [copy.copy_of or 0])[copy.copy_of or 0]
        entries = journal.entries(conn, at_it.project, copies.KIND)
        asked = assignments.of_tasks(conn, [copy.key])[copy.key]
    assert copies_in_label_studio(at_it, original.id) == [copy.id]
    assert [entry.state for entry in entries] == [journal.DONE]
    assert [(a.annotator_id, a.kind) for a in asked] == [(at_it.people[0].id, assignments.RECHECK)]
    assert copy.id in work(at_it, at_it.people[0], 8)


def test_another_process_that_pulls_a_copy_first_knows_it_for_one(
        at_it: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a process that dies right after the import
    def die(*_: Any) -> None:
        raise LabelStudioError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(made_copies, "_note", die)
        until_a_copy_is_announced(at_it)
        with suppress(LabelStudioError):
            at_it.round()
    # When another one pulls, before anything was noted
    pull(at_it.store, at_it.admin, at_it.project)
    # Then the copy is known for what it is, and goes to nobody until it is noted
    (copy,) = hidden(at_it)
    assert copy.blind
    assert all((person.next() or {"id": 0})["id"] != copy.id for person in at_it.people)
    for _ in range(2):
        at_it.round()
    (copy,) = hidden(at_it)
    assert queue_names(at_it.shown(copy.id)["data"]["cue_queue"]) == {at_it.people[0].queue}


def test_a_copy_that_label_studio_refuses_is_given_up_and_not_tried_for_ever(
        at_it: Team, fake_label_studio: Any) -> None:
    fake_label_studio.faults.fail(400, times=1, method="POST", path="/import$")
    until_a_copy_is_announced(at_it)
    at_it.round()
    with at_it.store.read() as conn:
        first, *more = journal.entries(conn, at_it.project, copies.KIND)
    assert first.state == journal.UNDONE
    assert first.before["task"] not in {entry.before["task"] for entry in more}


def test_a_task_that_was_deleted_before_its_copy_was_made_is_not_asked_again(
        at_it: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(made_copies, "make", lambda *_: 0)
        until_a_copy_is_announced(at_it)
    with at_it.store.read() as conn:
        (entry,) = journal.entries(conn, at_it.project, copies.KIND)
        original = by_keys(conn, [entry.before["task"]])[entry.before["task"]]
    at_it.admin.delete_task(original.id)
    assert made_copies.make(at_it.store, at_it.admin, at_it.project, float("inf")) == 0
    assert hidden(at_it) == []


def test_disconnecting_deletes_what_nobody_answered_and_says_what_the_rest_is(at_it: Team) -> None:
    # Given one copy that was answered and one that waits
    first = open_copy(at_it)
    while not at_it.shown(first.id)["is_labeled"]:
        work(at_it, at_it.people[0], 1)
    for _ in range(12):
        if len(hidden(at_it)) == 2:
            break
        work(at_it, at_it.people[0], 1)
    second = next(task for task in hidden(at_it) if task.id != first.id)
    # When both are undone, twice, as after a run that died
    for _ in range(2):
        said = [made_copies.undo(at_it.store, at_it.admin, entry)
                for entry in journal.standing(at_it.store, at_it.project, copies.KIND)]
    # Then nobody's work is lost, and its meta says what it is
    assert said == ["gone", "kept"]
    assert second.id not in at_it.ids
    with at_it.store.read() as conn:
        original = by_keys(conn, [first.copy_of or 0])[first.copy_of or 0]
    kept = at_it.admin.tasks(at_it.project, [first.id])[0]
    assert kept["meta"] == {"cueloop": f"asks task {original.id} again"}
    assert len(kept["annotations"]) == 1


def test_a_skip_closes_a_copy_and_somebody_else_never_gets_it(at_it: Team) -> None:
    copy, person = open_copy(at_it), at_it.people[0]
    for _ in range(12):
        task = person.next()
        assert task is not None
        if task["id"] == copy.id:
            person.skip(copy.id)
            at_it.round()
            break
        work(at_it, person, 1)
    assert at_it.shown(copy.id)["is_labeled"]
    assert not at_it.asked(copy.id)


def test_nothing_is_asked_again_before_its_time(fake_label_studio: Any, team_at: TeamFactory) -> None:
    team = team_at(fake_label_studio, tasks=30, people=1)
    team.apply(RULES.replace("after: 1h", "after: 3d"))
    team.round()
    work(team, team.people[0], 12)
    assert hidden(team) == []
    with team.store.read() as conn:
        assert not journal.entries(conn, team.project, copies.KIND)
        assert recheck.RULE not in conn.scalars(sa.select(schema.decisions.c.kind)).all()
