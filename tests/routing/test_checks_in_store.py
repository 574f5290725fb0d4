"""Checks on annotators in the store alone, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from cueloop import journal
from cueloop.store import Store, annotations, annotators, assignments, copies, ground_truth, projects, schema
from cueloop.store.annotations import Annotation
from cueloop.store.columns import now
from cueloop.store.routes import dirty
from routing import context
from routing.language import rules
from routing.rehearse import rehearse
from routing.route import route
from sync import answers
from tests.routing.test_store import CONFIG

RULES = """
version: 1
rules: [{name: once, when: answers < 1, ask: {n: 1}}]
gold: {share: 50%}
recheck: {share: 50%, after: 1h}
"""

ANN, BEN, EXPERT = 1, 2, 3
GOLD = range(130, 140)


@pytest.fixture
def project(any_store: Store) -> Store:
    """Forty tasks, ten of them with a ground truth of the expert's; two annotators."""
    begun = now() - timedelta(days=1)
    with any_store.write() as conn:
        projects.put(conn, 1, title="Test", label_config=CONFIG, mode="connected", connected_at=begun)
        annotators.put(conn, [{"id": n, "email": f"p{n}@example.com"} for n in (ANN, BEN, EXPERT)])
        conn.execute(schema.tasks.insert(), [
            {"project_id": 1, "id": n, "created_at": begun, "updated_at": begun, "data": {"text": str(n)}, "cue": {},
             "overlap": 1, "is_labeled": False, "blind": False} for n in range(100, 140)])
        context.put_in_force(conn, 1, rules.parse(RULES), "test")
    for task in GOLD:
        answer(any_store, EXPERT, task, ground_truth=True)
    return any_store


def keys(store: Store) -> dict[int, int]:
    """{Label Studio's id: our key}."""
    with store.read() as conn:
        return {row.id: row.key for row in conn.execute(sa.select(schema.tasks.c.id, schema.tasks.c.key))}


def answer(store: Store, person: int, task: int, *, ground_truth: bool = False, imported: bool | None = False,
           ago: timedelta = timedelta(0)) -> None:
    """Somebody answers a task."""
    at: datetime = now() - ago
    key = keys(store)[task]
    result = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": ["neutral"]}}]
    with store.write() as conn:
        annotations.write(conn, [Annotation(
            unique_id=f"{person}-{task}", project_id=1, task=key, id=person * 1000 + task, annotator_id=person,
            updated_by=person, result=result, answer=result, answered_at=at, was_cancelled=False,
            ground_truth=ground_truth, lead_time=5.0, created_at=at, updated_at=at, parent_prediction=None,
            parent_annotation=None, guideline_version=None, seen_suggestion=None, outside_queue=None, deleted_at=None,
            imported=imported)], at)
        answers.rebuild(conn, [key])


def asked(store: Store, kind: str) -> list[tuple[int, int]]:
    """(annotator, Label Studio's id of the task) of open questions of a kind."""
    with store.read() as conn:
        return [(row.annotator_id, row.id) for row in conn.execute(
            sa.select(schema.assignments.c.annotator_id, schema.tasks.c.id).join(
                schema.tasks, schema.tasks.c.key == schema.assignments.c.task).where(
                schema.assignments.c.kind == kind, schema.assignments.c.state == "open")
            .order_by(schema.assignments.c.key))]


def test_marks_count_by_where_they_came_from(project: Store) -> None:
    answer(project, BEN, 100, ground_truth=True, imported=True)
    answer(project, BEN, 101, ground_truth=True, imported=None)
    known = keys(project)
    with project.read() as conn:
        plain = ground_truth.tasks_with(conn, 1, imported=False)
        every = ground_truth.tasks_with(conn, 1, imported=True)
    assert plain == {known[101], *(known[task] for task in GOLD)}
    assert every == plain | {known[100]}


def test_whose_turn_it_is_gets_gold_and_a_copy_is_announced_in_one_transaction(project: Store) -> None:
    # Given somebody who answered a few tasks two hours ago and one just now
    route(project, 1)
    for task in range(100, 105):
        answer(project, ANN, task, ago=timedelta(hours=2))
    answer(project, ANN, 105)
    before = rehearse(project, 1)
    # When the router looks, and looks again
    route(project, 1)
    route(project, 1)
    # Then they have one gold task and one copy to come, and nobody else has either: the others are not at work
    gold = asked(project, assignments.GOLD)
    assert [person for person, _ in gold] == [ANN]
    assert gold[0][1] in GOLD
    with project.read() as conn:
        (entry,) = journal.entries(conn, 1, copies.KIND)
        assert entry.state == journal.INTENDED
        assert copies.NAME.fullmatch(entry.target)
        assert entry.before["annotator"] == ANN
        assert conn.scalar(sa.select(schema.tasks.c.id).where(schema.tasks.c.key == entry.before["task"])) in range(
            100, 105)
        assert [route.wanted.get("ranked") for route in dirty(conn, 1, 100) if route.task == keys(project)[gold[0][1]]
                ] == [True]
    # and the dry run had said so
    assert before.decisions["gold"] == {"gold": 1}
    assert before.decisions["recheck"] == {"recheck": 1}


def test_a_pulled_copy_is_recognised_by_the_name_in_its_queue_and_by_no_other(project: Store) -> None:
    known = keys(project)
    with project.write() as conn:
        journal.announce(conn, 1, copies.KIND, "c" + "0" * 24, {"task": known[100], "annotator": ANN})
        copies.recognise(conn, 1, {known[110]: ["", "c" + "0" * 24, ""], known[111]: ["w1"],
                                   known[112]: ["c" + "1" * 24], known[113]: []})
        assert copies.among(conn, sorted(known.values())) == {known[110]}
        assert copies.among(conn, sorted(known.values()) * 20) == {known[110]}
        assert conn.scalar(sa.select(schema.tasks.c.copy_of).where(schema.tasks.c.key == known[110])) == known[100]
        assert known[110] not in ground_truth.tasks_with(conn, 1, imported=True)


def test_gold_of_somebody_who_went_away_is_free_for_others_and_a_copy_waits_for_them(project: Store) -> None:
    # Given gold and a copy in the queue of somebody at work
    route(project, 1)
    for task in range(100, 106):
        answer(project, ANN, task, ago=timedelta(minutes=90))
    route(project, 1)
    (_, task), = asked(project, assignments.GOLD)
    known = keys(project)
    with project.write() as conn:
        decision = assignments.of_tasks(conn, [known[task]])[known[task]][0].decision
        copies.mark(conn, known[120], known[100])
        conn.execute(schema.assignments.delete().where(schema.assignments.c.task == known[120]))
        assignments.add(conn, 1, known[120], [ANN], decision, now(), assignments.RECHECK)
    # When they show no sign of life for days
    route(project, 1, now=now() + timedelta(days=3))
    # Then the gold task is closed for them, and the copy stays theirs
    assert asked(project, assignments.GOLD) == []
    assert asked(project, assignments.RECHECK) == [(ANN, 120)]
    with project.read() as conn:
        assert [a.state for a in assignments.of_tasks(conn, [known[task]])[known[task]]] == [assignments.RETURNED]


def test_of_very_much_gold_a_drawn_part_is_looked_at_and_the_probability_says_so(
        project: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routing.checking.gold.POOL", 3)
    route(project, 1)
    for task in range(100, 106):
        answer(project, ANN, task, ago=timedelta(minutes=90))
    route(project, 1)
    (_, task), = asked(project, assignments.GOLD)
    assert task in GOLD
    with project.read() as conn:
        assert conn.scalar(sa.select(schema.decisions.c.probability).where(
            schema.decisions.c.kind == "gold")) == pytest.approx(1 / 10)
