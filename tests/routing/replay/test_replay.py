"""The runner: answers are revealed once, in the order asked, as many as the budget, and never above the cap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from routing.replay.information import Information
from routing.replay.policy import Unfair, Visible
from routing.replay.recorded import Recorded, of_observations
from routing.replay.replay import replay
from routing.replay.uniform import Uniform
from sync.observations import observe
from tests.routing.replay.crowds import coin, crowd, mixed

BOTH = pytest.mark.parametrize("policy", [Uniform, Information])


class Fixed:
    """Asks for what it was told to, and remembers what it saw."""

    def __init__(self, *turns: list[int]) -> None:
        self.turns, self.seen = list(turns), []

    def next(self, seen: Visible, rng: np.random.Generator) -> np.ndarray:
        self.seen.append(seen)
        return np.array(self.turns.pop(0) if self.turns else [], int)


@BOTH
def test_a_smaller_budget_is_the_beginning_of_a_larger_one(policy):
    recorded, _ = mixed()
    whole = replay(recorded, policy(), budget=500, cap=2.0, seed=3).place
    for budget in (1, 7, 80, 123, 400):
        assert replay(recorded, policy(), budget=budget, cap=2.0, seed=3).place.tolist() == whole[:budget].tolist()


@BOTH
def test_another_seed_asks_for_other_answers(policy):
    recorded, _ = mixed()
    one, other = (replay(recorded, policy(), budget=100, seed=seed).place.tolist() for seed in (1, 2))
    assert one != other


@BOTH
def test_a_budget_beyond_what_is_recorded_asks_for_everything_once(policy):
    recorded, _ = mixed(tasks=20)
    found = replay(recorded, policy(), budget=10_000, cap=2.0)
    assert sorted(found.place.tolist()) == list(range(len(recorded)))
    assert not found.stopped or len(found.place) == len(recorded)


@settings(max_examples=20, deadline=None)
@given(some.integers(0, 1000), some.sampled_from([1.0, 1.5, 2.0, 4.0]), some.sampled_from([Uniform, Information]))
def test_nobody_is_above_the_cap_at_any_reveal_while_somebody_is_not(seed, cap, policy):
    # given people who answered very unequal numbers of tasks
    rng = np.random.default_rng(seed)
    recorded = _unequal(rng)
    share = np.bincount(recorded.annotator) / len(recorded)
    left, given_ = np.bincount(recorded.annotator), np.zeros(len(share))
    # when all answers are asked for under a cap
    for asked, place in enumerate(replay(recorded, policy(), budget=10_000, cap=cap, seed=seed).place, start=1):
        # then whoever is asked is under it, unless all who have answers left are above it
        who = recorded.annotator[place]
        under = (left > 0) & (given_ + 1 <= cap * share * asked + 2)
        assert under[who] or not under.any()
        given_[who] += 1
        left[who] -= 1


def test_a_policy_sees_only_labels_that_it_asked_for_and_can_change_none():
    recorded, _ = mixed(tasks=5)
    policy = Fixed([4, 2], [0])
    found = replay(recorded, policy, budget=9)
    assert found.place.tolist() == [4, 2, 0]
    assert found.stopped
    first, second, third = policy.seen
    assert (first.label == -1).all()
    assert np.flatnonzero(second.label >= 0).tolist() == [2, 4]
    assert second.label[4] == recorded.label[4]
    assert third.revealed.tolist() == [4, 2, 0]
    with pytest.raises(ValueError, match="read-only"):
        third.label[7] = 1


def test_an_answer_that_was_revealed_cannot_be_asked_for_again():
    recorded, _ = mixed(tasks=5)
    with pytest.raises(Unfair, match="revealed already"):
        replay(recorded, Fixed([4, 4]), budget=9)


def test_a_policy_that_asks_above_the_cap_is_refused_by_name():
    recorded, _ = crowd(coin([0.9] * 5), 20, 5)
    own = np.flatnonzero(recorded.annotator == 2).tolist()
    with pytest.raises(Unfair, match="p02 is above the cap, and 4 others are not"):
        replay(recorded, Fixed(own), budget=20, cap=1.0)
    assert replay(recorded, Fixed(own), budget=20).place.tolist() == own


def test_ground_truth_and_reviews_are_no_answers_that_could_be_asked_for():
    seen = observe(["t2", "t2", "t1", "t1", "t3"], ["ann", "bob", "eve", "ann", "zoe"], ["x", "y", "x", "y", "x"],
                   truth=[False, False, True, False, True], review=[False, True, False, False, False])
    found = of_observations(seen)
    assert [(found.tasks[t], found.annotators[w], found.labels[k])
            for t, w, k in zip(found.task, found.annotator, found.label, strict=True)] == [
        ("t1", "ann", "y"), ("t2", "ann", "x")]


def test_the_order_of_answers_in_a_file_changes_no_draw():
    rows = [(f"t{t}", f"p{p}", "xy"[(t * p) % 2]) for t in range(30) for p in range(6)]
    found = [of_observations(observe(*zip(*some, strict=True))) for some in (rows, rows[::-1])]
    asked = [[(r.tasks[r.task[p]], r.annotators[r.annotator[p]]) for p in replay(r, Information(), budget=90).place]
             for r in found]
    assert asked[0] == asked[1]


def _unequal(rng: np.random.Generator) -> Recorded:
    busy = rng.pareto(1.0, 8) + 0.1
    pairs = sorted({(task, int(who)) for task in range(25)
                    for who in rng.choice(8, 4, replace=False, p=busy / busy.sum())})
    task, annotator = np.array(pairs).T
    used, annotator = np.unique(annotator, return_inverse=True)
    return Recorded(task, annotator, rng.integers(0, 2, len(task)), tuple(range(25)), tuple(used.tolist()), ("a", "b"))
