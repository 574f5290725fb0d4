"""Rules at work on Label Studio (the shipped fake): opened again, blind, reviewed, adjudicated, in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cueloop.store import assignments, decisions, routes, schema
from cueloop.store.columns import now
from routing.deciding.timing import LATE
from routing.route import route
from routing.showing.publish import publish
from sync import quality
from sync.pull import pull
from tests.routing.conftest import TeamFactory
from tests.routing.team import Team, choice


def rules(*lines: str) -> str:
    """A rules file, one rule a line."""
    return "version: 1\nrules:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


def later(team: Team, hours: float) -> None:
    """One round of the loop, so many hours from now."""
    changed = pull(team.store, team.admin, team.project).changed
    quality.step(team.store, team.admin, team.project, changed)
    route(team.store, team.project, None, now=now() + timedelta(hours=hours))
    publish(team.store, team.admin, team.project, machine_token=team.machine_token)


def kinds(team: Team, task: int) -> list[tuple[str, str]]:
    """(kind, rule) of all decisions about a task."""
    with team.store.read() as conn:
        return [(d.kind, d.rule) for _, d in decisions.of_task(conn, team.key(task))]


@pytest.fixture
def small(fake_label_studio: Any, team_at: TeamFactory) -> Team:
    """Three texts and four people."""
    return team_at(fake_label_studio, tasks=3, people=4)


BASE = ("name: enough, when: answers >= 2, stop: {}", "name: first, when: answers < 2, ask: {n: 2}")


def both_answer(team: Team, task: int, *labels: str) -> None:
    """Those who are asked answer."""
    for person, label in zip(team.asked(task), labels, strict=True):
        team.person(person).answer(task, label)


def test_a_done_task_that_people_disagree_on_is_opened_for_others_and_closed_by_their_answers(small: Team) -> None:
    # Given a rule that opens again, once, what two people disagreed on
    small.apply(rules(*BASE, 'name: again, when: state == "done" and agreement < 0.5, reopen: {n: 2, max: 4}'))
    small.round()
    task = small.ids[0]
    first = small.asked(task)
    both_answer(small, task, "positive", "negative")
    small.round()
    assert small.route(task).state == routes.DONE
    # When the task is looked at again
    small.round()
    second = small.asked(task)
    assert len(second) == 2
    assert not set(first) & set(second)
    shown = small.shown(task)
    assert (shown["is_labeled"], shown["overlap"]) == (False, 4)
    small.round()                                   # that it is not done any more closes nothing
    assert small.asked(task) == second
    both_answer(small, task, "positive", "positive")
    small.round()
    small.round()
    # Then it is done, and stays so
    assert small.route(task).state == routes.DONE
    assert small.shown(task)["is_labeled"]
    assert [kind for kind, _ in kinds(small, task)] == ["ask", "stop", "reopen", "reopen", "stop"]


def test_a_blind_task_loses_its_suggestion_and_is_never_accepted(small: Team) -> None:
    small.apply(rules("name: clear, when: score > 0.9, accept: {}", *BASE))
    pull(small.store, small.admin, small.project)
    blind, other = small.ids[:2]
    small.predict({blind: ("positive", 0.8), other: ("positive", 0.8)})
    assert small.admin.predictions(small.project, blind)
    small.apply(rules('name: look, when: task.text == "text 0", blind: true',
                      "name: clear, when: score > 0.7, accept: {}", *BASE))
    small.round()
    assert not small.admin.predictions(small.project, blind)
    assert small.admin.predictions(small.project, other)
    assert len(small.asked(blind)) == 2
    assert small.shown(other)["is_labeled"]
    assert not small.route(blind).audit             # it was not drawn: it says nothing about what is accepted


def test_a_reviewer_who_corrects_an_answer_ends_the_review(small: Team) -> None:
    task, lead = small.ids[0], small.people[3]
    hard = f"name: hard, when: answers >= 2 and agreement < 0.5, review: {{people: [{lead.email}]}}"
    small.apply(rules(hard, BASE[1]))
    small.round()
    asked = [p for p in small.asked(task) if p != lead.id]
    both = [*asked, *[p.id for p in small.people if p is not lead and p.id not in asked]][:2]
    small.person(both[0]).answer(task, "positive")
    small.person(both[1]).answer(task, "negative")
    small.round()
    assert small.asked(task) == [lead.id]
    with small.store.read() as conn:
        (review,) = [a for a in assignments.of_tasks(conn, [small.key(task)])[small.key(task)] if a.state == "open"]
    assert review.kind == assignments.REVIEW
    # When the lead corrects one of the answers instead of adding one
    (note, *_) = [n for n in small.admin.tasks(small.project, [task])[0]["annotations"] if n["completed_by"] == both[0]]
    lead.client.patch_annotation(note["id"], result=choice("negative"))
    small.round()
    assert small.route(task).state == routes.DONE
    assert small.asked(task) == []
    with small.store.read() as conn:
        ended = {a.key: a.state for a in assignments.of_tasks(conn, [small.key(task)])[small.key(task)]}
    assert ended[review.key] == assignments.ANSWERED
    assert small.route(task).plan["why"] == f"{lead.email} reviewed it"
    small.round()
    assert small.route(task).state == routes.DONE


def test_a_deadline_that_passes_moves_the_task_to_somebody_else_before_all_other_work(small: Team) -> None:
    # Given tasks that one person each is to answer within an hour
    small.apply(rules("name: soon, when: answers < 1, ask: {n: 1}, deadline: 60m"))
    small.round()
    task = small.ids[0]
    (first,) = small.asked(task)
    with small.store.read() as conn:
        due = conn.scalar(sa.select(schema.assignments.c.due_at).where(schema.assignments.c.state == "open").limit(1))
    assert due is not None
    assert small.route(task).wake_at is not None
    later(small, 0.9)
    assert small.asked(task) == [first]
    # When nobody did
    later(small, 1.1)
    (second,) = small.asked(task)
    assert second != first
    assert ("deadline", "soon") in kinds(small, task)
    shown = small.shown(task)["data"]
    assert shown["cue_priority"] > LATE
    with small.store.read() as conn:
        notices = conn.execute(sa.select(schema.notices)).all()
        returned = conn.scalars(sa.select(schema.assignments.c.annotator_id).where(
            schema.assignments.c.task == small.key(task), schema.assignments.c.state == "returned")).all()
    assert returned == [first]
    assert [n.kind for n in notices] == ["deadline"]
    assert "3 tasks were not answered in time (rule soon)" in notices[0].subject
    later(small, 1.2)                                # once is enough
    assert small.asked(task) == [second]
    with small.store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(schema.notices)) == 1


def test_a_task_that_somebody_began_in_time_stays_theirs(small: Team) -> None:
    small.apply(rules("name: soon, when: answers < 1, ask: {n: 1}, deadline: 60m"))
    small.round()
    task = small.ids[0]
    (person,) = small.asked(task)
    with small.store.write() as conn:
        conn.execute(schema.drafts.insert().values(
            id=1, project_id=small.project, task=small.key(task), annotator_id=person, updated_at=now()))
    route(small.store, small.project, None, now=now() + timedelta(hours=2))
    assert small.asked(task) == [person]
    assert ("deadline", "soon") in kinds(small, task)


def test_priority_decides_the_order_of_the_queue_and_a_changed_one_is_shown(small: Team) -> None:
    one = small.people[0]
    ask = f"name: all, when: answers < 1, ask: {{n: 1, people: [{one.email}]}}"
    small.apply(rules(ask, 'name: vip, when: task.text == "text 2", priority: 5'))
    small.round()
    assert (one.next() or {})["id"] == small.ids[2]
    small.apply(rules(ask, 'name: vip, when: task.text == "text 1", priority: 5'))
    small.round()
    assert (one.next() or {})["id"] == small.ids[1]
    assert small.shown(small.ids[2])["data"]["cue_priority"] <= 1


def test_the_clock_alone_opens_what_lay_too_long(small: Team) -> None:
    small.apply(rules("name: one, when: answers < 1 and age < 5h, ask: {n: 1}",
                      f"name: up, when: age >= 5h and answers < 1, escalate: {{to: [{small.people[3].email}]}}"))
    small.round()
    task = small.ids[0]
    waking = small.route(task).wake_at
    assert waking is not None
    assert timedelta(hours=4.9) < waking - now() < timedelta(hours=5.1)
    later(small, 5.1)
    assert small.route(task).state == routes.ESCALATED
    assert small.asked(task) == [small.people[3].id]


def test_where_nothing_changed_nothing_is_written_whatever_a_rule_demands_of_people(small: Team) -> None:
    names = ", ".join(p.email for p in small.people[:2])
    small.apply(rules(f"name: some, when: answers < 2, ask: {{n: 2, people: [{names}], if_nobody: {{after: 2h, "
                      f"widen: [leads]}}}}, priority: 2, deadline: 2h, keep_together: task.lang"))
    small.round()
    with small.store.read() as conn:
        before = conn.execute(sa.select(schema.routes).order_by(schema.routes.c.task)).all()
    assert route(small.store, small.project) == 0
    with small.store.read() as conn:
        assert conn.execute(sa.select(schema.routes).order_by(schema.routes.c.task)).all() == before
