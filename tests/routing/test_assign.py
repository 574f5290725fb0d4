"""Who answers what in a whole project: as good as an exact solver's, proved by a bound, and nothing broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import coo_array

from routing.assign import Assigned, assign


def optimum(value: np.ndarray, capacity: np.ndarray, overlap: np.ndarray, allowed: np.ndarray) -> float:
    """The best sum, by linear programming: the matrix is totally unimodular, so the solution is whole."""
    people, tasks = value.shape
    who, what = np.indices(value.shape).reshape(2, -1)
    pair = np.arange(value.size)
    rows = coo_array((np.ones(2 * value.size), (np.r_[who, people + what], np.r_[pair, pair])),
                     shape=(people + tasks, value.size))
    found = linprog(-value.ravel(), A_ub=rows.tocsr(), b_ub=np.r_[capacity, overlap],
                    bounds=np.c_[np.zeros(value.size), allowed.ravel().astype(float)], method="highs")
    return float(-found.fun)


def holds(found: Assigned, value: np.ndarray, capacity: np.ndarray, overlap: np.ndarray, allowed: np.ndarray) -> None:
    """Nobody beyond their places, no task beyond its overlap, nobody twice, only who may; the sum is the sum."""
    people, tasks = value.shape
    who, what = found.pairs
    assert (np.bincount(who, minlength=people) <= capacity).all()
    assert (np.bincount(what, minlength=tasks) <= overlap).all()
    assert len(np.unique(who * tasks + what)) == len(who)
    assert allowed[found.pairs].all()
    assert found.objective == pytest.approx(value[found.pairs].sum(), abs=1e-6)
    assert found.bound >= found.objective
    assert found.open == np.minimum(overlap, people).sum() - len(who)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 2**32 - 1), st.booleans())
def test_small_projects_are_assigned_as_an_exact_solver_does(people: int, tasks: int, seed: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    value = random.integers(-1, 4, (people, tasks)) / 2 if ties else random.normal(0.5, 0.5, (people, tasks))
    capacity, overlap = random.integers(0, tasks + 2, people), random.integers(0, people + 2, tasks)
    allowed = random.random((people, tasks)) < 0.8
    found = assign(value, capacity, overlap, allowed=allowed)
    holds(found, value, capacity, overlap, allowed)
    best = optimum(value, capacity, overlap, allowed)
    assert found.objective == pytest.approx(best, abs=1e-6)
    assert found.bound == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("places", ["tight", "loose", "scarce", "uneven"])
@pytest.mark.parametrize("kind", ["random", "skill", "alike"])
def test_a_few_thousand_tasks_come_near_the_bound(kind: str, places: str) -> None:
    # Given 6,000 tasks and 40 people, some of whom may not do some
    random = np.random.default_rng(5)
    people, tasks, overlap = 40, 6_000, 2
    value = {"random": random.random((people, tasks)),
             "skill": random.beta(2, 4, tasks) * random.uniform(0.2, 1, (people, 1)),
             "alike": np.full((people, tasks), 0.5)}[kind]
    share = np.ones(people) if places != "uneven" else 1 / np.arange(1, people + 1)
    times = {"tight": 1.0, "loose": 1.5, "scarce": 0.5, "uneven": 1.2}[places]
    capacity = np.ceil(times * overlap * tasks * share / share.sum()).astype(int)
    allowed = random.random((people, tasks)) < 0.9
    # When they are assigned
    found = assign(value, capacity, overlap, allowed=allowed)
    # Then everything holds, and next to nothing can be missing
    holds(found, value, capacity, np.full(tasks, overlap), allowed)
    assert found.gap < 1e-3


@pytest.mark.parametrize(("people", "tasks", "overlap"), [(30, 900, 2), (50, 3_000, 5), (500, 40, 3)])
def test_places_may_be_as_uneven_as_chance_makes_them(people: int, tasks: int, overlap: int) -> None:
    random = np.random.default_rng(0)
    value = random.random((people, tasks))
    capacity = random.integers(0, 2 * overlap * tasks // people + 2, people)
    found = assign(value, capacity, overlap)
    holds(found, value, capacity, np.full(tasks, overlap), np.ones(value.shape, bool))
    assert found.gap < 5e-4


@pytest.mark.parametrize("seed", [5, 6, 9])
@pytest.mark.parametrize(("people", "tasks", "overlap"), [(50, 3_000, 5), (30, 900, 2)])
def test_answers_that_are_all_worth_the_same_fill_all_places_there_are(people: int, tasks: int, overlap: int,
                                                                       seed: int) -> None:
    # Given people who are all alike, with places by chance, for some nearly none
    capacity = np.random.default_rng(seed).integers(0, 2 * overlap * tasks // people + 2, people)
    value = np.full((people, tasks), 0.5)
    found = assign(value, capacity, overlap)
    # Then no answer is left open that anybody had a place for
    holds(found, value, capacity, np.full(tasks, overlap), np.ones(value.shape, bool))
    assert found.open == max(0, overlap * tasks - capacity.sum())
    assert found.gap < 5e-4


def test_a_chain_over_others_brings_the_last_answers_to_the_last_places() -> None:
    # Given as many places as answers wanted, and values that leave each task only a few people who suit it
    random = np.random.default_rng(0)
    value = random.beta(2, 4, 4_000) * random.uniform(0.2, 1, (40, 1))
    found = assign(value, np.full(40, 300), 3)
    assert found.gap < 5e-4
    assert found.open < 0.005 * 12_000      # of those worth least


@pytest.mark.parametrize("tasks", [50, 2_000])
def test_awkward_input_has_a_defined_result(tasks: int) -> None:
    # Given overlaps of none and of more than there are people, people without a place, tasks for nobody
    random = np.random.default_rng(3)
    value, overlap = random.random((6, tasks)), random.integers(0, 10, tasks)
    allowed = random.random(value.shape) < 0.7
    allowed[:, :5] = False
    capacity = np.array([0, tasks, tasks // 3, 1, 10 * tasks, 0])
    found = assign(value, capacity, overlap, allowed=allowed)
    holds(found, value, capacity, overlap, allowed)
    assert found.gap < 1e-3
    # Then the layout of the arrays makes no difference
    again = assign(np.asfortranarray(value), capacity.tolist(), overlap.tolist(), allowed=np.asfortranarray(allowed))
    assert np.array_equal(found.pairs, again.pairs)
    # Then whole numbers and float32 will do as well, and who is forbidden everything gets nothing
    for kind in (np.int64, np.float32):
        other = assign((10 * value).astype(kind), capacity, overlap, allowed=allowed)
        assert other.gap < 1e-3
    assert assign(value, capacity, overlap, allowed=np.zeros_like(allowed)).pairs[0].tolist() == []
    # Then values of nothing at all still fill what is open, as does one person alone
    assert len(assign(np.zeros((30, tasks)), np.full(30, tasks), 2).pairs[0]) == 2 * tasks
    assert assign(value[:1], [tasks], 3).objective == pytest.approx(value[0].sum())


def test_tasks_given_by_blocks_are_assigned_the_same_and_the_same_again() -> None:
    value = np.random.default_rng(1).random((12, 1_500)).astype(np.float32)
    capacity, overlap = np.full(12, 200), np.full(1_500, 2)
    whole = assign(value, capacity, overlap)
    blocks = assign(lambda start, stop: value[:, start:stop], capacity, overlap)
    again = assign(value, capacity, overlap)
    for other in (blocks, again):
        assert np.array_equal(whole.pairs, other.pairs)
        assert whole.objective == other.objective


def test_scarce_specialists_go_where_they_matter() -> None:
    # Given a specialist with one place, a little better at the first task and much better at the second
    value = np.array([[0.6, 0.9], [0.5, 0.1]])
    found = assign(value, [1, 2], 1)
    assert list(zip(*(side.tolist() for side in found.pairs), strict=True)) == [(1, 0), (0, 1)]
    # Then a second place of theirs would be worth what they are better by at the first
    assert found.price[1] == pytest.approx(0)
    assert found.objective == pytest.approx(1.4)
    assert found.gap == pytest.approx(0, abs=1e-6)


def test_a_result_unpacks_as_pairs_objective_and_bound() -> None:
    pairs, objective, bound = assign([[1.0, 2.0]], [2], 1)
    assert [side.tolist() for side in pairs] == [[0, 0], [0, 1]]
    assert (objective, bound) == (pytest.approx(3), pytest.approx(3))


def test_what_cannot_be_filled_is_told() -> None:
    # Given a task that only one person may do, of whom two are wanted
    found = assign(np.ones((3, 1)), [1, 1, 1], 2, allowed=np.array([[True], [False], [False]]))
    assert found.open == 1
    assert found.pairs[0].tolist() == [0]


def test_nothing_to_assign_is_no_error() -> None:
    for value, capacity, overlap in ((np.ones((2, 0)), [1, 1], 1), (np.ones((2, 3)), [0, 0], 2),
                                     (np.ones((2, 3)), [1, 1], 0), (np.zeros((0, 3)), [], 1)):
        found = assign(value, capacity, overlap)
        assert (found.objective, found.bound, len(found.pairs[0])) == (0, 0, 0)


def test_an_answer_of_negative_value_is_never_asked_for_and_one_of_none_is() -> None:
    assert len(assign(np.full((2, 3), -1.0), [3, 3], 1).pairs[0]) == 0
    assert len(assign(np.zeros((2, 3)), [3, 3], 1).pairs[0]) == 3


@pytest.mark.parametrize(("value", "capacity", "overlap", "says"), [
    ([[1.0, np.nan]], [1], 1, "annotator 0 for task 1 is nan"),
    ([1.0, 2.0], [1, 1], 1, "annotators by tasks"),
    ([[1.0, 2.0]], [1, 1], 1, "annotators by tasks"),
    ([[1.0, 2.0]], [1], [1, 1, 1], "one for each of 2 tasks"),
    ([[1.0, 2.0]], [-1], 1, "must not be negative"),
    ([[1.0, 2.0]], [1.5], 1, "whole numbers"),
    (lambda start, stop: np.ones((1, 1)), [1], [1, 1, 1], "must have shape"),
    (lambda start, stop: np.ones((1, 3)), [1], 1, "a function"),
])
def test_what_is_wrong_is_said(value: object, capacity: object, overlap: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        assign(value, capacity, overlap)      # type: ignore[arg-type]


def test_where_the_bound_says_that_a_sample_misled_another_is_tried_and_the_best_is_kept(
        monkeypatch: pytest.MonkeyPatch) -> None:
    from routing import assign as module

    tried = []
    real = module._with

    def misled(problem: object, sample: int) -> Assigned:
        tried.append(sample)
        found = real(problem, sample)
        return found if len(tried) > 1 else replace(found, objective=found.objective * 0.9)
    monkeypatch.setattr(module, "_with", misled)
    value = np.random.default_rng(1).random((10, 2_500))
    found = assign(value, np.full(10, 600), 2)
    assert tried == [2_048, 3_072]
    assert found.gap < 1e-3

    tried.clear()
    assign(value[:, :2_000], np.full(10, 600), 2)       # all tasks are in the sample: another finds the same
    assert tried == [2_048]
