"""Somebody fails checks: they are paused, told why, their work moves on; training or an admin lifts it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from cueloop import audit
from cueloop.settings import Settings
from cueloop.store import assignments, notices, pauses, schema
from cueloop.store.columns import now
from routing.checking import pause
from routing.checking import pauses as people
from routing.language import rules
from routing.people.notices import ADMIN, deliver
from routing.rehearse import rehearse
from routing.route import route
from tests.routing.conftest import TeamFactory
from tests.routing.smtp import Mailbox, mail_server
from tests.routing.team import Person, Team
from tests.routing.test_gold import star

RULES = """
version: 1
rules:
  - {name: once, when: answers < 1, ask: {n: 1}}
  - {name: checked, pause: {when: "upper(gold_accuracy, 80%) < 0.6", after: 2, training: 2}}
queues: {at_least: 8, hold: 1h, at_most: 8}
gold: {share: 50%}
"""
BY_ADMIN = RULES.replace(", training: 2", "")
FIRST = RULES.replace('"upper(gold_accuracy, 80%) < 0.6", after: 2, training: 2', "gold_answers < 2, training: 2")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server on loopback."""
    with mail_server() as box:
        yield box


@pytest.fixture
def checked(fake_label_studio: Any, team_at: TeamFactory) -> tuple[Team, list[int]]:
    """Two people, and twelve of forty tasks with a ground truth, `positive`; first queues are published."""
    team = team_at(fake_label_studio, tasks=40, people=2)
    return team, star(team, 12)


def begin(team: Team, rules: str) -> None:
    """Put rules in force and publish the first queues."""
    team.apply(rules)
    team.round()


def told(team: Team, kind: str | None = None) -> list[notices.Notice]:
    """The notices in the outbox, oldest first."""
    with team.store.read() as conn:
        return [n for n in notices.newest(conn, 100) if kind in (None, n.kind)]


def paused(team: Team) -> dict[int, pauses.Paused]:
    """Who is paused."""
    with team.store.read() as conn:
        return pauses.open_of(conn, team.project)


def work_until_paused(team: Team, person: Person, known: list[int], most: int = 20) -> list[int]:
    """They answer checks wrong and everything else in whatever way, until they are paused; the tasks."""
    done = []
    while person.id not in paused(team) and len(done) < most:
        task = person.next()
        assert task is not None
        done.append(int(task["id"]))
        person.answer(done[-1], "negative" if done[-1] in known else "neutral")
        team.round()
    return done


def open_tasks(team: Team, person: Person) -> list[int]:
    """What somebody is being asked."""
    return [task for task in team.ids if person.id in team.asked(task)]


def test_who_fails_gold_is_paused_within_one_round_and_their_work_moves_on(
        checked: tuple[Team, list[int]], mailbox: Mailbox) -> None:
    team, known = checked
    begin(team, BY_ADMIN)
    bad, good = team.people
    theirs = open_tasks(team, bad)
    # When somebody gets their second check wrong
    done = work_until_paused(team, bad, known)
    assert len([task for task in done if task in known]) == 2
    # Then they are served nothing more in Label Studio, and the others get what was theirs as they have room
    assert bad.next() is None
    assert open_tasks(team, bad) == []
    for _ in range(12):
        task = good.next()
        assert task is not None
        good.answer(task["id"], "positive")
        team.round()
    assert bad.next() is None
    with team.store.read() as conn:
        moved = {row.task for rows in assignments.of_tasks(conn, [team.key(t) for t in theirs]).values() for row in rows
                 if row.annotator_id == good.id}
    assert moved
    # They and the admin are told, by mail, with figures and without any task's content
    sent = deliver(team.store, Settings(smtp_url=SecretStr(mailbox.url), mail_from="c@example.org",
                                        mail_admin="admin@example.org"))
    assert sent == 2
    text = mailbox.text(bad.email)
    assert "Of 2 answers to tasks whose right answer is known, 0 were right (0 %)." in text
    assert "an admin looks at it" in text
    admins = mailbox.text("admin@example.org")
    assert "upper(gold_accuracy, 80%) < 0.6" in admins
    assert f"cueloop team resume {bad.email} --project {team.project}" in admins
    assert "text 1" not in text + admins
    # and it can be looked up: the rule, its hash, what it saw
    with team.store.read() as conn:
        (had,) = pause.explain(conn, team.project, bad.id)
        assert audit.verify(conn) >= 2
        row = conn.execute(sa.select(schema.audit).where(schema.audit.c.action == "pause")).one()
    assert (had.rule, had.details["signals"]) == ("checked", {"upper(gold_accuracy,0.8)": 0.5528})
    assert (row.subject, row.detail["rules_hash"]) == (bad.email, had.rules_hash)
    # and looking again changes nothing
    before = told(team)
    team.round()
    assert told(team) == before


def test_passed_training_lifts_it_and_the_same_evidence_does_not_pause_again(checked: tuple[Team, list[int]]) -> None:
    team, known = checked
    begin(team, RULES)
    person = team.people[0]
    work_until_paused(team, person, known)
    (notice,) = [n for n in told(team, "pause") if n.recipient == person.email]
    assert "When 2 of your last 2 answers" in notice.text
    # In training they get ground truth only, few at a time, and never one that they had
    had = {task for task in known if person.id in answered_by(team, task)}
    team.round()
    first = open_tasks(team, person)
    assert 1 <= len(first) <= 3
    assert set(first) <= set(known) - had
    # One wrong, one right, one right: then the last two were right
    for label, still in (("negative", True), ("positive", True), ("positive", False)):
        task = person.next()
        assert task is not None
        assert task["id"] in known
        person.answer(task["id"], label)
        team.round()
        assert (person.id in paused(team)) is still
    # They are told, get their normal work, and no left-over of the training
    (again,) = told(team, "resume")
    assert again.recipient == person.email
    assert "You passed the training" in again.text
    assert person.next() is not None
    for _ in range(3):
        team.round()
    assert person.id not in paused(team)
    with team.store.read() as conn:
        (lifted,) = pause.explain(conn, team.project, person.id)
    assert lifted.lifted_by == "training"
    # What comes after counts again
    work_until_paused(team, person, known, most=30)
    assert person.id in paused(team)


def answered_by(team: Team, task: int) -> list[int]:
    """Ids of who answered a task."""
    with team.store.read() as conn:
        return list(conn.scalars(sa.select(schema.annotations.c.annotator_id).where(
            schema.annotations.c.task == team.key(task))))


def test_training_can_be_asked_for_before_the_first_task_and_once_passed_it_is_passed(
        checked: tuple[Team, list[int]]) -> None:
    team, known = checked
    begin(team, FIRST)
    # Given that nobody has ever been checked, everybody begins with training, but the expert who made the truth
    assert set(paused(team)) == {p.id for p in team.people}
    one, other = team.people
    for _ in range(2):
        task = one.next()
        assert task is not None
        assert task["id"] in known
        one.answer(task["id"], "positive")
        team.round()
    # Who passed gets real work, the other does not
    assert set(paused(team)) == {other.id}
    task = one.next()
    assert task is not None
    # An admin may let the other one in without: the gate stays open for them
    with team.store.write() as conn:
        people.resume(conn, team.project, other.email, "admin", now())
    team.round()
    team.round()
    assert paused(team) == {}
    assert other.next() is not None


def test_what_was_begun_may_be_finished_for_a_day(checked: tuple[Team, list[int]]) -> None:
    team, known = checked
    begin(team, BY_ADMIN)
    person = team.people[0]
    begun = next(task for task in open_tasks(team, person) if task not in known)
    with team.store.write() as conn:
        conn.execute(schema.drafts.insert().values(
            id=1, project_id=team.project, task=team.key(begun), annotator_id=person.id, updated_at=now()))
        people.by_hand(conn, team.project, person.email, "Please call me.", "admin", now())
    route(team.store, team.project)
    assert open_tasks(team, person) == [begun]
    route(team.store, team.project, now=now() + timedelta(hours=25))
    assert open_tasks(team, person) == []


def test_a_dry_run_pauses_nobody_and_tells_nobody(checked: tuple[Team, list[int]]) -> None:
    team, _ = checked
    begin(team, "version: 1\nrules: [{name: once, when: answers < 1, ask: {n: 1}}]")
    found = rehearse(team.store, team.project, rules.parse(FIRST))
    assert found.decisions.get("gold", {}) == {"checked": 6}
    assert paused(team) == {}
    assert told(team) == []


def test_without_ground_truth_training_cannot_be_passed_and_the_admins_are_told(
        fake_label_studio: Any, team_at: TeamFactory) -> None:
    team = team_at(fake_label_studio, tasks=6, people=1)
    begin(team, FIRST)
    team.round()
    assert ["ATTENTION: nobody else is left" in n.text for n in told(team, "pause") if n.recipient == ADMIN] == [
        True, False]
    said = [n.subject for n in told(team, "pause") if n.recipient == ADMIN]
    assert f"No tasks are left for the training of {team.people[0].email} in project {team.project}" in said
    assert len(said) == 2
