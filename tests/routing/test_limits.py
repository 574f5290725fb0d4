"""Capacity, hours, shares, limits by content and budgets: how much somebody gets, and what a project spends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cueloop.store import Store
from tests.routing.work import Shop

ASK = "rules: [{name: one, when: answers < 1, ask: {n: 1}}]\n"
PAID = "people: {p1@example.org: {cost: 36}, p2@example.org: {cost: 36}, p3@example.org: {cost: 36}}"
ALL = "rules: [{name: all, when: answers < 3, ask: {n: 3}}]\n"


def sizes(shop: Shop) -> list[int]:
    """How many tasks everybody is asked."""
    return [len(shop.open(person)) for person in (1, 2, 3)]


def test_a_person_gets_no_more_tasks_a_day_than_their_capacity_in_all_projects_together(any_store: Store) -> None:
    shop, other = Shop(any_store), Shop(any_store, project=2)
    shop.hire("people: {p1@example.org: {capacity: 7/day}, p2@example.org: {capacity: 0/day}}")
    for place in (shop, other):
        place.apply(ALL)
    # Given that they did three elsewhere today, and one yesterday
    other.done(1, other.keys[:3])
    other.done(1, other.keys[3:4], at=shop.moment - timedelta(days=1, hours=1))
    shop.route()
    assert sizes(shop) == [4, 0, 20]
    # Then nothing is left for the other project
    other.route()
    assert sizes(other) == [0, 0, 20]
    # When these are done, their day is over; tomorrow they get seven
    shop.done(1, [a.task for a in shop.open(1)], "positive")
    shop.route()
    assert sizes(shop)[0] == 0
    shop.route(at=shop.moment + timedelta(days=1))
    assert sizes(shop)[0] == 7


def test_a_day_is_a_day_where_the_person_lives(store: Store) -> None:
    shop = Shop(store)
    noon = shop.moment.replace(hour=12, minute=0)
    shop.hire("people: {p1@example.org: {capacity: 5/day, time_zone: Asia/Tokyo}, p2@example.org: {capacity: 5/day}}")
    shop.apply(ALL)
    for person in (1, 2):       # before midnight in Tokyo (15:00 UTC), on the same day in UTC
        shop.done(person, shop.keys[:3], at=noon)
    shop.route(at=noon + timedelta(hours=4))
    assert sizes(shop)[:2] == [5, 2]


def test_hours_a_week_count_the_time_that_was_worked_and_what_lies_in_the_queue(store: Store) -> None:
    shop = Shop(store)
    shop.hire("people: {p1@example.org: {hours: 1h/week}}")
    shop.apply(ALL)
    shop.knows(1, [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], seconds=300.0)
    shop.done(1, shop.keys[:2], "positive", seconds=900.0)
    shop.done(1, shop.keys[2:3], "positive", seconds=3600.0, at=shop.moment - timedelta(days=8))
    shop.route()
    assert sizes(shop)[0] == 6          # half an hour is left, five minutes a task


def test_a_share_is_one_of_all_answers_that_are_wanted(store: Store) -> None:
    shop = Shop(store, tasks=20)
    shop.hire("people: {p1@example.org: {share: 10%}}")
    shop.apply(ALL)
    shop.route()
    assert sizes(shop) == [6, 20, 20]   # of 60
    shop.apply(ALL + "limit: {share_of_all: 4%}")
    late = Shop(store, project=2, people=3, tasks=5)
    late.apply(ASK + "limit: {share_of_all: 4%}")
    late.route()
    assert sizes(late) == [1, 1, 1]     # rounded up: else nobody could ever begin


def test_so_many_an_hour_and_the_hour_passes(store: Store) -> None:
    shop = Shop(store)
    shop.apply(ALL + "limit: {per_person: 4/h}")
    shop.done(1, shop.keys[:3], "positive", at=shop.moment - timedelta(minutes=59))
    shop.route()
    assert sizes(shop) == [1, 4, 4]
    shop.route(at=shop.moment + timedelta(minutes=2))
    assert sizes(shop)[0] == 4


@pytest.mark.parametrize("limit", [
    "- {name: wellbeing, limit: {seen: task.kind == \"graphic\", per_person_day: 3}}",
    "- {name: wellbeing, when: task.kind == \"graphic\", limit: {per_person_day: 3}}"])
def test_exposure_is_limited_by_content_and_other_work_goes_on(any_store: Store, limit: str) -> None:
    shop = Shop(any_store, tasks=[{"text": "x", "kind": "graphic" if n < 12 else "calm"} for n in range(24)])
    shop.apply(f"rules:\n  - {{name: all, when: answers < 3, ask: {{n: 3}}}}\n  {limit}")
    shop.done(1, shop.keys[:2])                 # two graphic ones today, skipped: seen is seen
    shop.done(2, shop.keys[20:24], "neutral")   # calm ones
    shop.route()
    graphic = [len({n for n in shop.queue(person) if n < 12}) for person in (1, 2, 3)]
    calm = [len({n for n in shop.queue(person) if n >= 12}) for person in (1, 2, 3)]
    assert graphic == [1, 3, 3]
    assert calm == [12, 8, 12]
    shop.route(at=shop.moment + timedelta(days=1))      # what is left in the queue counts for that day
    assert len({n for n in shop.queue(1) if n < 12}) == 3


def test_money_is_spent_to_the_end_and_not_beyond(store: Store) -> None:
    shop = Shop(store, tasks=40)
    shop.hire(f"currency: EUR\n{PAID}")
    for person in (1, 2, 3):            # 100 s a task at 36 an hour: 1 EUR each
        shop.knows(person, [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], seconds=100.0)
    shop.done(1, shop.keys[:2], "positive", seconds=200.0)      # 4 EUR
    shop.apply(ALL + "budget: {money: 10 EUR}")
    shop.route()
    assert sum(sizes(shop)) == 6
    shop.route()
    assert sum(sizes(shop)) == 6


def test_what_is_begun_is_finished_where_the_budget_only_stops_new_tasks(store: Store) -> None:
    shop = Shop(store, tasks=10)
    shop.hire(PAID)
    shop.done(1, shop.keys[:2], "positive", seconds=3600.0)
    shop.apply(ALL + "budget: {money: 10, when_spent: stop_new}")
    shop.route()
    assert {shop.keys.index(a.task) for a in shop.open()} == {0, 1}
    shop.apply(ALL + "budget: {money: 10}")
    other = Shop(store, project=2, tasks=5)
    other.done(1, other.keys[:1], "positive", seconds=3600.0)
    other.apply(ALL + "budget: {money: 10}")
    other.route()
    assert other.open() == []           # without it, all waits for new money


def test_the_hours_of_a_team_are_a_budget_and_others_work_on(any_store: Store) -> None:
    shop = Shop(any_store)
    shop.hire("people: {p1@example.org: {teams: [experts]}, p2@example.org: {teams: [experts]}}")
    for person in (1, 2, 3):
        shop.knows(person, [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], seconds=600.0)
    shop.done(1, shop.keys[:1], "positive", seconds=1800.0)
    shop.apply(ALL + "budget: {experts: 1h/week}")
    shop.route()
    assert sizes(shop)[0] + sizes(shop)[1] == 3         # half an hour is left, ten minutes a task
    assert sizes(shop)[2] == 20


def test_one_task_costs_no_more_than_it_is_worth(store: Store) -> None:
    shop = Shop(store, tasks=[{"text": "x", "duration_s": seconds} for seconds in (50, 100, 150)] + [{"text": "y"}])
    shop.hire(PAID)
    for person in (1, 2, 3):
        shop.knows(person, [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], seconds=100.0)
    shop.apply(ALL + "budget: {per_item: task.duration_s * 0.02}")
    shop.route()
    shop.route()
    assert [len(shop.asked(key)) for key in shop.keys] == [1, 2, 3, 3]      # unknown: no limit is known
