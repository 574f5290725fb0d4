"""One new answer changes its task at once, and as a full run would."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sync import online
from sync.arrays import FloatArray
from sync.consensus import Fit, fit
from sync.effective import effective, worth
from sync.online import Known
from tests.sync import crowd


def known_of(full: Fit) -> Known:
    """What later updates know of a full run."""
    return online.known(full.prior, full.pooled, full.confusion, full.counts)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_one_task_from_the_last_fit_agrees_with_the_fit(seed: int) -> None:
    # given a full run
    some = crowd.simulated(crowd.one_coin(np.linspace(0.6, 0.95, 8), 3), tasks=150, per_task=4, seed=seed)
    full = some.fit(tolerance=1e-9, iterations=500)
    known = online.known(full.prior, full.pooled, full.confusion, full.counts)
    # when single tasks are computed from its confusions
    for task in range(0, 150, 10):
        own = some.task == task
        posterior, probability = online.posterior(known, some.annotator[own], some.label[own])
        # then nothing differs: the full run is a fixed point of the update
        assert_allclose(posterior, full.posterior[task], atol=1e-4)
        assert_allclose(probability, full.probability[task], atol=1e-3)


def test_somebody_new_counts_as_the_crowd_does() -> None:
    some = crowd.simulated(crowd.one_coin(np.full(5, 0.9), 2), tasks=300, per_task=3)
    full = some.fit()
    known = online.known(full.prior, full.pooled, full.confusion, full.counts)
    posterior, _ = online.posterior(known, np.array([-1]), np.array([1]))
    expected = full.prior * full.pooled[:, 1]
    # of them nothing is known: what they said counts nine parts, what the crowd's confusion makes of it one
    assert_allclose(posterior, 0.1 * expected / expected.sum() + 0.9 * np.array([0, 1]), atol=1e-9)


def test_what_the_answers_are_worth_is_that_of_a_full_run() -> None:
    some = crowd.simulated(crowd.one_coin(np.linspace(0.5, 0.95, 8), 3), tasks=150, per_task=4)
    full = some.fit()
    value = worth(full.confusion, full.pooled, full.prior)
    whole = effective(some.task, value[some.annotator], 150)
    for task in range(0, 150, 10):
        assert_allclose(online.effective(known_of(full), some.annotator[some.task == task]), whole[task])
    # and somebody unknown counts for one
    assert_allclose(online.effective(known_of(full), np.array([-1])), 1)


def test_nobody_else_is_looked_at() -> None:
    # given a last fit of which everybody but two annotators is unreadable
    some = crowd.simulated(crowd.one_coin(np.full(6, 0.8), 3), tasks=100, per_task=3)
    full = some.fit()
    confusion, counts = np.full_like(full.confusion, np.nan), np.full_like(full.counts, np.nan)
    confusion[[1, 4]], counts[[1, 4]] = full.confusion[[1, 4]], full.counts[[1, 4]]
    # when those two answer a task, then it is as if all were there: the cost does not grow with the crowd
    answers = (np.array([1, 4]), np.array([2, 0]))
    found = online.posterior(online.known(full.prior, full.pooled, confusion, counts), *answers)
    for here, there in zip(found, online.posterior(known_of(full), *answers), strict=True):
        assert_allclose(here, there, atol=0)


def grown(name: str, seed: int) -> tuple[float, float]:
    """Percent of changed tasks on which the update and a full run over everything give the same label, and how far
    the probabilities they tell are apart, when a quarter more answers came since the last full run."""
    real = crowd.recorded(name)
    early = np.zeros(len(real.task), bool)
    early[np.random.default_rng(seed).permutation(len(early))[:int(0.8 * len(early))]] = True
    sizes = {"tasks": len(real.truth), "annotators": real.annotators, "labels": real.labels}
    last = fit(real.task[early], real.annotator[early], real.label[early], **sizes)
    full, known = real.fit(), known_of(last)
    seen = np.bincount(real.annotator[early], minlength=real.annotators) > 0
    changed = np.unique(real.task[~early])
    same, apart = [], []
    for task in changed:
        own = real.task == task
        people = np.where(seen[real.annotator[own]], real.annotator[own], -1)
        posterior, told = online.posterior(known, people, real.label[own])
        same.append(posterior.argmax() == full.posterior[task].argmax())
        apart.append(abs(told.max() - full.probability[task].max()))
    return 100 * float(np.mean(same)), float(np.mean(apart))


@pytest.mark.parametrize(("name", "tolerance"), [("rte", 98.5), ("temp", 98.5), ("d_possent", 98.5), ("dog", 98.5),
                                                 ("labelme", 95), ("weather_cf", 95)])
def test_after_a_quarter_more_answers_updates_agree_with_a_full_run(name: str, tolerance: float) -> None:
    # given recorded crowds with many answers of each annotator, and with few
    found = np.mean([grown(name, seed) for seed in range(2)], axis=0)
    # then single updates give the label of a full run, and nearly its probability
    assert found[0] >= tolerance
    assert found[1] < 0.03


def test_a_task_without_answers_gets_the_class_shares() -> None:
    some = crowd.simulated(crowd.one_coin(np.full(5, 0.9), 2), tasks=300, per_task=3)
    full = some.fit()
    nobody = np.zeros(0, int)
    for chances in online.posterior(known_of(full), nobody, nobody):
        assert_allclose(chances, full.prior)


def test_before_the_first_full_run_everybody_is_the_crowd() -> None:
    none: FloatArray = np.zeros((0, 2, 2))
    known = online.known(np.array([0.5, 0.5]), np.array([[0.8, 0.2], [0.2, 0.8]]), none, none)
    posterior, told = online.posterior(known, np.array([-1, -1, -1]), np.array([1, 1, 0]))
    assert posterior.argmax() == told.argmax() == 1
