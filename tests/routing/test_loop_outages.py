"""The router when people are away, processes die and answers are lost; dry runs and explanations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cueloop.errors import LabelStudioUnreachable
from cueloop.settings import Settings
from cueloop.store import Store, decisions, routes, schema
from cueloop.store.columns import now
from routing import step as routing_step
from routing.explaining.explain import explain
from routing.language import rules
from routing.rehearse import rehearse
from routing.route import route
from routing.showing.publish import publish
from routing.showing.wanted import queue_names
from sync import loop, quality
from sync.pull import pull
from sync.sweep import sweep
from tests.routing.team import RULES, Team, answer_everything


def test_who_shows_no_sign_of_life_gives_their_tasks_to_others(at_work: Team) -> None:
    away, others = at_work.people[0], at_work.people[1:]
    held = [task for task in at_work.ids if away.id in at_work.asked(task)]
    tomorrow = now() + timedelta(hours=25)
    for person in others:
        if (task := person.next()) is not None:
            person.answer(task["id"], "neutral")
    pull(at_work.store, at_work.admin, at_work.project)
    with at_work.store.write() as conn:                     # the others worked today, not yesterday
        conn.execute(schema.annotations.update().values(created_at=tomorrow - timedelta(minutes=5)))
    route(at_work.store, at_work.project, now=tomorrow)
    taken = [task for task in held if away.id not in at_work.asked(task)]
    assert taken == held
    assert all(len(at_work.asked(task)) >= 1 for task in taken)
    with at_work.store.read() as conn:
        states = set(conn.scalars(sa.select(schema.assignments.c.state).where(
            schema.assignments.c.annotator_id == away.id)))
    assert "returned" in states


def test_who_runs_dry_gets_what_idle_people_hold(at_work: Team) -> None:
    busy, idle = at_work.people[0], at_work.people[1:]
    with at_work.store.write() as conn:
        conn.execute(schema.assignments.update().values(created_at=now() - timedelta(hours=3)))
    while (task := busy.next()) is not None:
        busy.answer(task["id"], "neutral")
    at_work.round()
    assert busy.next() is not None
    with at_work.store.read() as conn:
        states = set(conn.scalars(sa.select(schema.assignments.c.state).where(
            schema.assignments.c.annotator_id.in_([p.id for p in idle]))))
    assert states == {"open", "returned"}


def test_nobody_is_asked_about_a_task_that_was_deleted(at_work: Team) -> None:
    task, key = at_work.ids[0], at_work.key(at_work.ids[0])
    at_work.admin.delete_task(task)
    sweep(at_work.store, at_work.admin, at_work.project)
    at_work.round()
    with at_work.store.read() as conn:
        states = set(conn.scalars(sa.select(schema.assignments.c.state).where(schema.assignments.c.task == key)))
        assert states == {"withdrawn"}
        assert not routes.of_tasks(conn, [key])[key].dirty


def test_explain_says_aloud_when_nobody_is_left_to_ask(at_work: Team) -> None:
    task = at_work.ids[0]
    for person in at_work.people[:3]:
        person.skip(task)
    at_work.round()
    story = explain(at_work.store, at_work.project, task)
    assert story["asked"][-1]["annotator"] == at_work.people[3].email
    assert story["waits_for"] == "1 more person: nobody is left who may be asked and has not worked on it"


def test_a_crash_between_decision_and_publish_loses_nothing(at_work: Team, fake_label_studio: Any) -> None:
    task = at_work.ids[0]
    first, second = at_work.asked(task)
    at_work.person(first).answer(task, "positive")
    at_work.person(second).answer(task, "negative")
    answer_everything(at_work, skip=(task,))
    # Given that the decision is in the store and Label Studio failed at the write
    fake_label_studio.faults.fail(500, times=50, method="PATCH")
    assert at_work.round().left == 1
    assert len(at_work.asked(task)) == 1
    assert at_work.route(task).dirty
    with at_work.store.read() as conn:
        made = len(decisions.of_task(conn, at_work.key(task)))
    # When another process starts
    fake_label_studio.faults.clear()
    at_work.round()
    # Then it publishes what was decided, and decides nothing anew
    assert not at_work.route(task).dirty
    assert at_work.person(at_work.asked(task)[0]).queue in queue_names(at_work.shown(task)["data"]["cue_queue"])
    with at_work.store.read() as conn:
        assert len(decisions.of_task(conn, at_work.key(task))) == made


def test_a_write_whose_answer_was_lost_is_recognised(at_work: Team, fake_label_studio: Any) -> None:
    task = at_work.ids[0]
    at_work.apply(f"version: 1\nrules:\n  - {{name: a, when: true, ask: {{people: [{at_work.people[0].email}]}}}}\n")
    fake_label_studio.faults.fail("lost", times=1, method="PATCH")
    with pytest.raises(LabelStudioUnreachable):
        at_work.round()
    at_work.round()
    assert not at_work.route(task).dirty
    assert queue_names(at_work.shown(task)["data"]["cue_queue"]) == {at_work.people[0].queue}


def test_a_dry_run_writes_nothing_and_agrees_with_the_real_run(team: Team) -> None:
    pull(team.store, team.admin, team.project)
    tried = rules.parse(RULES)
    found = rehearse(team.store, team.project, tried)
    with team.store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(schema.decisions)) == 0
        assert conn.scalar(sa.select(sa.func.count()).select_from(schema.routes)) == 0
    team.apply(RULES)
    assert route(team.store, team.project) == sum(n for each in found.decisions.values() for n in each.values())
    with team.store.read() as conn:
        assert routes.counts(conn, team.project) == found.states


def test_explain_tells_the_whole_story(at_work: Team) -> None:
    task = at_work.ids[0]
    at_work.person(at_work.asked(task)[0]).answer(task, "positive")
    at_work.round()
    story = explain(at_work.store, at_work.project, f"http://x/projects/1/data?tab=3&task={task}")
    assert story["state"] == "asked"
    assert {r["rule"]: (r["holds"], r["counts"]) for r in story["controls"][0]["rules"]} == {
        "clear": ("unknown", False), "sure": ("false", False), "first-pass": ("true", True), "torn": ("false", False)}
    (made,) = story["decisions"]
    assert made["rule"] == "first-pass"
    assert 0 < made["probability"] <= 1
    assert len(made["candidates"]) == 4
    assert {"annotator", "value", "probability", "annotator_id"} == set(made["candidates"][0])


def test_observed_and_disconnected_projects_are_left_alone(team: Team, fake_label_studio: Any) -> None:
    from routing.step import step

    pull(team.store, team.admin, team.project)
    for mode in ("observe", "disconnected"):
        with team.store.write() as conn:
            conn.execute(schema.projects.update().values(mode=mode))
        fake_label_studio.faults.calls.clear()
        step(team.store, team.admin, team.project, frozenset())
        assert fake_label_studio.faults.calls == []


def test_the_step_routes_what_others_changed_and_everything_when_rules_change(
        team: Team, home: Any) -> None:
    from routing.step import step

    found = pull(team.store, team.admin, team.project)
    step(team.store, team.admin, team.project, found.changed)
    assert team.asked(team.ids[0])
    team.apply(f"version: 1\nrules: [{{name: a, when: true, ask: {{n: 1, people: [{team.people[2].email}]}}}}]")
    step(team.store, team.admin, team.project, frozenset())
    assert team.asked(team.ids[0]) == [team.people[2].id]
    assert home


def test_in_pilot_mode_only_the_pilots_are_asked(team: Team) -> None:
    pilots = [team.people[0], team.people[1]]
    with team.store.write() as conn:
        conn.execute(schema.projects.update().values(mode="pilot", pilot={"annotators": [p.id for p in pilots]}))
    team.apply(RULES)
    team.round()
    assert {person for task in team.ids for person in team.asked(task)} == {p.id for p in pilots}


def test_publishing_ends_when_its_time_is_up_and_goes_on_later(team: Team) -> None:
    team.apply(RULES)
    pull(team.store, team.admin, team.project)
    route(team.store, team.project)
    first = publish(team.store, team.admin, team.project, seconds=0.0)
    assert first.patched == 0
    assert first.left == 20
    rest = publish(team.store, team.admin, team.project, seconds=60)
    assert (rest.patched, rest.left) == (20, 0)


def test_through_the_sync_loop_an_answer_moves_the_task_on(team: Team, home: Settings) -> None:
    steps = [quality.step, routing_step.step]
    team.apply(RULES)
    team.only_these()       # the loop also sees the admin's account
    loop.once(home, team.store, team.admin, steps=steps)
    task = team.ids[0]
    first, second = (team.person(p) for p in team.asked(task))
    first.answer(task, "positive")
    second.answer(task, "negative")
    said = loop.once(home, team.store, team.admin, steps=steps)
    assert set(said[0]["steps"].values()) == {"done"}
    (third,) = team.asked(task)
    assert third not in (first.id, second.id)
    assert team.person(third).queue in queue_names(team.shown(task)["data"]["cue_queue"])
    with team.store.read() as conn:
        seen = conn.scalar(sa.select(schema.projects.c.routed)) or {}
    assert seen["rules"] == rules.parse(RULES).hash


class Killed(BaseException):
    """The process ends here."""


def test_killed_at_any_write_it_ends_in_the_same_state(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.apply(RULES)
    real, left = Store.write, [0]

    @contextmanager
    def dying(store: Store) -> Iterator[sa.Connection]:
        """A transaction that is committed, and after so many of them the process is gone."""
        with real(store) as conn:
            yield conn
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    # Given a Cueloop that dies after its first, second, third ... write, and people who go on working
    for writes in range(1, 14):
        left[0] = writes
        monkeypatch.setattr(Store, "write", dying)
        with suppress(Killed):
            team.round()
        monkeypatch.setattr(Store, "write", real)
        for person in team.people:
            if (task := person.next()) is not None:
                person.answer(task["id"], ("negative", "positive")[(task["id"] * person.id) % 2])
    # When it runs undisturbed
    for _ in range(3):
        team.round()
    # Then nobody is asked twice or too many, and Label Studio shows exactly who is asked
    for row in team.admin.tasks(team.project, team.ids):
        asked, authors = team.asked(row["id"]), {a["completed_by"] for a in row["annotations"]}
        assert len(authors) == len(row["annotations"])
        assert not authors & set(asked)
        assert len(authors) + len(asked) <= 4
        served = {p.id for p in team.people if p.queue in queue_names(row["data"].get("cue_queue"))} - authors
        assert served == set(asked) or row["is_labeled"]
        assert team.route(row["id"]).state in (routes.ASKED, routes.DONE)
        assert not team.route(row["id"]).dirty
