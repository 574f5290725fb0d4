"""What people spent on finished tasks: what each submission was, and a part that stands for many."""

import numpy as np

from sync.flow import sample as module
from sync.flow import submissions
from sync.flow.sample import KINDS, kinds, sample
from tests.sync.flow.flow_store import World


def spent(world, size):
    with world.store.read() as conn:
        return sample(conn, 1, True, size, {}, {}, {1: 36.0, 2: 36.0})


def test_checks_against_a_known_truth_are_told_from_work(any_store):
    # given a task planned for one answer, whose truth Ann knows; Bob is checked on it; Ann's imported mark on another
    world = World(any_store)
    gold, plain = world.task(), world.task()
    for task in (gold, plain):
        world.decides(task, "ask", 0, target=1)
        world.route(task, "done")
    world.says(gold, 1, 1, 100, ground_truth=True)
    world.says(gold, 2, 2, 200)
    world.says(plain, 2, 3, 50, was_cancelled=True)
    world.says(plain, 1, 4, 100)
    world.says(plain, 2, 5, 100)
    found = spent(world, 2)
    assert np.round(found.cost, 6).tolist() == [[1.0, 0.0, 2.0, 0.0], [1.0, 1.0, 0.0, 0.5]]
    assert found.sizes == {2: 2}
    assert found.planned == 1.0
    assert KINDS == ("first", "more", "gold", "skips")


def test_unplanned_answers_are_nobodys_rework(any_store):
    world = World(any_store)
    task = world.task()
    for who in (1, 2):
        world.says(task, who, who)
    with any_store.read() as conn:
        seen = submissions.on_tasks(conn, [task])
    assert kinds(seen, np.zeros(2, int), np.array([-1]), set()).tolist() == [0, 0]


def test_a_part_stands_for_many_whatever_the_pattern_in_their_keys(any_store, monkeypatch):
    # given 120 tasks of which every second is finished
    world = World(any_store)
    for number in range(120):
        world.route(world.task(), "done" if number % 2 else "waiting")
    monkeypatch.setattr(module, "SIZE", 20)
    first, again = spent(world, 60), spent(world, 60)
    assert 8 <= len(first.labels) <= 35
    assert len(first.labels) == len(again.labels)


def test_blind_answers_tell_what_one_costs_by_hand(any_store, monkeypatch):
    world = World(any_store)
    for number in range(4):
        task = world.task()
        world.route(task, "done")
        world.says(task, 1, number, 100, seen_suggestion=False)
        world.says(task, 2, number, 20, seen_suggestion=True)
    few = spent(world, 4)
    assert not few.blind
    monkeypatch.setattr(module, "FEWEST_BLIND", 4)
    enough = spent(world, 4)
    assert enough.blind
    assert few.plain_cost.sum() / few.plain.sum() == np.float64(0.6)
    assert enough.plain_cost.sum() / enough.plain.sum() == np.float64(1.0)
