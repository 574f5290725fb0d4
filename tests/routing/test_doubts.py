"""A model was found bad: what it had pre-labelled is looked at once more."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from cueloop.store import Store, annotators, doubts, models, schema
from cueloop.store.doubts import Doubt
from cueloop.store.models import ModelVersion
from routing.explaining.explain import explain
from tests.routing.work import Shop

ACCEPT = """rules:
  - {name: clear, when: score >= 0.9, accept: {audit: 5%}}
  - {name: rest, when: answers < 1, ask: {}}
"""
MACHINE = 99


@pytest.fixture
def shop(store: Store) -> Shop:
    """Three people, and ten tasks of which the champion is sure."""
    found = Shop(store, tasks=10)
    with store.write() as conn:
        annotators.put(conn, [{"id": MACHINE, "email": "machine@example.org"}])
        conn.execute(schema.annotators.update().where(schema.annotators.c.id == MACHINE).values(kind="machine"))
        models.insert(conn, ModelVersion("m", "v1", 1, "text-linear", "p", {}, {}, found.moment))
        models.set_alias(conn, "m", "champion", "v1")
        conn.execute(schema.projects.update().values(model="m"))
        conn.execute(schema.predictions.insert(), [
            {"project_id": 1, "task": key, "control": "topic", "model": "m", "version": "v1", "label": "neutral",
             "score": 0.97, "probabilities": {"neutral": 0.97, "negative": 0.03, "positive": 0.0}, "out_of_fold": True,
             "created_at": found.moment} for key in found.keys])
    return found


def accepted(shop: Shop, rules: str = ACCEPT) -> int:
    """A task that the machine accepted, as it stands after the pull that brings its annotation."""
    shop.apply(rules)
    shop.route()
    task = next(key for key in shop.keys if shop.found(key).state == "accepted")
    with shop.store.write() as conn:
        conn.execute(schema.annotations.insert().values(
            unique_id=f"machine:{task}", project_id=1, task=task, id=task, annotator_id=MACHINE, result=[],
            was_cancelled=False, ground_truth=False, created_at=shop.moment, updated_at=shop.moment))
        conn.execute(schema.tasks.update().where(schema.tasks.c.key == task).values(is_labeled=True))
        conn.execute(schema.routes.update().where(schema.routes.c.task == task).values(
            published=shop.found(task).wanted, dirty=False))
    shop.route()
    assert shop.found(task).state == "accepted"
    return task


def doubt(shop: Shop, task: int) -> None:
    """The version is rolled back, and what it said of this task is doubted."""
    with shop.store.write() as conn:
        doubts.put(conn, 1, [Doubt(task, "topic", "m", "v1", "m@v1 was rolled back: 9 of 30 audits were wrong")])


def look(shop: Shop, task: int, person: int, label: str, later: timedelta = timedelta(minutes=1)) -> None:
    """Somebody answers, and it is pulled a minute after the doubt was raised."""
    shop.done(person, [task], label)
    with shop.store.write() as conn:
        raised = conn.scalar(sa.select(sa.func.max(schema.doubts.c.created_at))) or shop.moment
        conn.execute(schema.annotation_versions.insert().values(
            unique_id=f"{task}:{person}", result=[], was_cancelled=False, ground_truth=False, updated_at=raised,
            updated_by=person, seen_at=raised + later))


def is_blind(shop: Shop, task: int) -> bool:
    with shop.store.read() as conn:
        return bool(conn.scalar(sa.select(schema.tasks.c.blind).where(schema.tasks.c.key == task)))


def open_doubts(shop: Shop, task: int) -> int:
    with shop.store.read() as conn:
        return len(doubts.of_tasks(conn, [task]))


def test_what_the_machine_accepted_is_given_to_one_person_blind_until_they_answered(shop: Shop) -> None:
    # Given a task that was accepted on the word of a version that is rolled back
    task = accepted(shop)
    assert not is_blind(shop, task)
    doubt(shop, task)
    # When it is routed, then one person is asked, blind as audits are, and the decision says why
    shop.route()
    route = shop.found(task)
    assert (route.plan["kind"], route.plan["rule"], len(shop.asked(task))) == ("reopen", "doubt", 1)
    assert not route.wanted["is_labeled"]
    assert is_blind(shop, task)
    assert any("one more person is to look: m@v1 was rolled back" in why for why in shop.why(task))
    # Again nothing more happens, and nobody else is asked
    asked = shop.asked(task)
    assert shop.route() == 0
    assert shop.asked(task) == asked
    # When they answered, then the doubt is resolved and the task is done
    [person] = asked
    look(shop, task, person, "positive")
    shop.believed(task, {"positive": 0.8, "neutral": 0.2, "negative": 0.0}, answers=1)
    shop.route()
    assert open_doubts(shop, task) == 0
    assert shop.found(task).state == "done"
    assert shop.route() == 0


def test_without_audits_the_second_look_is_not_blind(shop: Shop) -> None:
    task = accepted(shop, ACCEPT.replace("{audit: 5%}", "{}"))
    doubt(shop, task)
    shop.route()
    assert shop.found(task).plan["rule"] == "doubt"
    assert not is_blind(shop, task)
    [person] = shop.asked(task)
    look(shop, task, person, "neutral")
    shop.believed(task, {"neutral": 0.8, "positive": 0.2, "negative": 0.0}, answers=1)
    shop.route()
    assert (shop.found(task).state, shop.found(task).plan["rule"]) == ("done", "doubt")
    assert shop.route() == 0


def test_what_people_closed_gets_one_more_person_and_not_one_who_answered(shop: Shop) -> None:
    shop.apply("rules:\n  - {name: sure, when: answers >= 1, stop: {}}\n  - {name: rest, when: answers < 1, ask: {}}\n")
    task = shop.keys[0]
    look(shop, task, 1, "neutral", later=-timedelta(hours=1))
    shop.believed(task, {"neutral": 0.9, "positive": 0.1, "negative": 0.0}, answers=1)
    shop.route()
    assert shop.found(task).state == "done"
    doubt(shop, task)
    shop.route()
    assert shop.asked(task)
    assert 1 not in shop.asked(task)
    [other] = shop.asked(task)
    look(shop, task, other, "neutral")
    shop.route()
    assert open_doubts(shop, task) == 0
    assert (shop.found(task).state, shop.found(task).plan["rule"]) == ("done", "sure")


@pytest.mark.parametrize("says", [
    "{name: let-it-be, when: doubted, forbid: reopen}", "{name: let-it-be, when: doubted, stop: {}}"])
def test_a_rule_can_say_otherwise(shop: Shop, says: str) -> None:
    task = accepted(shop, ACCEPT.replace("rules:\n", f"rules:\n  - {says}\n"))
    doubt(shop, task)
    shop.route()
    assert not shop.asked(task)
    assert shop.found(task).state in ("accepted", "done")
    assert not is_blind(shop, task)


def test_a_rule_can_ask_for_more(shop: Shop) -> None:
    says = "{name: twice, when: doubted and score < 1, reopen: {n: 2}}"
    task = accepted(shop, ACCEPT.replace("rules:\n", f"rules:\n  - {says}\n"))
    doubt(shop, task)
    shop.route()
    assert (shop.found(task).plan["rule"], len(shop.asked(task))) == ("twice", 2)


def test_what_nobody_closed_is_left_to_the_rules(shop: Shop) -> None:
    shop.apply("rules:\n  - {name: rest, when: answers < 2, ask: {n: 2}}\n")
    task = shop.keys[0]
    doubt(shop, task)
    shop.route()
    assert shop.found(task).plan["rule"] == "rest"
    # An answer from before the doubt, pulled before it was raised, resolves nothing
    look(shop, task, 1, "neutral", later=-timedelta(minutes=1))
    shop.route([task])
    assert open_doubts(shop, task) == 1


def test_explain_tells_the_doubt(shop: Shop) -> None:
    task = accepted(shop)
    doubt(shop, task)
    shop.route()
    with shop.store.read() as conn:
        number = conn.scalar(sa.select(schema.tasks.c.id).where(schema.tasks.c.key == task))
    assert "one more person is to look: m@v1 was rolled back" in str(explain(shop.store, 1, number))


def test_what_is_doubted_already_is_not_counted_again(shop: Shop) -> None:
    # Given one task that is doubted
    first, other = shop.keys[:2]
    doubt(shop, first)
    # When it is marked again, with another one
    with shop.store.write() as conn:
        new = doubts.put(conn, 1, [Doubt(key, "topic", "m", "v1", "again") for key in (first, other)])
    # Then only the other is new, and the first keeps its reason
    assert new == 1
    with shop.store.read() as conn:
        reasons = {task: found.reason for (task, _), found in doubts.of_tasks(conn, [first, other]).items()}
    assert reasons == {first: "m@v1 was rolled back: 9 of 30 audits were wrong", other: "again"}
