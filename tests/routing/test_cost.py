"""What an answer is worth for its money: people who know as much are not equally dear."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from cueloop.store import Store, decisions
from routing.choosing.cost import MOST, beside
from routing.language import rules
from routing.simulate.run import run
from routing.simulate.work import Work
from tests.routing.work import Shop

GOOD = [[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]]
PLAIN = [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]]
ASK = "rules: [{name: one, when: answers < 1, ask: {n: 1}}]"
QUEUE = "queues: {at_least: 100}\n"


def asked(shop: Shop) -> Counter[int]:
    """Whom the decisions of one round preferred, task by task."""
    shop.route()
    with shop.store.read() as conn:
        made = [one for task in shop.keys for _, one in decisions.of_task(conn, task)]
    return Counter(max(one.candidates, key=lambda c: c["probability"])["annotator_id"] for one in made)


def values(shop: Shop) -> dict[int, float]:
    """What an answer of each was worth in the first decision."""
    with shop.store.read() as conn:
        _, made = decisions.of_task(conn, shop.keys[0])[0]
    return {one["annotator_id"]: one["value"] for one in made.candidates}


def staff(store: Store, *confusions: list[list[float]], seconds: tuple[float, ...] = ()) -> Shop:
    """A project with people of whom this is known, at the same pace unless `seconds` say otherwise."""
    shop = Shop(store, people=len(confusions), tasks=20)
    for at, confusion in enumerate(confusions):
        shop.knows(at + 1, confusion, seconds=seconds[at] if seconds else 10.0)
    return shop


def test_of_two_who_know_as_much_the_cheaper_one_is_asked(store: Store) -> None:
    shop = staff(store, GOOD, GOOD)
    shop.apply(f"costs: {{people: {{p1@example.org: 60, p2@example.org: 20}}}}\n{QUEUE}{ASK}")
    assert asked(shop)[2] >= 15
    told = values(shop)
    assert told[2] / told[1] == pytest.approx(3, rel=1e-3)


def test_the_team_file_says_what_people_cost_and_time_is_money(store: Store) -> None:
    shop = staff(store, GOOD, GOOD, seconds=(30.0, 10.0))
    shop.hire("people:\n  p1@example.org: {cost: 20}\n  p2@example.org: {cost: 20}\n")
    shop.apply(QUEUE + ASK)
    asked(shop)
    told = values(shop)
    assert told[2] / told[1] == pytest.approx(3, rel=1e-3)


def test_somebody_much_better_is_asked_although_they_cost_more(store: Store) -> None:
    shop = staff(store, GOOD, PLAIN)          # about five times as much information, for twice the money
    shop.apply(f"costs: {{people: {{p1@example.org: 40, p2@example.org: 20}}}}\n{QUEUE}{ASK}")
    assert asked(shop)[1] >= 15


@pytest.mark.parametrize("costs", ["", "costs: {per_hour: 30}\n", "costs: {people: {p2@example.org: 99}}\n"])
def test_equal_costs_and_costs_that_are_known_of_one_change_nothing(store: Store, costs: str) -> None:
    shop = staff(store, GOOD, PLAIN)
    shop.apply(costs + QUEUE + ASK)
    asked(shop)
    told = values(shop)
    truth = np.log(3) + (0.9 * np.log(0.9) + 0.1 * np.log(0.05))
    assert told[1] == pytest.approx(truth, abs=1e-4)
    assert told[2] < told[1] / 3


def test_nobody_is_so_cheap_that_they_get_everything() -> None:
    assert beside([]).tolist() == []
    assert beside([None, None, float("nan")]).tolist() == [1, 1, 1]
    assert beside([0.0, 0.0]).tolist() == [1, 1]
    assert beside([3.0, None, 1.0]).tolist() == [1.5, 1, 0.5]
    assert beside([0.0, 1e9, 0.0]).tolist() == [1 / MOST, 3, 1 / MOST]
    assert beside([0.0] * 9 + [1.0]).tolist() == [1 / MOST] * 9 + [MOST]


def test_a_simulation_prefers_the_cheaper_one_too() -> None:
    table = np.zeros((60, 2), np.int64)
    one = rules.parse("version: 1\nrules: [{name: one, when: answers < 1, ask: {n: 1}}]")
    work = Work(np.arange(1, 61), ("no", "yes"), (0, 1), seconds=np.array([10.0, 10.0]), rate=np.array([60.0, 20.0]))
    dear, cheap = np.bincount(run(one, work, table).person, minlength=2)
    assert cheap > dear
