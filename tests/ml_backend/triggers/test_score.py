"""A falling score: found soon, and not by an unlucky streak."""

import random

from ml_backend.policy.policy import Triggers
from ml_backend.triggers.score import Base, fallen

BASE = Base(tasks=300, accuracy=0.9)


def draws(count, accuracy, seed):
    rng = random.Random(seed)
    return [rng.random() < accuracy for _ in range(count)]


def test_few_audits_say_nothing():
    look = fallen("topic", [False] * 29, BASE, Triggers())
    assert not look.due
    assert "29 fresh blind audits" in look.said


def test_a_clear_fall_is_found_within_some_dozen_audits():
    found = sum(any(fallen("topic", draws(90, 0.6, seed)[:n], BASE, Triggers()).due for n in range(30, 91))
                for seed in range(20))
    assert found >= 18


def test_a_fall_after_a_long_good_time_is_found_as_well():
    right = draws(600, 0.92, 1) + draws(90, 0.6, 2)
    look = fallen("topic", right, BASE, Triggers())
    assert look.due
    assert look.figures["window"] <= 120
    assert "90.0% when it was promoted" in look.said


def test_where_nothing_falls_hardly_anything_rings_however_often_one_looks():
    # Given 20 projects of 600 audits each, looked at after every tenth: by the bound at most 10 would ring
    rang = sum(any(fallen("topic", draws(600, 0.9, seed)[:n], BASE, Triggers()).due for n in range(30, 601, 10))
               for seed in range(20))
    assert rang <= 2


def test_a_certain_but_small_fall_is_no_reason():
    look = fallen("topic", [True] * 2600 + [False] * 400, Base(10_000, 0.9), Triggers(score_fall=0.9))
    assert look.figures["evidence"] > 40
    assert not look.due


def test_a_model_without_a_mistake_on_its_held_out_tasks_may_make_some():
    assert not fallen("topic", [True] * 39 + [False], Base(50, 1.0), Triggers()).due
    assert fallen("topic", [True, False] * 30, Base(50, 1.0), Triggers()).due


def test_a_policy_may_switch_it_off_and_patience_asks_for_more():
    assert not fallen("topic", [False] * 60, BASE, Triggers(score_fall=None)).due
    assert fallen("topic", [False] * 60, BASE, Triggers()).due
    assert not fallen("topic", [False] * 60, BASE, Triggers(), patience=4).due
