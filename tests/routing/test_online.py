"""The next task for whoever is free: what they tell most about, unless somebody else is kept for it."""

from __future__ import annotations

import numpy as np
import pytest

from routing.choosing.expertise import information
from routing.choosing.online import OpenTasks

GOOD = np.array([[0.9, 0.1], [0.1, 0.9]])


def test_the_most_uncertain_task_comes_first_then_the_next() -> None:
    # Given three tasks, one torn, one nearly sure, one between
    tasks = OpenTasks(2)
    for key, chance in ((11, 0.99), (12, 0.5), (13, 0.8)):
        tasks.put(key, [chance, 1 - chance])
    # Then they come by what an answer would tell
    order = []
    while (found := tasks.next(GOOD)) is not None:
        order.append(found[0])
        tasks.close(found[0])
    assert order == [12, 13, 11]
    assert len(tasks) == 0


def test_the_gain_is_the_information_that_queues_are_filled_by() -> None:
    random = np.random.default_rng(0)
    tasks, beliefs = OpenTasks(3, room=4), random.dirichlet(np.ones(3), 50)
    confusion = random.dirichlet(np.ones(3), 3)
    for key, belief in enumerate(beliefs):
        tasks.put(key, belief)
    value = information(beliefs, confusion[None])[:, 0]
    found = tasks.next(confusion)
    assert found is not None
    assert found[0] == value.argmax()
    assert found[1] == pytest.approx(value.max(), abs=1e-5)


def test_a_task_kept_for_a_specialist_is_not_taken_by_whoever_is_free() -> None:
    tasks = OpenTasks(2)
    tasks.put(1, [0.5, 0.5], price=0.3)
    tasks.put(2, [0.6, 0.4])
    found = tasks.next(GOOD)
    assert found is not None
    assert found[0] == 2


def test_an_answer_changes_what_is_asked_next_and_what_was_done_is_not_asked_again() -> None:
    tasks = OpenTasks(2)
    tasks.put(1, [0.5, 0.5])
    tasks.put(2, [0.7, 0.3])
    tasks.put(1, [0.95, 0.05])
    found = tasks.next(GOOD)
    assert found is not None
    assert found[0] == 2
    assert tasks.next(GOOD, never=[1, 2, 99]) is None
    tasks.close(99)
    assert len(tasks) == 2
