"""Cohen's kappa: his own table, scikit-learn on random ones, the mean over pairs, and what it cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from sync.agreement import cohen
from sync.agreement.bootstrap import resampled
from sync.agreement.measured import measured
from tests.sync.agreement import examples


def kappa(first: np.ndarray, second: np.ndarray, labels: int, weights: str = "none") -> cohen.Pair:
    return cohen.compare(np.arange(len(first)), first, second, np.arange(labels, dtype=float), weights)


@pytest.mark.parametrize(("confusion", "printed"), [
    (examples.COHEN_1960, 0.492),  # (140 - 82) / (200 - 82)
    (examples.ABSTRACTORS, 0.7964094),
])
def test_published_tables(confusion: np.ndarray, printed: float) -> None:
    assert kappa(*examples.judged(confusion), 3).value == pytest.approx(printed, abs=5e-4)


@pytest.mark.parametrize("weights", cohen.WEIGHTS)
def test_equals_scikit_learn_on_random_answers(weights: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(60):
        size, labels = rng.integers(3, 60), rng.integers(2, 6)
        first = rng.integers(0, labels, size)
        second = np.where(rng.random(size) < 0.5, first, rng.integers(0, labels, size))
        expected = cohen_kappa_score(first, second, weights=None if weights == "none" else weights,
                                     labels=range(labels))
        assert kappa(first, second, labels, weights).value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("weights", cohen.WEIGHTS)
def test_the_interval_is_that_of_computing_kappa_anew(weights: str) -> None:
    # given 60 tasks and kappa of 1,500 resamples of them, by scikit-learn's definition
    rng = np.random.default_rng(2)
    first = rng.integers(0, 3, 60)
    second = np.where(rng.random(60) < 0.6, first, rng.integers(0, 3, 60))
    anew = [kappa(first[drawn], second[drawn], 3, weights).value for drawn in rng.integers(0, 60, (1500, 60))]
    # then the interval from first-order margins is the same but for the noise of both
    found = measured(cohen.figure(kappa(first, second, 3, weights)), replicates=4000)
    assert (found.low, found.high) == pytest.approx(np.quantile(anew, [0.025, 0.975]), abs=0.03)


def test_with_few_tasks_resamples_have_the_mean_of_computing_kappa_anew() -> None:
    # given eight tasks: both margins change together in a resample, which the first order alone would not see
    first = np.arange(8) % 3
    second = np.where(np.arange(8) % 4 < 3, first, (first + 1) % 3)
    anew = [kappa(first[drawn], second[drawn], 3).value
            for drawn in np.random.default_rng(0).integers(0, 8, (4000, 8))]
    figure = cohen.figure(kappa(first, second, 3))
    found = figure.of(resampled(figure.statistics, replicates=10_000))
    assert found.mean() == pytest.approx(np.mean([one for one in anew if one is not None]), abs=0.015)


def test_the_mean_over_pairs_is_weighted_by_shared_tasks() -> None:
    # given a pair on twenty tasks and another on five
    rng = np.random.default_rng(3)
    said = rng.integers(0, 2, (2, 20))
    long = cohen.compare(np.arange(20), said[0], said[1], np.arange(2.0))
    short = cohen.compare(np.arange(15, 20), said[0, :5], said[1, ::-1][:5], np.arange(2.0))
    found = measured(cohen.mean_figure([long, short], np.full(20, 2.0)))
    assert found.value == pytest.approx((20 * long.value + 5 * short.value) / 25)  # type: ignore[operator]
    assert (found.tasks, found.answers) == (20, 40)


def test_the_interval_of_the_mean_covers_the_true_value() -> None:
    # given three annotators, right three times in four
    rng = np.random.default_rng(4)

    def mean(tasks: int, seed: int = 0) -> tuple[float, float, float]:
        said = examples.crowd(rng, tasks).astype(int)
        pairs = [cohen.compare(np.arange(tasks), said[a], said[b], np.arange(3.0)) for a, b in ((0, 1), (0, 2), (1, 2))]
        found = measured(cohen.mean_figure(pairs, np.full(tasks, 3.0)), replicates=300, seed=seed)
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        return found.value, found.low, found.high

    true = mean(200_000)[0]
    covered = sum(low <= true <= high for _, low, high in (mean(60, seed) for seed in range(100)))
    assert 89 <= covered <= 99


def test_a_pair_with_a_thousand_labels_needs_no_table_of_them() -> None:
    rng = np.random.default_rng(5)
    first = rng.integers(0, 1_000_000, 3000)
    second = np.where(rng.random(3000) < 0.4, first, rng.integers(0, 1_000_000, 3000))
    found = measured(cohen.figure(kappa(first, second, 1_000_000)))
    assert found.value == pytest.approx(0.4, abs=0.03)
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(0.24 / 3000), abs=0.006)  # type: ignore[operator]


def test_what_two_annotators_cannot_tell() -> None:
    # given two who share nothing, two who only ever say the same label, and the mean over such pairs
    none, same = kappa(np.array([], int), np.array([], int), 2), kappa(np.zeros(4, int), np.zeros(4, int), 2)
    assert measured(cohen.figure(none)).reason == "the two share no task"
    found = measured(cohen.figure(same))
    assert (found.value, found.tasks) == (None, 4)
    assert "one label only" in str(found.reason)
    assert "no two annotators" in str(measured(cohen.mean_figure([none, same], np.full(4, 2.0))).reason)
    # and two who always differ, each with one label of their own, agree as by chance
    assert kappa(np.zeros(4, int), np.ones(4, int), 2).value == 0.0


def test_unknown_weights_are_named() -> None:
    with pytest.raises(ValueError, match="weights are 'cubic'"):
        kappa(np.zeros(2, int), np.zeros(2, int), 2, "cubic")
