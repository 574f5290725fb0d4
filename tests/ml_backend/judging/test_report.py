"""The report of a version: every figure with its interval, finite, as JSON, and readable as text."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_backend.judging import labels, told
from ml_backend.judging.judges import judges
from ml_backend.judging.reliability import by_chance, curve
from ml_backend.judging.report import of, report
from ml_backend.policy.policy import Gate, Policy
from tests.ml_backend.judging.scenes import head, tasks

POLICY = Policy(gate=Gate(slices=("language",)))


def finite(value):
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def test_it_tells_what_an_engineer_asks():
    data = tasks(400, fields=lambda n: {"language": "fr" if n % 40 == 0 else "en"})
    found = report(head(data, 0.2), data, POLICY)
    assert json.loads(json.dumps(found)) == found
    assert (found["tasks"], found["blind"]) == (200, True)
    assert found["low"] < found["accuracy"] < found["high"]
    assert found["macro_f1_low"] < found["macro_f1"] < found["macro_f1_high"]
    assert sum(sum(row.values()) for row in found["confusion"].values()) == 200
    assert sum(one["tasks"] for one in found["labels"]) == 200
    for one in found["labels"]:
        for name in ("precision", "recall", "f1"):
            assert one[f"{name}_low"] < one[name] < one[f"{name}_high"]
    [only] = found["reliability"]["curve"]
    assert (only["tasks"], only["score"]) == (200, pytest.approx(0.8))
    assert found["doubt"] == pytest.approx(0.1)
    assert [(s["value"], s["tasks"], s["small"]) for s in found["slices"]["language"]] == [
        ("en", 195, False), ("fr", 5, True)]
    text = told.report(found)
    assert "200 tasks answered blind" in text
    assert "language=fr" in text
    assert "too few to say much" in text
    assert "people say" in text


def test_f1_and_brier_are_the_known_ones():
    from sklearn.metrics import f1_score

    data = tasks(500)
    one = head(data, 0.3)
    found = report(one, data, POLICY)
    examples, _ = judges(data)
    truth = [data.labels.index(e.label) for e in examples]
    said = one.probabilities([e.text for e in examples])
    assert found["macro_f1"] == pytest.approx(f1_score(truth, said.argmax(axis=1), average="macro"), abs=1e-6)
    assert found["brier"] == pytest.approx(((said - np.eye(3)[truth]) ** 2).sum(axis=1).mean(), abs=1e-6)


def test_nothing_held_out_and_a_label_nobody_has():
    empty = tasks(20, holdout=0.0)
    found = report(head(empty, 0.2), empty, POLICY)
    assert found["accuracy"] is None
    assert told.report(found) == "not judged yet: no task is held out"
    data = tasks(100, shares=[0.5, 0.5, 0.0])
    found = report(head(data, 0.0), data, POLICY)
    assert found["labels"][2]["recall"] is None
    assert found["macro_f1"] == 1.0
    assert "-" in told.report(found)


def test_without_one_truth_the_distance_to_the_distribution_is_told():
    data = tasks(100)
    soft = replace(data, examples=tuple(replace(e, shares=(0.5, 0.3, 0.2)) for e in data.examples))
    found = report(head(soft, 0.0, score=0.8), soft, POLICY)
    assert 0 < found["distribution"]["total_variation"] < 1
    assert found["distribution"]["cross_entropy"] > 0


def test_cards_of_before_are_told_too():
    before = {"tasks": 20, "blind": False, "accuracy": 0.8, "low": 0.6, "high": 0.9, "nll": 0.5, "ece": 0.1}
    assert told.report(before).startswith("accuracy 0.800 (0.600-0.900) on 20 held-out tasks")
    assert told.verdict({"promoted": True, "reason": "first version"}) == "promoted\n  first version"
    assert told.verdict({"outcome": "refused", "reason": "", "refusals": [{"reason": "worse on 'a'"}]}) == (
        "refused\n  worse on 'a'")


@given(st.integers(1, 60), st.integers(2, 6), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_every_figure_is_finite_whatever_was_said(count, classes, seed):
    rng = np.random.default_rng(seed)
    names = tuple(f"l{k}" for k in range(classes))
    data = tasks(count, labels=names, holdout=1.0, seed=seed)
    said = rng.dirichlet(np.full(classes, 0.2), count)
    said[rng.random(count) < 0.1] = 0.0           # labels that left the config took all there was
    truth = np.array([names.index(e.label) for e in data.examples])
    found = of(said, truth, names, data.examples, True, POLICY)
    assert finite(json.loads(json.dumps(found, allow_nan=False)))
    assert told.report(found)


def test_a_model_whose_scores_are_right_has_the_calibration_error_of_chance():
    rng = np.random.default_rng(0)
    score = rng.uniform(0.5, 1, 300)
    said = np.stack([score, 1 - score], axis=1)
    from ml_backend.calibration import ece

    errors = [ece(said, (rng.random(300) >= score).astype(np.int64)) for _ in range(100)]
    assert by_chance(said) == pytest.approx(np.mean(errors), abs=0.006)
    assert sum(one.tasks for one in curve(said, np.zeros(300, np.int64))) == 300


def test_the_interval_of_macro_f1_holds_it_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    shares = np.array([[40, 5, 5], [4, 30, 6], [2, 3, 5]])
    true, held = labels.macro_f1(shares), 0
    for _ in range(60):
        drawn = rng.choice(9, 150, p=(shares / shares.sum()).ravel())
        low, high = labels.macro_interval(drawn % 3, drawn // 3, 3)
        held += low <= true <= high
    assert held >= 50
