"""Alpha for any distance, beside an independent implementation and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sync.values import distances, sets
from sync.values.answers import voting
from sync.values.distances import alpha, pairs
from tests.sync.values.crowds import MULTI, NUMBER, Answer, judged, numbers, seen


def interval_alpha(answers: list[Answer]) -> float | None:
    """Alpha with the squared difference, scaled into 0 to 1."""
    taken = voting(seen(NUMBER, answers), float)
    value = np.array(taken.value)
    width = float(np.ptp(value)) or 1.0
    return alpha(pairs(taken, lambda left, right: ((value[left] - value[right]) / width) ** 2))[0]


def test_alpha_is_krippendorffs() -> None:
    # given numbers with gaps, so that tasks have 1 to 5 answers
    import krippendorff

    some = numbers(tasks=40, annotators=6, per_task=5, seed=2)
    kept = np.random.default_rng(0).random(len(some.task)) < 0.6
    answers = [answer for answer, keep in zip(some.answers, kept, strict=True) if keep]
    table = np.full((6, 40), np.nan)
    for task, annotator, value in answers:
        table[annotator, task] = value
    # then ours, which knows nothing but distances of pairs, is the package's interval alpha
    expected = krippendorff.alpha(reliability_data=table, level_of_measurement="interval")
    assert interval_alpha(answers) == pytest.approx(expected, abs=1e-9)


def test_many_answers_to_a_task_are_sampled_without_bias() -> None:
    # given tasks with 60 answers each, of which every one meets only twelve
    some = numbers(tasks=40, annotators=80, per_task=60, seed=1)
    taken = voting(seen(NUMBER, some.answers), float)
    value = np.array(taken.value)
    found = pairs(taken, lambda left, right: np.abs(value[left] - value[right]) / 100)
    assert len(found.left) == 40 * 60 * 6
    assert len(found.expected_left) == distances.EXPECTED_PAIRS
    # then the observed distance is that of all pairs to a few percent
    by_task = value.reshape(40, 60)
    every = np.abs(by_task[:, :, None] - by_task[:, None, :]).sum() / (40 * 60 * 59) / 100
    assert 2 * found.weight @ found.distance / found.answers == pytest.approx(every, rel=0.03)


def test_intervals_hold_what_they_promise() -> None:
    # given 20 samples of 60 tasks of a crowd whose alpha is known from 1,500 tasks
    truth = interval_alpha(numbers(tasks=1500, annotators=400, per_task=3, bias=3.0, seed=99).answers)
    assert truth is not None
    hit = 0
    for seed in range(20):
        taken = voting(seen(NUMBER, numbers(tasks=60, annotators=400, per_task=3, bias=3.0, seed=seed).answers), float)
        value = np.array(taken.value)
        _, low, high, _ = alpha(pairs(taken, lambda left, right, v=value: ((v[left] - v[right]) / 100) ** 2))
        assert low is not None
        assert high is not None
        hit += low <= truth <= high
    assert hit >= 16


def test_masi_is_passonneaus() -> None:
    """Passonneau (2006): Jaccard times 1, 2/3, 1/3 or 0."""
    members = [np.array([0, 1]), np.array([0, 1]), np.array([0, 1, 2]), np.array([1, 2]), np.array([3]), np.array([])]
    rows = sets.rows(members, 4)
    left, right = np.array([0, 0, 0, 0, 5, 5]), np.array([1, 2, 3, 4, 5, 0])
    assert_allclose(sets.masi(*sets.shared(rows, left, right)), [1, 2 / 3 * 2 / 3, 1 / 3 * 1 / 3, 0, 1, 0])
    assert_allclose(sets.f1(*sets.shared(rows, left, right)), [1, 0.8, 0.5, 0, 1, 0])


def test_agreement_on_sets_by_hand() -> None:
    # given two tasks: {a} and {a}; {a, b} and {b}
    found = judged(MULTI, [(1, "x", ["a"]), (1, "y", ["a"]), (2, "x", ["a", "b"]), (2, "y", ["b"])]).agreement
    # then observed is (0 + 2/3) / 2, as MASI of {a, b} and {b} is 1/2 * 2/3; expected is the mean of all six pairs
    expected = (0 + 2 / 3 + 1 + 2 / 3 + 1 + 2 / 3) / 6
    assert found["metric"] == "krippendorff_alpha_masi"
    assert found["value"] == pytest.approx(1 - (1 / 3) / expected, abs=1e-6)
    exact = next(one for one in found["coefficients"] if one["metric"] == "percent_exact")
    assert exact["value"] == 0.5
    # and the pair of annotators stands there, with the guideline version unknown
    assert found["by_pair"][0]["annotators"] == ["x", "y"]
    assert found["by_guideline"][0]["guideline"] is None


def test_alpha_of_each_label_is_the_nominal_one() -> None:
    import krippendorff

    rng = np.random.default_rng(0)
    table = rng.random((5, 60)) < rng.choice([0.1, 0.8], 60)
    answers = [(task, who, ["a"] if table[who, task] else []) for task in range(60) for who in range(5)]
    found = {one["label"]: one for one in judged(MULTI, answers).agreement["by_label"]}
    expected = krippendorff.alpha(reliability_data=table.astype(float), level_of_measurement="nominal")
    assert found["a"]["value"] == pytest.approx(expected, abs=1e-6)
    assert found["a"]["low"] < expected < found["a"]["high"]
    assert found["b"]["value"] is None


def test_agreement_over_time_and_by_guideline() -> None:
    # given 60 tasks under one version of the guidelines, on which people agree, then 60 under another, on which not
    rng = np.random.default_rng(0)
    answers, at, guideline = [], [], []
    for task in range(120):
        for who in "xyz":
            answers.append((task, who, ["a"] if task % 2 else ["b"]) if task < 60 else
                           (task, who, [str(rng.choice(["a", "b"]))]))
            at.append(1e9 + 3600.0 * task)
            guideline.append(1 if task < 60 else 2)
    found = judged(MULTI, answers, at=at, guideline=guideline).agreement
    versions = {one["guideline"]: one["value"] for one in found["by_guideline"]}
    assert versions[1] == 1.0
    assert abs(versions[2]) < 0.3
    assert found["over_time"][0]["value"] == 1.0
    assert found["over_time"][-1]["value"] < 0.5
    assert found["over_time"][0]["from"].startswith("2001-09-09T01:46:40")
