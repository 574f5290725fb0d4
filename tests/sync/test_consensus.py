"""The consensus finds the truth where majority vote does not, and is never much worse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sync.consensus import fit
from sync.dawid_skene import dawid_skene
from sync.majority import majority
from sync.performance import beta_interval, performance
from tests.sync import crowd


def expected_calibration_error(probability: np.ndarray, hit: np.ndarray) -> float:
    """Mean distance between what was claimed and what was true, over ten equal bins."""
    bins = np.minimum((probability * 10).astype(int), 9)
    return sum(abs(probability[bins == b].sum() - hit[bins == b].sum()) for b in range(10)) / len(hit)


def test_on_real_crowds_it_is_better_than_majority_vote_and_never_much_worse() -> None:
    # given the recorded answers of eight real crowds, with gold that only the judge sees
    gains, errors = [], []
    for name in crowd.SETS:
        real = crowd.recorded(name)
        found = real.fit()
        votes = majority(real.task, real.label, tasks=len(real.truth), labels=real.labels)
        gains.append(real.accuracy(found.posterior) - real.accuracy(votes))
        known = real.truth >= 0
        hit = (found.posterior.argmax(1) == real.truth)[known]
        errors.append(expected_calibration_error(found.probability.max(1)[known], hit))
    # then on none it loses a point to majority vote, and on the mean it gains two or more
    assert min(gains) > -1
    assert np.mean(gains) > 2
    # and the probability it tells is about right
    assert np.mean(errors) < 0.05


def fewer(real: crowd.Crowd, keep: np.ndarray) -> crowd.Crowd:
    """The crowd with only these answers, and only the tasks that still have any."""
    tasks, task = np.unique(real.task[keep], return_inverse=True)
    return crowd.Crowd(task, real.annotator[keep], real.label[keep], real.truth[tasks], real.annotators, real.labels)


def copies(name: str) -> list[crowd.Crowd]:
    """A real set with two, three or five answers a task, with half of its people, and with one class made rare."""
    real, rng = crowd.recorded(name), np.random.default_rng(77)
    order = rng.permutation(len(real.task))
    order = order[np.argsort(real.task[order], kind="stable")]
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order)) - np.searchsorted(real.task[order], real.task[order])
    found = [fewer(real, rank < few) for few in (2, 3, 5)]
    found.append(fewer(real, (rng.permutation(real.annotators) % 2 == 0)[real.annotator]))
    for label in range(min(real.labels, 3)):
        gone = (real.truth == label) & (rng.random(len(real.truth)) > 0.2)
        found.append(fewer(real, ~gone[real.task]))
    return found


def test_with_fewer_answers_and_rare_classes_it_still_is_never_much_worse() -> None:
    # given thinned and imbalanced copies of the recorded crowds
    gains = []
    for name in crowd.SETS:
        for some in copies(name):
            votes = majority(some.task, some.label, tasks=len(some.truth), labels=some.labels)
            gains.append(some.accuracy(some.fit().posterior) - some.accuracy(votes))
    # then it gains on the mean, and what it loses at worst is a few tasks of a few hundred
    assert np.mean(gains) > 2
    assert min(gains) > -2.5
    assert np.mean(np.array(gains) < -1) < 0.04


def test_annotators_who_are_systematically_wrong_are_understood() -> None:
    # given three careful annotators, and four who swap two of the three labels
    careful = crowd.one_coin(np.full(3, 0.9), 3)
    swapping = np.tile([[0.2, 0.7, 0.1], [0.7, 0.2, 0.1], [0.05, 0.05, 0.9]], (4, 1, 1))
    many = crowd.simulated(np.concatenate([careful, swapping]), tasks=600, per_task=7, prior=np.array([0.5, 0.2, 0.3]))
    # when consensus and majority are asked
    found = many.fit()
    votes = majority(many.task, many.label, tasks=600, labels=3)
    # then the consensus reads them right where the majority is misled
    assert many.accuracy(found.posterior) > many.accuracy(votes) + 15
    assert found.confusion[-1, 0].argmax() == 1


def test_with_very_few_answers_it_stays_near_the_majority() -> None:
    # given 300 tasks with three answers each by 150 people: six answers a person, a rare class
    people = crowd.one_coin(np.random.default_rng(1).uniform(0.6, 1.0, 150), 3)
    thin = crowd.simulated(people, tasks=300, per_task=3, prior=np.array([0.48, 0.04, 0.48]))
    found = thin.fit()
    votes = majority(thin.task, thin.label, tasks=300, labels=3)
    plain = dawid_skene(thin.task, thin.annotator, thin.label, tasks=300, annotators=150, labels=3)
    # then it loses at most a point to majority vote, where plain Dawid-Skene may lose many
    assert thin.accuracy(found.posterior) > thin.accuracy(votes) - 1
    assert thin.accuracy(found.posterior) >= thin.accuracy(plain)


def test_it_recovers_the_confusions_it_was_shown() -> None:
    rng = np.random.default_rng(3)
    true = np.array([0.75 * np.eye(3) + 0.25 * rng.dirichlet(np.ones(3), 3) for _ in range(8)])
    found = crowd.simulated(true, tasks=3000, per_task=4).fit()
    assert np.abs(found.confusion - true).max() < 0.06
    assert_allclose(found.confusion.sum(2), 1)


def test_over_many_simulated_crowds_intervals_hold_what_they_promise() -> None:
    # given thirty crowds whose members have a confusion of their own in every row, and unequal class shares
    accurate, rows = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        labels, people = int(rng.integers(2, 6)), int(rng.integers(8, 25))
        own = rng.uniform(0.55, 0.95, (people, labels))
        wrong = rng.dirichlet(np.ones(labels), (people, labels)) * (1 - np.eye(labels))
        true = np.eye(labels) * own[:, :, None] + wrong / wrong.sum(2, keepdims=True) * (1 - own)[:, :, None]
        prior = rng.dirichlet(np.full(labels, 5.0))
        some = crowd.simulated(true, tasks=400, per_task=4, prior=prior, seed=seed)
        found = some.fit()
        # when accuracies and entries of confusions get their 95 % intervals
        judged = performance(some.task, some.annotator, some.label, found, annotators=people)
        accuracy = (np.diagonal(true, axis1=1, axis2=2) * prior).sum(1)
        accurate.append(np.mean((judged.low <= accuracy) & (accuracy <= judged.high)))
        low, high = beta_interval(found.counts, found.counts.sum(2, keepdims=True) - found.counts)
        rows.append(np.mean((low <= true) & (true <= high)))
    # then nine of ten hold the truth at least: of accuracies nearly all, as that interval spans two explanations
    assert np.mean(accurate) >= 0.95
    assert np.mean(rows) >= 0.9


def test_the_fit_is_pure() -> None:
    some = crowd.simulated(crowd.one_coin(np.full(6, 0.8), 3))
    arrays = [some.task.copy(), some.annotator.copy(), some.label.copy()]
    first, second = some.fit(), some.fit()
    assert_allclose(first.posterior, second.posterior, atol=0)
    for before, after in zip(arrays, (some.task, some.annotator, some.label), strict=True):
        assert_allclose(before, after, atol=0)


def test_known_labels_hold_and_teach_who_is_right() -> None:
    # given three people who are always wrong and one who is right, and 30 tasks whose label is known
    wrong = crowd.one_coin(np.array([0.05, 0.05, 0.05, 0.95]), 2)
    odd = crowd.simulated(wrong, tasks=200, per_task=4)
    pinned = np.where(np.arange(200) < 30, odd.truth, -1)
    # when it is fitted with and without what is known
    blind, taught = odd.fit(), odd.fit(pinned=pinned)
    # then thirty known labels turn the rest the right way round
    assert odd.accuracy(blind.posterior) < 20
    assert odd.accuracy(taught.posterior) > 90
    assert_allclose(taught.probability[:30].max(1), 1)
    assert (taught.posterior[:30].argmax(1) == odd.truth[:30]).all()


def test_a_label_that_gains_tasks_against_the_majority_is_reported() -> None:
    # given people who overlook a label more often than they see it, and rarely give it wrongly
    shy = np.tile([[0.97, 0.03], [0.6, 0.4]], (12, 1, 1))
    odd = crowd.simulated(shy, tasks=1000, per_task=9, prior=np.array([0.6, 0.4]))
    # then the model sees it on many tasks where the majority does not, and says so
    found = odd.fit()
    votes = majority(odd.task, odd.label, tasks=1000, labels=2)
    assert odd.accuracy(found.posterior) > odd.accuracy(votes) + 10
    assert any(warning.startswith("label 1 has ") for warning in found.warnings)


def test_an_index_out_of_range_is_named() -> None:
    one = np.array([0])
    with pytest.raises(ValueError, match="label indices run from 7 to 7, but there are 2"):
        fit(one, one, np.array([7]), tasks=1, annotators=1, labels=2)


answers = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), unique=True, max_size=24)


@given(answers, st.integers(1, 4), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_whatever_the_answers_are_the_result_is_probabilities(pairs: list[tuple[int, int]], labels: int, random: object
                                                              ) -> None:
    # no answers, one annotator, one label, tasks and annotators without any: all are fine
    label = np.array([random.randrange(labels) for _ in pairs], int)  # type: ignore[attr-defined]
    task, annotator = (np.array([pair[i] for pair in pairs], int) for i in (0, 1))
    found = fit(task, annotator, label, tasks=6, annotators=4, labels=labels)
    for chances in (found.posterior, found.probability, found.confusion, found.pooled, found.prior):
        assert np.isfinite(chances).all()
        assert (chances >= 0).all()
        assert_allclose(chances.sum(-1), 1)
    # and the label that is chosen is never less probable than another one
    chosen = found.probability[np.arange(6), found.posterior.argmax(1)]
    assert_allclose(chosen, found.probability.max(1), atol=1e-9)


def test_plain_dawid_skene_finds_the_same_as_ours_where_answers_abound() -> None:
    rich = crowd.simulated(crowd.one_coin(np.linspace(0.6, 0.9, 10), 3), tasks=500, per_task=9)
    plain = dawid_skene(rich.task, rich.annotator, rich.label, tasks=500, annotators=10, labels=3)
    assert (plain.argmax(1) == rich.fit().posterior.argmax(1)).mean() > 0.99
