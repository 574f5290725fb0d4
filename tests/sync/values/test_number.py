"""Numbers: biases are taken off, slips of the pen weigh nothing, and intervals hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.values.normal import fit
from tests.sync.values.crowds import NUMBER, judged, numbers, told


@pytest.mark.parametrize(("bias", "gross", "per_task", "gain"), [
    (0.0, 0.0, 5, 0.0), (0.0, 0.05, 5, 0.05), (2.0, 0.0, 5, 0.4), (1.0, 0.03, 3, 0.2)])
def test_consensus_is_better_than_the_median(bias: float, gross: float, per_task: int, gain: float) -> None:
    ours, plain, covered = [], [], []
    for seed in range(3):
        some = numbers(bias=bias, gross=gross, per_task=per_task, seed=seed)
        found = fit(some.task, some.annotator, some.given, tasks=300, annotators=25)
        ours.append(np.abs(found.value - some.truth).mean())
        plain.append(np.abs(np.median(some.given.reshape(-1, per_task), axis=1) - some.truth).mean())
        covered.append((np.abs(found.value - some.truth) <= 1.96 * found.sd).mean())
    assert np.mean(ours) < np.mean(plain) * (1 - gain)
    # and 95 % intervals hold about as often (what all err by together is in no interval)
    assert 0.89 < np.mean(covered) < 0.995


def test_biases_are_recovered_within_their_intervals() -> None:
    covered = []
    for seed in range(4):
        some = numbers(bias=1.5, seed=seed)
        found = fit(some.task, some.annotator, some.given, tasks=300, annotators=25)
        apart = found.bias - some.bias
        covered += list(np.abs(apart - apart.mean()) <= 1.96 * found.bias_sd)
    assert np.mean(covered) > 0.88


def test_a_slip_of_the_pen_moves_nothing() -> None:
    # given a crowd that agrees within one, and one answer a thousand times too large
    answers = [(task, who, 10 * task + shift) for task in range(1, 20) for shift, who in enumerate("abc")]
    clean = told(judged(NUMBER, answers))
    slipped = told(judged(NUMBER, [(task, who, value * 1000 if (task, who) == (5, "b") else value)
                                   for task, who, value in answers]))
    assert abs(slipped[5]["value"] - clean[5]["value"]) < 1.2
    assert abs(slipped[6]["value"] - clean[6]["value"]) < 0.3


def test_one_answer_is_known_to_one_typical_error() -> None:
    # given a crowd, and tasks that only one person answered
    some = numbers(bias=0.5, seed=1)
    found = judged(NUMBER, [*some.answers, *((1000 + who, who, 50.0) for who in range(25))])
    single = [row for row in found.consensus if row.task >= 1000]
    # then such a consensus is sure to two thirds, is worth one answer, and five are surer
    assert np.mean([row.probability for row in single]) == pytest.approx(0.68, abs=0.12)
    assert np.mean([row.effective for row in single if row.effective]) == pytest.approx(1.5, abs=0.8)
    assert np.mean([row.probability for row in found.consensus if row.task < 1000]) > 0.9
    # and it is the answer without its annotator's bias
    worst = max(found.annotators, key=lambda one: abs(one.details["bias"]))
    assert told(found)[1000 + worst.annotator]["value"] == pytest.approx(50 - worst.details["bias"], abs=1e-4)


def test_accuracy_is_covered() -> None:
    some = numbers(bias=1.0, seed=3, tasks=600)
    found = judged(NUMBER, some.answers)
    tolerance = found.annotators[0].details["crowd"]["typical"] * 1.15
    right = np.abs(some.given - some.truth[some.task]) <= tolerance
    covered = [one.low <= right[some.annotator == one.annotator].mean() <= one.high for one in found.annotators]
    assert np.mean(covered) > 0.8


def test_a_scale_bounds_the_interval() -> None:
    from dataclasses import replace

    from sync.values import judge
    from tests.sync.values.crowds import seen

    share = replace(NUMBER, scale=(0.0, 1.0))
    answers = [(task, who, (0.0, 0.5, 1.0)[task % 3] + 0.3 * shift * (task % 2)) for task in range(12)
               for shift, who in ((-1, "a"), (0, "b"), (1, "c"))]
    for row in judge(share, seen(NUMBER, answers)).consensus:
        assert 0 <= row.value["low"] <= row.value["value"] <= row.value["high"] <= 1


@settings(max_examples=20, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_units_of_measurement_do_not_matter(shift: float, scale: float) -> None:
    # given the same numbers in another unit
    some = numbers(tasks=40, annotators=6, per_task=3, seed=5)
    one = fit(some.task, some.annotator, some.given, tasks=40, annotators=6)
    other = fit(some.task, some.annotator, some.given * scale + shift, tasks=40, annotators=6)
    # then the consensus is the same one in that unit
    np.testing.assert_allclose(other.value, one.value * scale + shift, rtol=1e-4, atol=1e-3 * scale)
