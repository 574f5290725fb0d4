"""Work is taken from the slow and given to who runs dry, and the specialist is not starved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cueloop.store import Store
from tests.routing.work import Shop

ONE = "queues: {at_least: 20, at_most: 20}\nrules: [{name: one, when: answers < 1, ask: {n: 1}}]"
EQUAL = [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]


@pytest.fixture
def shop(any_store: Store) -> Shop:
    """Thirty tasks in the queues of three people, ten each or so, and none waits."""
    shop = Shop(any_store, people=3, tasks=30)
    shop.apply(ONE)
    shop.route()
    assert len(shop.open()) == 30
    return shop


def work(shop: Shop, person: int, count: int | None = None) -> None:
    """Somebody does the first tasks of their queue, or all."""
    queue = sorted(a.task for a in shop.open(person))
    shop.done(person, queue[:count], "positive")


def test_who_runs_dry_takes_over_from_whoever_would_take_longest(shop: Shop) -> None:
    work(shop, 1)
    work(shop, 2, len(shop.open(2)) - 4)
    slow = len(shop.open(3))
    shop.route(shop.keys)
    lengths = [len(shop.open(person)) for person in (1, 2, 3)]
    assert sum(lengths) == 4 + slow
    assert max(lengths) - min(lengths) <= 2, lengths        # nobody has much more to do than another
    assert any("taken over from p3@example.org, who has" in why for task in shop.open(1) for why in shop.why(task.task))
    before = [(a.task, a.annotator_id) for a in shop.open()]
    shop.route(shop.keys)                                   # and nothing is passed on for its own sake
    assert [(a.task, a.annotator_id) for a in shop.open()] == before


def test_what_is_begun_and_what_is_on_the_screen_stays(shop: Shop) -> None:
    from cueloop.store import schema

    work(shop, 1)
    queue = sorted(a.task for a in shop.open(3))
    with shop.store.write() as conn:
        conn.execute(schema.drafts.insert().values(id=1, project_id=1, task=queue[-1], annotator_id=3,
                                                   updated_at=shop.moment))
    shop.route(shop.keys)
    left = {a.task for a in shop.open(3)}
    assert {*queue[:2], queue[-1]} <= left                  # the end goes first, but for what was begun
    assert queue[-2] not in left


def test_what_label_studio_serves_first_stays_though_other_tasks_are_more_wanted_by_now(shop: Shop) -> None:
    from cueloop.store import schema

    work(shop, 1)
    queue = sorted(a.task for a in shop.open(3))
    with shop.store.write() as conn:                        # the last by our order is the first that is shown
        for rank, key in enumerate(queue):
            conn.execute(schema.tasks.update().where(schema.tasks.c.key == key).values(
                cue={"cue_queue": ",w3,", "cue_priority": rank / 100}))
    shop.route(shop.keys)
    left = {a.task for a in shop.open(3)}
    assert set(queue[-2:]) <= left
    assert queue[0] not in left


def test_a_fast_person_takes_more_from_a_slow_one(store: Store) -> None:
    shop = Shop(store, people=2, tasks=24)
    shop.knows(1, EQUAL, seconds=10.0)
    shop.knows(2, EQUAL, seconds=90.0)
    shop.apply("queues: {at_least: 12, at_most: 12}\nrules: [{name: one, when: answers < 1, ask: {n: 1}}]")
    shop.route()
    work(shop, 1)
    work(shop, 2, 1)
    shop.route(shop.keys)
    assert len(shop.open(1)) >= 8
    assert len(shop.open(2)) >= 2


def test_a_specialist_keeps_what_only_they_are_good_at_to_the_last(store: Store) -> None:
    shop = Shop(store, people=2, tasks=20, labels=("a", "b", "c"))
    expert = [[0.98, 0.01, 0.01], [0.01, 0.98, 0.01], [0.34, 0.33, 0.33]]
    layman = [[0.5, 0.49, 0.01], [0.49, 0.5, 0.01], [0.01, 0.01, 0.98]]
    shop.knows(1, expert)
    shop.knows(2, layman)
    for at, key in enumerate(shop.keys):        # half is about a or b, where p2 tells nothing
        first, second = ("a", "b") if at % 2 else ("c", "a")
        shop.believed(key, {first: 0.5, second: 0.49, ({"a", "b", "c"} - {first, second}).pop(): 0.01})
    shop.hire("people: {p2@example.org: {capacity: 0/day}}")
    shop.apply("queues: {at_least: 20, at_most: 20}\n"
               "rules: [{name: one, when: answers < 1, ask: {n: 1, expertise: likeliest_two}}]")
    shop.route()
    assert len(shop.open(1)) == 20
    shop.done(1, [shop.open(1)[0].task], "a")
    # When p2 comes to work, and nothing waits
    shop.hire("people: {p2@example.org: {capacity: 100/day}}")
    shop.route(shop.keys)
    assert shop.queue(2)
    assert {at % 2 for at in shop.queue(2)} == {0}          # p2 gets what p2 is good at


def test_idle_people_lose_all_but_what_they_began_and_are_told_apart(shop: Shop) -> None:
    had = len(shop.open(1))
    work(shop, 1)
    later = shop.moment + timedelta(hours=3)
    shop.done(1, [shop.open(2)[0].task], "positive", at=later)      # p1 is at work; nobody saw the others
    shop.route(shop.keys, at=later)
    assert len(shop.open(1)) == 30 - had - 1                # all that is left
    assert any("not seen for long" in why for task in shop.open(1) for why in shop.why(task.task))


def test_nobody_takes_what_they_may_not_have(store: Store) -> None:
    shop = Shop(store, people=2, tasks=[{"text": "x", "lang": "de"}] * 12)
    shop.hire("people: {p1@example.org: {languages: [de]}, p2@example.org: {languages: [fr]}}")
    shop.apply("rules: [{name: one, when: answers < 1, ask: {n: 1, language: task.lang}}]")
    shop.route()
    shop.done(2, [])
    shop.route(shop.keys)
    assert len(shop.open(1)) == 12
    assert shop.open(2) == []
