"""Who is asked: expertise, exploration, spread; and that the stated probability is the true one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from routing.choosing.choose import EXPLORE, Pool, choose
from routing.choosing.expertise import information, likeliest_two


def pool(people: int, free: int = 5, size: int = 10) -> Pool:
    """People 1..n with room in their queues."""
    return Pool(ids=np.arange(1, people + 1), size=np.full(people, float(size)), free=np.full(people, free),
                load=np.zeros(people), answers=np.full(people, 10.0))


def matrix(*wrong: tuple[int, int], labels: int = 3) -> np.ndarray:
    """Somebody who is right 95 times in 100, except that they cannot tell the pairs in `wrong` apart."""
    c = np.full((labels, labels), 0.05 / (labels - 1)) + np.eye(labels) * (0.95 - 0.05 / (labels - 1))
    for a, b in wrong:
        c[a, a] = c[a, b] = c[b, a] = c[b, b] = 0.475
    return c / c.sum(axis=1, keepdims=True)


def test_each_pair_of_labels_goes_to_whoever_tells_it_apart() -> None:
    # Given three people of equal accuracy, each good at one pair only, and three torn tasks, one a pair
    confusion = np.array([matrix((0, 2), (1, 2)), matrix((0, 1), (1, 2)), matrix((0, 1), (0, 2))])
    belief = np.array([[0.48, 0.48, 0.04], [0.48, 0.04, 0.48], [0.04, 0.48, 0.48]])
    value = information(likeliest_two(belief), confusion)
    assert list(value.argmax(axis=1)) == [0, 1, 2]


def test_an_answer_tells_nothing_about_what_is_known_and_nothing_from_a_guesser() -> None:
    guesser, good = np.full((3, 3), 1 / 3), matrix()
    value = information(np.array([[1.0, 0, 0], [1 / 3, 1 / 3, 1 / 3]]), np.array([guesser, good]))
    assert value[0] == pytest.approx([0, 0], abs=1e-9)
    assert value[1, 0] == pytest.approx(0, abs=1e-9)
    assert value[1, 1] > 0.7


def test_two_labels_are_kept_of_many() -> None:
    kept = likeliest_two(np.array([[0.5, 0.2, 0.3]]))
    assert kept[0] == pytest.approx([0.625, 0, 0.375])
    assert likeliest_two(np.array([[0.7, 0.3]]))[0] == pytest.approx([0.7, 0.3])


def test_the_stated_probability_is_how_often_it_happens() -> None:
    # Given many tasks alike, and everybody's queue as empty as before
    value, counts, stated = np.array([0.5, 0.4, 0.1]), Counter(), {}
    for task in range(4_000):
        found = choose(pool(3), value, np.ones(3, bool), 1, task, "x")
        counts[found.people[0]] += 1
        stated = {c["annotator_id"]: c["probability"] for c in found.candidates}
        assert found.probability == pytest.approx(stated[found.people[0]], abs=1e-6)
    assert stated[1] == pytest.approx(1 - EXPLORE + EXPLORE / 3, abs=1e-6)
    for person, probability in stated.items():
        assert counts[person] / 4_000 == pytest.approx(probability, abs=0.015)


def test_the_same_draw_comes_out_the_same() -> None:
    assert choose(pool(5), np.ones(5), np.ones(5, bool), 2, 7, "x") == \
        choose(pool(5), np.ones(5), np.ones(5, bool), 2, 7, "x")


def test_nobody_is_chosen_twice_and_never_who_may_not() -> None:
    for task in range(200):
        found = choose(pool(4), np.ones(4), np.array([True, True, False, True]), 4, task, "x")
        assert sorted(found.people) == [1, 2, 4]


def test_full_queues_get_nothing() -> None:
    full = pool(3, free=0)
    assert choose(full, np.ones(3), np.ones(3, bool), 1, 1, "x").people == ()


def test_equals_share_the_work() -> None:
    team, counts = pool(6, free=100, size=100), Counter()
    for task in range(300):
        counts.update(choose(team, np.full(6, 0.3), np.ones(6, bool), 1, task, "x").people)
    assert min(counts.values()) > 30
    assert max(counts.values()) < 75


def test_the_best_one_is_not_asked_everything() -> None:
    team, counts = pool(4, free=200, size=200), Counter()
    value = np.array([1.0, 0.1, 0.1, 0.1])
    for task in range(300):
        counts.update(choose(team, value, np.ones(4, bool), 1, task, "x").people)
    assert counts[1] < 0.55 * 300        # at most twice the average, and still the most
    assert counts[1] == max(counts.values())
