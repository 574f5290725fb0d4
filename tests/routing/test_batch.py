"""Many waiting tasks and few places: who is good at what gets it, first things come first, nobody gets everything."""

from __future__ import annotations

from collections import Counter

import numpy as np

from routing.choosing.batch import batch
from routing.choosing.choose import EXPLORE, Pool, choose


def pool(people: int, free: int, size: int = 10) -> Pool:
    """People 1..n with room in their queues."""
    return Pool(ids=np.arange(1, people + 1), size=np.full(people, float(size)), free=np.full(people, free),
                load=np.zeros(people), answers=np.full(people, 10.0))


def give(team: Pool, value: np.ndarray, need: int = 1, allowed: np.ndarray | None = None) -> list[tuple[int, ...]]:
    tasks = list(range(len(value)))
    may = np.ones(value.shape, bool) if allowed is None else allowed
    return [c.people for c in batch(team, value, may, [need] * len(tasks), tasks, [f"x{t}" for t in tasks])]


def test_scarce_specialists_are_kept_for_the_tasks_where_they_matter() -> None:
    # Given a specialist with 10 places, slightly better at the first 10 tasks, far better at the next 10
    value = np.concatenate([np.tile([0.5, 0.48, 0.48], (10, 1)), np.tile([0.6, 0.05, 0.05], (10, 1))])
    together = give(pool(3, 10), value)
    team = pool(3, 10)
    alone = [choose(team, value[t], np.ones(3, bool), 1, t, f"x{t}").people for t in range(20)]

    def hers(chosen: list[tuple[int, ...]]) -> int:
        return sum(1 in people for people in chosen[10:])
    assert hers(together) >= 8
    assert hers(together) > hers(alone)


def test_where_places_are_few_the_first_tasks_get_them() -> None:
    # Given later tasks that an answer would tell more about
    value = np.linspace(0.1, 0.9, 30)[:, None] * np.ones((1, 4))
    chosen = give(pool(4, 2), value)
    assert all(chosen[:8])
    assert not any(chosen[8:])


def test_a_place_nobody_of_the_first_tasks_can_use_goes_to_a_later_one() -> None:
    allowed = np.array([[True, False]] * 4 + [[False, True]] * 2)
    chosen = give(pool(2, 2), np.ones((6, 2)), allowed=allowed)
    assert chosen == [(1,), (1,), (), (), (2,), (2,)]


def test_nobody_twice_and_nobody_beyond_their_places() -> None:
    random = np.random.default_rng(0)
    team = pool(5, 8)
    chosen = give(team, random.random((30, 5)), need=2, allowed=random.random((30, 5)) < 0.8)
    assert all(len(set(people)) == len(people) for people in chosen)
    assert max(Counter(person for people in chosen for person in people).values()) <= 8
    assert (team.free >= 0).all()


def test_few_tasks_are_spread_although_one_is_best() -> None:
    value = np.tile([0.9, 0.5, 0.5, 0.5], (12, 1))
    counts = Counter(person for people in give(pool(4, 10), value) for person in people)
    assert counts[1] <= 6
    assert len(counts) >= 3


def test_what_is_not_best_has_a_known_chance() -> None:
    picked = 0
    for task in range(400):
        choice = batch(pool(3, 5), np.array([[0.9, 0.2, 0.2]]), np.ones((1, 3), bool), [1], [task], ["x"])[0]
        told = {c["annotator_id"]: c["probability"] for c in choice.candidates}
        assert abs(told[1] - (1 - EXPLORE + EXPLORE / 3)) < 1e-5
        picked += choice.people == (1,)
    assert abs(picked / 400 - told[1]) < 0.05


def test_beyond_fifty_candidates_only_their_number_and_chance_are_kept() -> None:
    choice = batch(pool(60, 5), np.ones((1, 60)), np.ones((1, 60), bool), [1], [7], ["x"])[0]
    assert len(choice.candidates) == 50
    assert choice.others == 10
    assert sum(c["probability"] for c in choice.candidates) + choice.others_probability > 0.9999


def test_no_tasks_and_nobody_are_no_error() -> None:
    assert give(pool(2, 5), np.zeros((0, 2))) == []
    assert give(pool(2, 0), np.ones((3, 2))) == [(), (), ()]
    assert give(pool(2, 5), np.ones((2, 2)), allowed=np.zeros((2, 2), bool)) == [(), ()]

def test_equals_get_about_equally_much() -> None:
    # Given three people who are alike in everything, and places for half as much again
    chosen = give(pool(3, 15, size=15), np.ones((30, 3)))
    each = Counter(person for people in chosen for person in people)
    assert sum(each.values()) == 30
    assert min(each.values()) >= 5, each        # by lot: whoever stands first in the list does not get half of all
