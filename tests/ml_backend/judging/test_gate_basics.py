"""The gate: held-out tasks decide, on the same tasks for both, blind answers first."""

from dataclasses import replace

import numpy as np

from ml_backend.judging.comparison import against_frequencies, compare
from ml_backend.judging.intervals import wilson
from ml_backend.judging.judges import LEAST_BLIND, judges, said
from ml_backend.judging.report import report
from ml_backend.judging.sides import of_heads
from ml_backend.judging.verdict import verdict
from ml_backend.policy.policy import Policy
from ml_backend.training import train
from tests.ml_backend.conftest import dataset, examples


def against_champion(candidate, champion, data, taught=None):
    """Both trained models on the same held-out tasks."""
    found = of_heads(candidate, champion.head, data, taught or {})
    return compare(data.control, "the champion", found.new, found.old, found.truth, basis=found.basis)


def test_a_better_model_passes_and_a_worse_one_is_refused_with_both_scores():
    data = dataset(examples(200))
    good, bad = train(data), train(dataset(examples(200, wrong=0.6)))
    assert against_champion(good, bad, data).no_worse
    refused = verdict([against_champion(bad, good, data)])
    assert not refused.promoted
    assert "topic: worse, accuracy" in refused.reason
    assert "champion" in refused.reason


def test_the_same_model_is_no_worse_than_itself():
    data = dataset(examples(90))
    head = train(data)
    found = against_champion(head, head, data)
    assert found.no_worse
    assert found.accuracy_difference == found.log_difference == 0


def test_a_model_that_is_as_right_but_too_bold_is_refused():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 500)
    right = rng.random(500) < 0.8
    def scored(score):
        top = np.where(right, truth, 1 - truth)
        return np.where(np.arange(2) == top[:, None], score, 1 - score)
    assert not compare("topic", "the champion", scored(0.999), scored(0.8), truth).no_worse
    assert compare("topic", "the champion", scored(0.8), scored(0.999), truth).no_worse


def test_too_few_held_out_tasks_decide_nothing():
    few = np.full((9, 2), 0.5)
    assert not compare("topic", "the champion", few, few, np.zeros(9, dtype=int)).no_worse


def test_a_first_model_must_beat_the_frequencies():
    truth = np.array([0, 0, 0, 1] * 25)
    blind_guess = np.random.default_rng(0).dirichlet([1, 1], 100)
    assert not against_frequencies(blind_guess, truth, "topic").no_worse
    assert against_frequencies(np.eye(2)[truth] * 0.8 + 0.1, truth, "topic").no_worse


def test_blind_answers_judge_alone_when_there_are_enough():
    some = examples(600)
    few = dataset([replace(e, blind=n < 100) for n, e in enumerate(some)])
    many = dataset([replace(e, blind=n < 400) for n, e in enumerate(some)])
    assert not judges(few)[1]
    found, blind = judges(many)
    assert blind
    assert all(e.blind for e in found)
    assert len(found) >= LEAST_BLIND


def test_a_label_that_the_model_does_not_know_counts_as_missed():
    data = dataset(examples(150))
    two = train(dataset([e for e in examples(150) if e.label != "sport"])).head
    score = report(two, data, Policy())
    assert score["low"] < score["accuracy"] < score["high"]
    sport = [e.label == "sport" for e in judges(data)[0]]
    assert score["accuracy"] <= 1 - np.mean(sport)


def test_what_the_champion_was_taught_does_not_judge_between_it_and_another():
    # given a champion that learned, by another split, most of the held-out tasks
    data = dataset(examples(300))
    held = [e.key for e, out in zip(data.examples, data.held_out(), strict=True) if out]
    model = train(data)
    answers = dict(zip(held, said(model.head, data, [e for e in data.examples if e.key in held]), strict=True))
    # then only the others judge
    found = against_champion(model, model, data, {key: answers[key] for key in held[20:]})
    assert (found.tasks, found.basis) == (20, "held out")
    # and where too few are left, every labelled task does, each model by answers of models that had not seen it
    wide = against_champion(model, model, data, {key: answers[key] for key in held[5:]})
    assert (wide.tasks, wide.basis) == (300, "cross-validated")
    assert "by cross-validation" in wide.reason


def test_without_held_out_tasks_there_is_no_score():
    data = dataset([e for e, held in zip(examples(60), dataset(examples(60)).held_out(), strict=True) if not held])
    assert report(train(data).head, data, Policy())["accuracy"] is None


def test_wilson_interval():
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)   # Brown, Cai and DasGupta (2001)
    assert wilson(0, 5)[0] == 0
