"""The router at work on Label Studio (the shipped fake): from a pulled task to a served one and back."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from cueloop.store import decisions, predictions, routes, schema
from cueloop.store.columns import now
from routing import context
from routing.explaining.explain import explain
from routing.route import route
from routing.showing.queues import initial_cue
from routing.showing.wanted import queue_names
from sync.pull import pull
from tests.routing.conftest import TeamFactory
from tests.routing.team import RULES, Team, answer_everything, patches


def test_people_are_served_what_they_are_asked_and_nothing_else(at_work: Team) -> None:
    for person in at_work.people:
        task = person.next()
        assert task is not None
        assert person.id in at_work.asked(task["id"])


def test_nobody_is_asked_about_more_than_the_queue_holds_and_work_is_spread(fake_label_studio: Any,
                                                                            team_at: TeamFactory) -> None:
    team = team_at(fake_label_studio, tasks=60, people=3)
    team.apply(RULES + "queues: {at_least: 10, hold: 1s, at_most: 10}\n")
    team.round()
    asked = Counter(person for task in team.ids for person in team.asked(task))
    assert set(asked.values()) == {10}


def test_where_nothing_changed_nothing_is_decided_or_written(at_work: Team, fake_label_studio: Any) -> None:
    fake_label_studio.faults.calls.clear()
    with at_work.store.read() as conn:
        before = conn.execute(sa.select(schema.routes).order_by(schema.routes.c.task)).all()
    assert route(at_work.store, at_work.project) == 0
    at_work.round()
    assert not [call for call in fake_label_studio.faults.calls if call[0] == "PATCH"]
    with at_work.store.read() as conn:
        assert conn.execute(sa.select(schema.routes).order_by(schema.routes.c.task)).all() == before


def test_a_task_costs_one_write_to_ask_and_none_to_close_when_people_agree(at_work: Team,
                                                                         fake_label_studio: Any) -> None:
    answer_everything(at_work)
    at_work.round()
    for task in at_work.ids:
        assert at_work.shown(task)["is_labeled"]
        assert at_work.route(task).state == routes.DONE
        assert patches(fake_label_studio, task) == 1


def test_a_torn_task_goes_to_somebody_else_and_no_answer_costs_more_than_one_write(
        at_work: Team, fake_label_studio: Any) -> None:
    task = at_work.ids[0]
    answer_everything(at_work, skip=(task,))
    first, second = at_work.asked(task)
    at_work.person(first).answer(task, "positive")
    at_work.round()
    at_work.person(second).answer(task, "negative")
    at_work.round()
    third = at_work.asked(task)
    assert len(third) == 1
    assert third[0] not in (first, second)
    assert at_work.shown(task)["overlap"] == 3              # as many as answered and are asked
    assert patches(fake_label_studio, task) == 2
    assert (at_work.person(third[0]).next() or {})["id"] == task
    at_work.person(third[0]).answer(task, "positive")
    at_work.round()
    assert at_work.route(task).state == routes.DONE
    assert at_work.shown(task)["is_labeled"]
    assert patches(fake_label_studio, task) == 2            # Label Studio closed it with the last answer
    with at_work.store.read() as conn:
        made = [(d.kind, d.rule) for _, d in decisions.of_task(conn, at_work.key(task))]
    assert made[:2] == [("ask", "first-pass"), ("ask", "torn")]


def test_a_task_moved_to_another_annotator_disappears_from_the_first_ones_queue(at_work: Team) -> None:
    person = at_work.people[0]
    task = (person.next() or {})["id"]
    others = [p.email for p in at_work.people if p.id not in at_work.asked(task)]
    at_work.apply(f"version: 1\nrules:\n  - {{name: only, when: true, ask: {{n: 1, people: [{', '.join(others)}]}}}}\n")
    at_work.round()
    assert person.next() is None
    assert all(person.id not in at_work.asked(task) for task in at_work.ids)


def test_answers_from_outside_the_queue_count_and_are_reported(at_work: Team) -> None:
    task = at_work.ids[0]
    asked = at_work.asked(task)
    outsiders = [p for p in at_work.people if p.id not in asked][:2]
    for person in outsiders:
        person.answer(task, "neutral")
    at_work.round()
    assert not set(asked) & set(at_work.asked(task))        # withdrawn: two answers are there
    with at_work.store.read() as conn:
        outside = conn.scalars(sa.select(schema.annotations.c.outside_queue).where(
            schema.annotations.c.task == at_work.key(task))).all()
        states = conn.scalars(sa.select(schema.assignments.c.state).where(
            schema.assignments.c.task == at_work.key(task), schema.assignments.c.annotator_id.in_(asked))).all()
    assert list(outside) == [True, True]
    assert set(states) == {"withdrawn"}


def test_ending_a_task_early_touches_no_data(at_work: Team, fake_label_studio: Any) -> None:
    # Given a task that two people are asked about, and a rule that one answer is enough
    task = at_work.ids[0]
    at_work.person(at_work.asked(task)[0]).answer(task, "neutral")
    before = at_work.shown(task)["data"]
    at_work.apply(RULES.replace("answers >= 2 and disagreement < 0.4", "answers >= 1"))

    def somebody_else() -> None:
        at_work.admin.patch_task(task, data=before | {"note": "theirs"})

    fake_label_studio.faults.just_before(somebody_else, method="PATCH", path=f"/api/tasks/{task}/")
    at_work.round()
    # Then an edit at the very moment of our write stands
    shown = at_work.shown(task)
    assert (shown["is_labeled"], shown["data"]["note"]) == (True, "theirs")
    assert at_work.asked(task) == []


def test_a_skip_asks_somebody_else(at_work: Team) -> None:
    task = at_work.ids[0]
    first, second = at_work.asked(task)
    at_work.person(first).skip(task)
    at_work.round()
    now_asked = at_work.asked(task)
    assert len(now_asked) == 2
    assert second in now_asked
    assert first not in now_asked


def test_what_the_machine_is_sure_of_is_closed_in_bulk_without_a_write_each(team: Team,
                                                                           fake_label_studio: Any) -> None:
    team.apply(RULES)
    pull(team.store, team.admin, team.project)
    team.predict(dict.fromkeys(team.ids[:12], ("positive", 0.99)))
    team.round()
    for task in team.ids[:12]:
        assert team.shown(task)["is_labeled"]
        assert patches(fake_label_studio, task) == 0
    team.round()
    assert team.route(team.ids[0]).state == routes.ACCEPTED
    assert not team.route(team.ids[0]).dirty
    bulk = [c for c in fake_label_studio.faults.calls if c == ("POST", "/api/dm/actions")]
    assert len(bulk) == 1


def test_a_prediction_that_is_gone_is_pushed_again_and_accepted_then(team: Team) -> None:
    team.apply(RULES)
    pull(team.store, team.admin, team.project)
    gone, *others = team.ids[:4]
    guesses = dict.fromkeys(team.ids[:4], ("positive", 0.99))
    team.predict(guesses)
    for row in team.admin.predictions(team.project, gone):
        team.admin.delete_prediction(row["id"])
    assert team.round().accepted == 3
    assert [team.shown(task)["is_labeled"] for task in (gone, *others)] == [False, True, True, True]
    # When the ML backend, told that it is not there, pushes it once more
    with team.store.read() as conn:
        assert [w.id for w in predictions.waiting(conn, team.project, f"project-{team.project}", "v1")] == [gone]
    team.push({gone: guesses[gone]}, "v1")
    team.round()
    assert team.shown(gone)["is_labeled"]
    for task in team.admin.tasks(team.project, team.ids[:4]):
        assert len(task["annotations"]) == 1


def test_a_better_model_takes_tasks_off_peoples_queues_and_a_worse_guess_puts_them_back(at_work: Team) -> None:
    task = at_work.ids[0]
    asked = at_work.asked(task)
    at_work.predict({task: ("positive", 0.99)}, "v1")
    at_work.round()
    assert at_work.asked(task) == []
    assert at_work.shown(task)["is_labeled"]
    # When the next champion says something else
    at_work.round()
    at_work.predict({task: ("negative", 0.7)}, "v2")
    at_work.round()
    # Then it is reopened, beside the machine's annotation
    assert len(at_work.asked(task)) == 2
    shown = at_work.shown(task)
    assert (shown["is_labeled"], shown["overlap"]) == (False, 3)
    served = [p for p in at_work.people if p.id in at_work.asked(task)]
    for person in served:
        person.answer(task, "negative")
    at_work.round()
    with at_work.store.read() as conn:
        kinds = [d.kind for _, d in decisions.of_task(conn, at_work.key(task))]
    assert kinds[:4] == ["ask", "accept", "reopen", "ask"]
    assert asked


def test_the_audit_sample_is_blind_and_goes_to_people(team: Team) -> None:
    team.apply(RULES.replace("audit: 0%", "audit: 50%"))
    pull(team.store, team.admin, team.project)
    team.predict(dict.fromkeys(team.ids, ("positive", 0.99)))
    team.round()
    with team.store.read() as conn:
        given = context.read(conn, team.project, now())
        rows = conn.execute(sa.select(schema.tasks.c.id, schema.tasks.c.key, schema.tasks.c.blind)).all()
    blind = {row.id for row in rows if row.blind}
    assert blind == {row.id for row in rows if given.held_out(row.key)}
    assert 2 <= len(blind) <= 18
    for task in team.ids:
        assert (team.admin.predictions(team.project, task) == []) == (task in blind)
        assert team.route(task).audit == (task in blind)
        assert bool(team.asked(task)) == (task in blind)
        assert team.shown(task)["is_labeled"] == (task not in blind)
    with team.store.read() as conn:
        made = [d for _, d in decisions.of_task(conn, team.key(min(blind)))]
    assert (made[0].kind, made[0].rule, made[0].probability) == ("audit", "clear", 0.5)


def test_an_escalated_task_goes_to_the_one_who_decides_and_is_done_then(at_work: Team) -> None:
    task, lead = at_work.ids[0], at_work.people[3]
    at_work.apply("version: 1\nrules:\n"
                  f"  - {{name: up, when: answers >= 1 and task.text == 'text 0', escalate: {{to: [{lead.email}]}}}}\n"
                  "  - {name: one, when: answers < 1, ask: {n: 1}}\n")
    first = next(p for p in at_work.people if p is not lead)
    first.answer(task, "neutral")
    at_work.round()
    assert at_work.asked(task) == [lead.id]
    assert at_work.route(task).state == routes.ESCALATED
    assert (lead.next() or {})["id"] == task                # before everything else
    lead.answer(task, "positive")
    at_work.round()
    assert at_work.route(task).state == routes.DONE
    assert at_work.shown(task)["is_labeled"]


def test_a_spoilt_queue_is_restored(at_work: Team) -> None:
    task = at_work.ids[0]
    asked = at_work.asked(task)
    at_work.admin.patch_task(task, data={"text": "text 0", "lang": "fr", "cue_queue": ",somebody,"})
    at_work.round()
    shown = at_work.shown(task)
    assert queue_names(shown["data"]["cue_queue"]) == {at_work.person(p).queue for p in asked}
    assert shown["data"]["lang"] == "fr"                    # and their own edit stays


def test_an_edit_that_our_write_overwrote_is_put_back(at_work: Team, fake_label_studio: Any) -> None:
    task = at_work.ids[0]

    def somebody_else() -> None:
        at_work.admin.patch_task(task, data=at_work.shown(task)["data"] | {"lang": "de", "note": "new"})
        pull(at_work.store, at_work.admin, at_work.project)

    # Given an edit between our re-read and our write, which a pull of another process saw
    at_work.apply(RULES.replace("answers < 2, ask: {n: 2}", "answers < 3, ask: {n: 3}"))
    fake_label_studio.faults.just_before(somebody_else, method="PATCH", path=f"/api/tasks/{task}/")
    at_work.round()
    assert at_work.shown(task)["data"]["lang"] == "en"
    # Then the next round puts it back, beside what we wrote
    at_work.round()
    data = at_work.shown(task)["data"]
    assert (data["lang"], data["note"]) == ("de", "new")
    assert len(queue_names(data["cue_queue"])) == 3


def test_one_task_that_cannot_be_written_holds_up_no_other(team: Team, fake_label_studio: Any) -> None:
    team.apply(RULES)
    fake_label_studio.faults.fail(400, times=1000, method="PATCH", path=f"/api/tasks/{team.ids[0]}/")
    done = team.round()
    assert (done.patched, done.left) == (19, 1)


def test_first_queues_that_rode_in_the_import_are_adopted_and_cost_no_write(
        fake_label_studio: Any, team_at: TeamFactory) -> None:
    team = team_at(fake_label_studio, people=3, rows=[{"text": "never routed"}])
    names = [p.queue for p in team.people]
    ids = team.admin.import_tasks(team.project, [
        {"data": {"text": f"new {n}", **cue}} for n, cue in enumerate(initial_cue(12, names, each=2))])
    team.apply(RULES)
    fake_label_studio.faults.calls.clear()
    team.round()
    for task in ids:
        assert patches(fake_label_studio, task) == 0
        assert {team.person(p).queue for p in team.asked(task)} == queue_names(team.shown(task)["data"]["cue_queue"])
    # After the first answer Label Studio has closed the task: one write lets the second person in
    first, second = (team.person(p) for p in team.asked(ids[0]))
    first.answer(ids[0], "neutral")
    team.round()
    assert patches(fake_label_studio, ids[0]) == 1
    assert not team.shown(ids[0])["is_labeled"]
    assert second.id in team.asked(ids[0])


def test_who_answered_from_an_imported_queue_before_the_first_look_was_asked(
        fake_label_studio: Any, team_at: TeamFactory) -> None:
    team = team_at(fake_label_studio, people=2, rows=[{"text": "never routed"}])
    person = team.people[0]
    (task,) = team.admin.import_tasks(team.project, [{"data": {"text": "new", "cue_queue": f",{person.queue},"}}])
    person.answer(task, "neutral")
    team.apply(RULES)
    team.round()
    story = explain(team.store, team.project, task)
    assert (story["asked"][0]["annotator"], story["asked"][0]["state"]) == (person.email, "answered")
    assert story["decisions"][0]["rule"] == "import"
    with team.store.read() as conn:
        assert list(conn.scalars(sa.select(schema.annotations.c.outside_queue))) == [False]
