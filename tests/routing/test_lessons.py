"""What an answer would teach the model counts in the order of the queues, in its value, and in rules."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from console.explanation import human
from cueloop.errors import RulesError
from cueloop.store import Store, figures, lessons, schema
from cueloop.store.lessons import Lesson
from cueloop.types import Control
from routing import context
from routing.choosing import worth
from routing.deciding import places
from routing.explaining.explain import explain
from routing.language import rules
from routing.signals import gather
from routing.signals.learning import WEIGHT, weight
from tests.routing.work import Shop

ONE_EACH = "rules:\n  - {name: one, when: answers < 1, ask: {}}\nqueues: {at_least: 2, at_most: 2}\n"


@pytest.fixture
def shop(store: Store) -> Shop:
    """One person with two places, and ten tasks of which nothing is known."""
    return Shop(store, people=1, tasks=10)


def teach(shop: Shop, **values: float) -> None:
    """What an answer to tasks, named t0, t1 ... would teach."""
    with shop.store.write() as conn:
        lessons.put(conn, [Lesson(1, shop.keys[int(name[1:])], "topic", value, "label", "margin", "m", "v1")
                           for name, value in values.items()])


def weigh(shop: Shop, part: float) -> None:
    with shop.store.write() as conn:
        figures.write(conn, 1, figures.PROJECT, "lessons", {"weight": part})


def test_of_two_tasks_equal_otherwise_the_more_instructive_one_is_asked_first(shop: Shop) -> None:
    # Given tasks of which nothing is known but what they would teach
    teach(shop, **{f"t{n}": 0.9 if n in (4, 7) else 0.1 for n in range(10)})
    shop.apply(ONE_EACH)
    shop.route()
    # Then the two free places go to the two that teach most
    assert shop.queue(1) == {4, 7}
    assert shop.found(shop.keys[4]).priority > shop.found(shop.keys[0]).priority


def test_without_lessons_nothing_is_different(shop: Shop) -> None:
    shop.apply(ONE_EACH)
    shop.route()
    assert {shop.found(key).priority for key in shop.keys} == {1.0}
    assert shop.queue(1) == {0, 1}


def test_the_explanation_of_a_task_tells_what_an_answer_would_teach_and_why(shop: Shop) -> None:
    teach(shop, t0=0.87)
    shop.apply(ONE_EACH)
    told, silent = (explain(shop.store, 1, 1_000_000 + number) for number in (0, 1))
    assert told["controls"][0]["lesson"] == {"value": 0.87, "kind": "label", "why": "margin", "version": "v1"}
    assert "A label would teach the model more than one of 87% of the tasks (margin)." in human(told)
    assert silent["controls"][0]["lesson"] is None
    assert "teach" not in human(silent)


def test_a_weight_of_nothing_leaves_the_order_to_the_task_itself(shop: Shop) -> None:
    weigh(shop, 0.0)
    teach(shop, **{f"t{n}": n / 10 for n in range(10)})
    shop.apply(ONE_EACH)
    shop.route()
    assert {shop.found(key).priority for key in shop.keys} == {1.0}


@pytest.mark.parametrize(("told", "used"), [(0.3, 0.3), (7, 1.0), (-1, 0.0), (None, WEIGHT), ("x", WEIGHT)])
def test_the_weight_is_what_training_wrote(shop: Shop, told: object, used: float) -> None:
    with shop.store.write() as conn:
        assert weight(conn, 1) == WEIGHT
        figures.write(conn, 1, figures.PROJECT, "lessons", {"weight": told})
        assert weight(conn, 1) == used


def test_an_answer_that_teaches_is_worth_more_whoever_gives_it(shop: Shop) -> None:
    teach(shop, t0=1.0, t1=0.0)
    shop.apply(ONE_EACH)
    shop.route()
    with shop.store.read() as conn:
        given = context.read(conn, 1, shop.moment)
        here = places.read(conn, shop.keys[:3], given.machines)
        from routing.people import windows

        found = windows.read(conn, 1, given.people, given.rules.queues, given.now)
        told = worth.read(conn, given, "topic", [here[key] for key in shop.keys[:3]], found).value
    assert told[0] == pytest.approx((1 + WEIGHT) * told[1])
    assert told[1] == pytest.approx(told[2])


def test_rules_can_name_what_is_taught_and_what_is_doubted(shop: Shop) -> None:
    teach(shop, t3=0.96)
    shop.apply("rules:\n  - {name: second, when: lesson > 0.95, ask: {n: 1}}\n"
               "  - {name: sad, when: doubted, ask: {n: 1}}\n")
    shop.route()
    assert [shop.found(key).plan["rule"] for key in shop.keys] == ["second" if n == 3 else "" for n in range(10)]
    with shop.store.read() as conn:
        said = gather(conn, 1, Control("topic", "text", "Choices", shop.labels, "text", modelled=True, kind="choice"),
                      shop.keys, None, None)
        decision = conn.execute(sa.select(schema.decisions).where(schema.decisions.c.task == shop.keys[3])).one()
    assert [one.lesson for one in said] == [0.96 if n == 3 else None for n in range(10)]
    assert {one.doubted for one in said} == {False}
    assert decision.inputs["lesson"] == 0.96


def test_a_lesson_is_a_share_and_a_doubt_is_true_or_false() -> None:
    assert rules.parse("version: 1\nrules: [{name: a, when: lesson > 90% and not doubted, ask: {n: 1}}]")
    for wrong, why in (("lesson > 2h", "share is compared with a time"), ("doubted > 0.5", "truth is compared")):
        with pytest.raises(RulesError, match=why):
            rules.parse(f"version: 1\nrules: [{{name: a, when: '{wrong}', ask: {{n: 1}}}}]")
