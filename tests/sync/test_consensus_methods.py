"""Every method by its name: the same arguments, the same kind of result, known numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sync.assess import assess
from sync.effective import worth
from sync.majority import majority
from sync.methods import METHODS, of_name
from sync.observations import Observations, observe
from sync.one_coin import one_coin
from tests.sync import crowd

CROWD_KIT = {
    # crowd-kit 1.4.2, default parameters: majority vote, one-coin Dawid-Skene (percent right; facts of the project)
    "d_possent": (93.2, 94.9), "dog": (81.8, 83.0), "rte": (91.9, 92.5), "temp": (93.9, 93.9),
    "bluebirds": (75.9, 58.3), "labelme": (76.9, 76.7), "wsd": (99.4, 99.4), "weather_cf": (90.0, 88.7),
}


def named(some: crowd.Crowd, **columns: object) -> Observations:
    """The same answers with names."""
    return observe([f"t{t:04}" for t in some.task], [f"w{w:03}" for w in some.annotator],
                   [f"l{one}" for one in some.label], labels=[f"l{k}" for k in range(some.labels)],
                   **columns)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CROWD_KIT)
def test_majority_and_one_coin_are_as_right_as_crowd_kit_s(name: str) -> None:
    real = crowd.recorded(name)
    arrays = (real.task, real.annotator, real.label)
    sizes = {"tasks": len(real.truth), "annotators": real.annotators, "labels": real.labels}
    votes = METHODS["majority"](*arrays, **sizes)
    coin = METHODS["one-coin"](*arrays, **sizes)
    # ties are broken another way there: a few tenths more or less
    assert abs(real.accuracy(votes.posterior) - CROWD_KIT[name][0]) < 3
    assert abs(real.accuracy(coin.posterior) - CROWD_KIT[name][1]) < 0.4


@pytest.mark.parametrize("name", METHODS)
def test_every_method_carries_a_whole_assessment(name: str) -> None:
    # given people of whom the last knows nothing
    some = crowd.simulated(crowd.one_coin(np.array([0.9, 0.85, 0.8, 0.8, 1 / 3]), 3), tasks=300, per_task=4)
    # when their answers are assessed with a method
    found = assess(named(some), method=name)
    # then labels, annotators and agreement are there, and the last is known for what they are
    assert found.method == name
    assert some.accuracy(found.posterior) > 80
    assert found.performance.accuracy.argmin() == [str(w) for w in found.observations.annotators].index("w004")
    assert found.agreement.value is not None
    for chances in (found.posterior, found.probability, found.fit.confusion):
        assert_allclose(chances.sum(-1), 1)


def test_an_unknown_method_is_refused_with_all_names() -> None:
    with pytest.raises(ValueError, match="'best'; there are majority, one-coin, dawid-skene, hierarchical"):
        of_name("best")


@pytest.mark.parametrize("name", METHODS)
def test_known_labels_hold_in_every_method(name: str) -> None:
    some = crowd.simulated(crowd.one_coin(np.full(5, 0.7), 3), tasks=60, per_task=3)
    wrong = np.where(np.arange(60) < 5, (some.truth + 1) % 3, -1)
    found = METHODS[name](some.task, some.annotator, some.label, tasks=60, annotators=5, labels=3, pinned=wrong)
    assert (found.posterior[:5].argmax(1) == wrong[:5]).all()
    assert_allclose(found.probability[:5].max(1), 1)


def test_one_coin_on_few_cells_is_what_it_is_on_whole_arrays() -> None:
    # given answers of known accuracy, one of them biased to nothing
    some = crowd.simulated(crowd.one_coin(np.linspace(0.5, 0.95, 8), 4), tasks=800, per_task=4)
    found = one_coin(some.task, some.annotator, some.label, tasks=800, annotators=8, labels=4)
    # then accuracies are found, and whole posteriors sum to one and agree with the labels
    assert_allclose(found.accuracy, np.linspace(0.5, 0.95, 8), atol=0.06)
    posterior = found.posterior()
    assert_allclose(posterior.sum(1), 1)
    assert (posterior.argmax(1) == found.labels).mean() > 0.999


@pytest.mark.parametrize("name", METHODS)
@given(order=st.permutations(range(4)), seed=st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_names_of_labels_and_order_of_rows_change_nothing(name: str, order: list[int], seed: int) -> None:
    # given answers, and the same with other numbers for the labels, rows shuffled
    some = crowd.simulated(crowd.one_coin(np.linspace(0.5, 0.9, 7), 4), tasks=60, per_task=3, seed=seed)
    rows, sizes = np.random.default_rng(seed).permutation(len(some.task)), {"tasks": 60, "annotators": 7, "labels": 4}
    map_ = np.array(order)
    first = METHODS[name](some.task, some.annotator, some.label, **sizes)
    second = METHODS[name](some.task[rows], some.annotator[rows], map_[some.label[rows]], **sizes)
    # then probabilities are the same, label for label, but where two of them are equal
    assert_allclose(second.likelihood[:, map_], first.likelihood, atol=1e-6)
    apart = np.sort(first.posterior, 1)
    clear = apart[:, -1] - apart[:, -2] > 1e-6
    assert (second.posterior[clear].argmax(1) == map_[first.posterior[clear].argmax(1)]).all()


def test_batches_of_a_stream_change_nothing_in_a_full_run() -> None:
    # given the same answers as they came, and sorted by annotator as if each had sent a batch
    some = crowd.simulated(crowd.one_coin(np.linspace(0.5, 0.9, 7), 3), tasks=100, per_task=3)
    whole = assess(named(some))
    rows = np.argsort(some.annotator, kind="stable")
    batches = assess(named(replace(some, task=some.task[rows], annotator=some.annotator[rows],
                                   label=some.label[rows])))
    first = dict(zip(whole.observations.tasks, whole.probability.tolist(), strict=True))
    second = dict(zip(batches.observations.tasks, batches.probability.tolist(), strict=True))
    for task, chances in first.items():
        assert_allclose(second[task], chances, atol=1e-6)


def test_reviews_vote_but_neither_agree_nor_judge_the_reviewer() -> None:
    # given four annotators, and a reviewer who corrects what the last one wrote, always to another label
    some = crowd.simulated(crowd.one_coin(np.array([0.9, 0.9, 0.85, 0.3]), 3), tasks=200, per_task=3)
    theirs = np.flatnonzero(some.annotator == 3)[:60]
    task = np.concatenate([some.task, some.task[theirs]])
    annotator = np.concatenate([some.annotator, np.full(60, 4)])
    label = np.concatenate([some.label, some.truth[some.task[theirs]]])
    review = np.concatenate([np.zeros(len(some.task), bool), np.ones(60, bool)])
    names = [f"w{w}" for w in annotator]
    given_ = ([f"t{t}" for t in task], names, [f"l{one}" for one in label])
    reviewed, without = assess(observe(*given_, review=review.tolist())), assess(named(some))
    # then agreement is among independent answers only
    assert reviewed.agreement.value == without.agreement.value
    # the reviewer has no certain judgement of their own, and their confusion is the crowd's
    at = reviewed.observations.annotators.index("w4")
    assert reviewed.performance.answers[at] == 0
    assert reviewed.performance.high[at] - reviewed.performance.low[at] > 0.9
    assert reviewed.fit.counts[at].sum() == 0
    # but the reviews count in the consensus of their tasks, and against the author
    assert reviewed.answers.sum() == without.answers.sum() + 60
    author = reviewed.observations.annotators.index("w3")
    assert reviewed.performance.accuracy[author] < without.performance.accuracy[
        without.observations.annotators.index("w003")] + 0.01


def test_effective_answers_count_what_each_is_worth() -> None:
    # given an expert, six ordinary people and a coin-flipper
    accuracy = np.array([0.99, *[0.75] * 6, 0.5])
    some = crowd.simulated(crowd.one_coin(accuracy, 2), tasks=1500, per_task=4)
    found = assess(named(some))
    # when each one's answer is measured in answers by nobody in particular
    value = worth(found.fit.confusion, found.fit.pooled, found.fit.prior)
    by_name = dict(zip(found.observations.annotators, value, strict=True))
    # then an expert's is worth several, an ordinary one's about one, and a coin-flipper's next to nothing
    assert by_name["w000"] > 2
    assert all(0.5 < by_name[f"w00{w}"] < 1.5 for w in range(1, 7))
    assert by_name["w007"] < 0.15
    # and four answers to one task are worth half of what they were if a hard task did not mislead everybody
    task = found.observations.task
    assert_allclose(found.effective, 0.5 * np.bincount(task, weights=value[found.observations.annotator]))


def test_majority_vote_takes_the_first_of_equal_labels() -> None:
    found = METHODS["majority"](np.array([0, 0]), np.array([0, 1]), np.array([1, 0]), tasks=1, annotators=2, labels=3)
    assert found.posterior.argmax() == majority(np.array([0, 0]), np.array([1, 0]), tasks=1, labels=3).argmax() == 0
