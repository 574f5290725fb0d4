"""Ground truth among the work: who gets it, how often, and what it leaves as it was."""

from __future__ import annotations

import itertools
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from console.explanation import human
from cueloop.errors import LabelStudioError
from cueloop.fake.faults import DROPPED, LOST
from cueloop.store import assignments, consensus, decisions, routes, schema
from routing.checking import gold
from routing.explaining.explain import explain
from routing.people import team_file, teams
from routing.showing.wanted import queue_names
from tests.routing.conftest import TeamFactory
from tests.routing.team import Person, Team, choice, patches

RULES = """
version: 1
rules: [{name: once, when: answers < 1, ask: {n: 1}}]
queues: {at_least: 12, hold: 1h, at_most: 12}
gold: {share: 20%}
"""


def star(team: Team, count: int) -> list[int]:
    """An expert, who is nobody of the team, answers the last tasks and marks them as ground truth."""
    known = team.ids[-count:]
    for task in known:
        team.admin.annotate(task, choice("positive"), ground_truth=True)
    return known


def work(team: Team, person: Person, count: int, label: str = "neutral") -> list[int]:
    """Somebody works through their queue, the loop looks after each answer; the tasks in their order."""
    served = []
    for _ in range(count):
        task = person.next()
        if task is None:
            break
        served.append(int(task["id"]))
        person.answer(task["id"], label)
        team.round()
    return served


@pytest.fixture
def with_gold(fake_label_studio: Any, team_at: TeamFactory) -> tuple[Team, list[int]]:
    """Two people, forty tasks, and twelve with a ground truth; first queues are published."""
    team = team_at(fake_label_studio, tasks=52, people=2)
    known = star(team, 12)
    team.apply(RULES)
    team.round()
    return team, known


def kinds(team: Team, kind: str) -> list[decisions.Decision]:
    """Decisions of a kind, oldest first."""
    with team.store.read() as conn:
        rows = conn.execute(sa.select(schema.decisions).where(schema.decisions.c.kind == kind)
                            .order_by(schema.decisions.c.key)).all()
    return [decisions.Decision(**{k: v for k, v in row._mapping.items() if k != "key"}) for row in rows]


def test_gold_comes_at_its_rate_apart_from_each_other_and_nobody_gets_one_twice(
        with_gold: tuple[Team, list[int]]) -> None:
    team, known = with_gold
    # When two people work, one after the other
    for person in team.people:
        served = work(team, person, 20)
        # Then a fifth of what each was served is gold, well apart, none of it twice
        at = [place for place, task in enumerate(served) if task in known]
        assert 3 <= len(at) <= 5
        assert all(after - before >= 2 for before, after in itertools.pairwise(at))
        assert len({served[place] for place in at}) == len(at)
    # and every decision can be looked up
    made = kinds(team, "gold")
    assert {d.rule for d in made} == {gold.RULE}
    assert all(d.probability == pytest.approx(1 / int(str(d.inputs["why"]).rsplit(" ", 1)[-1])) for d in made)


def test_gold_looks_like_any_other_task_and_shows_no_suggestion(with_gold: tuple[Team, list[int]]) -> None:
    team, known = with_gold
    person = team.people[0]
    team.predict(dict.fromkeys(team.ids, ("positive", 0.6)))
    shown: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for _ in range(12):
        task = person.next()
        assert task is not None
        shown[task["id"] in known].append(task)
        person.answer(task["id"], "neutral")
        team.round()
    assert shown[True]
    assert shown[False]
    # the same keys, in the same form; no suggestion, as on any task that is blind
    assert {frozenset(task["data"]) for task in shown[True]} == {frozenset(task["data"]) for task in shown[False]}
    for task in shown[True]:
        assert queue_names(task["data"]["cue_queue"]) == {person.queue}
        assert task["predictions"] == []
    ranks = [task["data"]["cue_priority"] for task in shown[False]]
    assert all(min(ranks) - 0.01 <= task["data"]["cue_priority"] <= max(ranks) + 0.01 for task in shown[True])


def test_gold_is_not_opened_before_the_suggestion_on_it_is_gone(
        fake_label_studio: Any, team_at: TeamFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given suggestions on everything, then ground truth, and more of it than is cleared at a time
    team = team_at(fake_label_studio, tasks=30, people=1)
    team.apply(RULES.replace("gold: {share: 20%}", ""))
    team.round()
    team.predict(dict.fromkeys(team.ids, ("positive", 0.6)))
    known = star(team, 6)
    monkeypatch.setattr("routing.showing.blind.AT_ONCE", 0)
    team.apply(RULES)
    work(team, team.people[0], 6)
    (task,) = [number for number in known if team.asked(number)]
    # Then it waits closed while the suggestion is there
    assert team.shown(task)["is_labeled"]
    assert team.admin.predictions(team.project, task)
    # and is opened when that is gone
    monkeypatch.setattr("routing.showing.blind.AT_ONCE", 1)
    team.round()
    assert not team.shown(task)["is_labeled"]
    assert not team.admin.predictions(team.project, task)


def test_an_answer_to_gold_closes_it_and_changes_neither_its_truth_nor_what_the_rules_want(
        with_gold: tuple[Team, list[int]], fake_label_studio: Any) -> None:
    team, known = with_gold
    served = work(team, team.people[0], 12)
    checked = [task for task in served if task in known]
    with team.store.read() as conn:
        agreed = consensus.of_tasks(conn, [team.key(task) for task in known], "sentiment")
    # The person said neutral, the truth is positive, and stays so
    assert {(row.label, row.probability) for row in agreed.values()} == {("positive", 1.0)}
    for task in checked:
        assert team.shown(task)["is_labeled"]
        assert team.route(task).state == routes.DONE
        assert team.route(task).need == 0
        assert patches(fake_label_studio, task) <= 2    # opened, perhaps moved up; closed by Label Studio itself
    with team.store.read() as conn:
        states = conn.scalars(sa.select(schema.assignments.c.state).where(
            schema.assignments.c.kind == assignments.GOLD,
            schema.assignments.c.task.in_([team.key(task) for task in checked]))).all()
    assert set(states) == {assignments.ANSWERED}


def test_rules_ask_nobody_about_a_task_with_a_ground_truth(with_gold: tuple[Team, list[int]]) -> None:
    team, known = with_gold
    team.apply(RULES.replace("answers < 1", "answers < 3").replace("{n: 1}", "{n: 2}"))
    team.round()
    with team.store.read() as conn:
        asked = conn.execute(sa.select(schema.assignments.c.kind).where(
            schema.assignments.c.task.in_([team.key(task) for task in known]))).scalars().all()
    assert set(asked) <= {assignments.GOLD}
    assert {team.route(task).plan["why"] for task in known} == {gold.WHY}


def test_a_skipped_gold_task_is_closed_again_and_not_asked_of_them_anew(with_gold: tuple[Team, list[int]]) -> None:
    team, known = with_gold
    person = team.people[0]
    skipped = []
    for _ in range(20):
        task = person.next()
        assert task is not None
        if task["id"] in known:
            skipped.append(task["id"])
            person.skip(task["id"])
        else:
            person.answer(task["id"], "neutral")
        team.round()
    assert len(skipped) == len(set(skipped)) >= 2
    assert all(team.shown(task)["is_labeled"] for task in skipped)


def test_when_gold_runs_out_for_somebody_they_get_none_and_it_is_said(
        fake_label_studio: Any, team_at: TeamFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given one task of gold made by the expert, and one that the person made themselves
    team = team_at(fake_label_studio, tasks=30, people=1)
    person, said = team.people[0], []
    (known,) = star(team, 1)
    own = team.ids[0]
    person.client.annotate(own, choice("positive"), ground_truth=True)
    team.apply(RULES)
    team.round()
    monkeypatch.setattr(gold.log, "warning", lambda event, **values: said.append((event, values["annotator"])))
    # When they work
    served = work(team, person, 22)
    # Then they get the expert's once, their own never, and the log and `explain` say that none is left
    assert served.count(known) == 1
    assert own not in served
    assert said == [("no ground truth is left for an annotator: none is asked twice", person.email)]
    told = explain(team.store, team.project, known)
    assert (told["gold"]["asked"], told["gold"]["left"]) == ([person.email], [])
    assert f"Ground truth among people's work: asked of {person.email}; left for nobody." in human(told)


def test_somebody_who_marked_it_knows_it_and_is_not_asked(fake_label_studio: Any, team_at: TeamFactory) -> None:
    team = team_at(fake_label_studio, tasks=30, people=2)
    author, marker = team.people
    task = team.ids[-1]
    author.answer(task, "positive")
    note = team.admin.tasks(team.project, [task])[0]["annotations"][0]["id"]
    marker.client.patch_annotation(note, ground_truth=True)
    team.apply(RULES)
    team.round()
    for person in team.people:
        assert task not in work(team, person, 9)
    assert explain(team.store, team.project, task)["gold"]["left"] == []


def test_nobody_is_checked_with_what_the_rules_would_not_have_asked_them(
        fake_label_studio: Any, team_at: TeamFactory) -> None:
    # Given ground truth in two languages and about two topics, and limits
    rows = [{"text": f"text {n}", "lang": "en", "topic": "news"} for n in range(30)]
    rows += [{"text": f"text {n}", "lang": ("en", "fr")[n % 2], "topic": ("news", "animals")[n // 2 % 2],
              "graphic": n > 12} for n in range(16)]
    team = team_at(fake_label_studio, rows=rows, people=2)
    one, other = team.people
    known = dict(zip(star(team, 16), rows[30:], strict=True))
    with team.store.write() as conn:
        teams.put_in_force(conn, team_file.parse(f"""
version: 1
people:
  {one.email}: {{languages: [en], never: task.topic == "animals"}}
  {other.email}: {{languages: [en, fr], capacity: 12/day}}
"""), "test")
    team.apply(RULES.replace("{name: once, when: answers < 1, ask: {n: 1}}", """
  {name: once, when: answers < 1, ask: {n: 1, language: task.lang}},
  {name: wellbeing, limit: {seen: task.graphic == true, per_person_day: 1}}"""))
    team.round()
    # When both work through what they get
    had = {person.id: [known[task] for task in work(team, person, 16) if task in known] for person in team.people}
    # Then the first saw neither French nor animals, nobody more than one graphic text, and capacity holds
    assert had[one.id]
    assert all(row["lang"] == "en" and row["topic"] == "news" for row in had[one.id])
    assert max(sum(bool(row["graphic"]) for row in mine) for mine in had.values()) <= 1
    with team.store.read() as conn:
        asked = conn.scalar(sa.select(sa.func.count()).select_from(schema.assignments).where(
            schema.assignments.c.annotator_id == other.id, schema.assignments.c.state.in_(("open", "answered"))))
    assert asked <= 12
    # and what is left of it for whom is said
    animals = next(task for task, row in known.items() if row["topic"] == "animals" and row["lang"] == "fr")
    assert one.email not in explain(team.store, team.project, animals)["gold"]["left"]


def test_without_a_declaration_nothing_is_different(fake_label_studio: Any, team_at: TeamFactory) -> None:
    team = team_at(fake_label_studio, tasks=20, people=2)
    known = star(team, 4)
    team.apply(RULES.replace("gold: {share: 20%}", "").replace("answers < 1", "answers < 2"))
    team.round()
    assert all(team.asked(task) for task in known)      # the rules judge it like any other
    assert not kinds(team, "gold")


def test_gold_whose_mark_is_taken_away_is_asked_of_nobody_any_more(with_gold: tuple[Team, list[int]]) -> None:
    team, known = with_gold
    person = team.people[0]
    while not (checks := [task for task in known if team.asked(task)]):
        work(team, person, 1)
    (task,) = checks
    note = team.admin.tasks(team.project, [task])[0]["annotations"][0]["id"]
    team.admin.patch_annotation(note, ground_truth=False)
    team.round()
    assert not team.asked(task)
    assert team.shown(task)["is_labeled"]


def test_whatever_breaks_while_gold_is_opened_it_is_opened_once_and_closed_once(
        with_gold: tuple[Team, list[int]], fake_label_studio: Any) -> None:
    team, known = with_gold
    person, served = team.people[0], []
    for failure in (LOST, 503, DROPPED) * 4:
        task = person.next()
        assert task is not None
        served.append(task["id"])
        person.answer(task["id"], "neutral")
        fake_label_studio.faults.fail(failure, method="PATCH", path="/api/tasks/")
        with suppress(LabelStudioError):        # the loop would log it, and try again
            team.round()
        fake_label_studio.faults.clear()
        team.round()
    checked = [task for task in served if task in known]
    assert len(checked) == len(set(checked)) >= 1
    assert all(team.shown(task)["is_labeled"] for task in known if not team.asked(task))
    with team.store.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).where(
            schema.assignments.c.kind == assignments.GOLD)) == len(kinds(team, "gold"))
