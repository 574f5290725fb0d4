"""Projects played again: what is asked, in which order, and how good a model was then."""

from __future__ import annotations

import random

import numpy as np
import pytest

from cueloop.errors import ModelError
from ml_backend.active.choose import Tasks, rank
from ml_backend.active.learner import learn
from ml_backend.active.likeness import points
from ml_backend.active.quality import judge, needed
from ml_backend.active.rehearse import material, rehearse, sizes, whole
from ml_backend.policy.policy import Learning
from tests.ml_backend.conftest import LABELS, text_about


def invented(shares=(1 / 3, 1 / 3, 1 / 3), count=400, clear=0.4):
    """Sentences about three topics in these shares, and 150 others that judge."""
    rng = random.Random(1)
    label = rng.choices(range(3), weights=shares, k=count)
    truth = [number % 3 for number in range(150)]
    return material([text_about(LABELS[one], rng, clear) for one in label], np.array(label),
                    [text_about(LABELS[one], rng, clear) for one in truth], np.array(truth), 3)


@pytest.fixture(scope="module")
def even():
    return invented()


@pytest.mark.parametrize("policy", ["learning", "random"])
def test_each_text_is_asked_once_and_the_same_way_twice(even, policy):
    steps = sizes(120)
    curve = rehearse(even, policy, steps, seed=3)
    assert len(set(curve.place.tolist())) == len(curve.place) == len(curve.why) == 120
    assert [one.labels for one in curve.quality] == steps
    again = rehearse(even, policy, steps, seed=3)
    assert again.place.tolist() == curve.place.tolist()
    assert again.quality == curve.quality
    # and fewer steps are the beginning of more, another seed another order
    assert rehearse(even, policy, steps[:3], seed=3).place.tolist() == curve.place.tolist()[:steps[2]]
    assert rehearse(even, policy, steps[:1], seed=4).place.tolist() != curve.place.tolist()[:steps[0]]


def test_all_texts_may_be_asked_and_then_both_orders_know_the_same(even):
    full = whole(even)
    for policy in ("learning", "random"):
        curve = rehearse(even, policy, [20, len(even)])
        assert curve.quality[-1].accuracy == pytest.approx(full.accuracy, abs=0.02)


def test_a_rare_class_is_found_sooner_than_by_chance():
    # given 2 % of one class of three
    rare = invented(shares=(0.49, 0.49, 0.02), count=700)
    steps = sizes(100)
    found = {policy: [int((rare.label[rehearse(rare, policy, steps, seed=seed).place] == 2).sum()) for seed in range(3)]
             for policy in ("learning", "random")}
    # then learning has found more of it with a hundred labels
    assert sum(found["learning"]) > 1.5 * sum(found["random"])


def test_it_ends_when_it_is_good_enough(even):
    curve = rehearse(even, "random", sizes(400), until=0.5)
    assert len(curve.place) < 400
    assert min(one.accuracy for one in curve.quality[-2:]) >= 0.5


def test_chance_always_has_its_turns(even):
    curve = rehearse(even, "learning", sizes(200))
    assert 0.03 <= curve.why[20:].count("random") / 180 <= 0.15
    assert {"typical", "margin", "random"} <= set(curve.why)


def test_entropy_is_told_as_such_and_a_batch_may_hold_what_is_alike(even):
    curve = rehearse(even, "learning", [20, 40], how=Learning(by="entropy", diverse=False, rare=False))
    assert "entropy" in curve.why


def test_a_model_goes_on_from_where_it_was():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 200)
    features = (np.eye(3)[label] + 0.5 * rng.normal(size=(200, 3))).astype(np.float32)
    lessons = np.eye(4)[label]          # one class has no example
    cold = learn(features, lessons)
    warm = learn(features, lessons, learn(features[:50], lessons[:50]))
    assert warm.probabilities(features) == pytest.approx(cold.probabilities(features), abs=0.01)
    assert (cold.probabilities(features)[:, 3] == 0).all()
    assert cold.probabilities(features).sum(axis=1) == pytest.approx(np.ones(200))
    assert not cold.seen[3]


def test_it_learns_what_scikit_learn_learns():
    from sklearn.linear_model import LogisticRegression

    from ml_backend.models.text_linear import INVERSE_REGULARISATION

    rng = np.random.default_rng(0)
    label, weight = rng.integers(0, 3, 200), rng.random(200)
    features = np.eye(3)[label] + rng.normal(size=(200, 3))
    theirs = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=1000, tol=1e-8).fit(features, label, weight)
    ours = learn(features.astype(np.float32), np.eye(3)[label] * weight[:, None])
    assert ours.probabilities(features.astype(np.float32)) == pytest.approx(theirs.predict_proba(features), abs=0.01)


def test_one_class_is_always_answered_and_nothing_cannot_be_learned():
    one = learn(np.ones((3, 2), dtype=np.float32), np.array([[0, 1.0]] * 3))
    assert one.probabilities(np.ones((1, 2), dtype=np.float32)).tolist() == [[0, 1]]
    with pytest.raises(ModelError, match="nothing to learn"):
        learn(np.ones((3, 2), dtype=np.float32), np.zeros((3, 2)))


def test_quality_counts_what_was_told_and_what_is_true():
    quality = judge(5, np.array([[0.9, 0.1, 0], [0.8, 0.2, 0], [0.1, 0.9, 0]]), np.array([0, 1, 1]))
    assert quality.accuracy == pytest.approx(2 / 3)
    assert quality.macro_f1 == pytest.approx(2 / 3)
    assert 0 <= quality.low < quality.accuracy < quality.high <= 1


def test_labels_needed_lie_between_two_sizes_or_nowhere():
    assert needed([10, 20], [0.5, 0.7], 0.6) == pytest.approx(15)
    assert needed([10, 20], [0.5, 0.7], 0.4) == 10
    assert needed([10, 20], [0.5, 0.7], 0.8) is None


def test_a_doubtful_label_stands_among_new_ones_by_its_doubt():
    # given five new tasks, more and less uncertain, and two labels, one in doubt
    belief = np.array([[0.5, 0.5], [0.6, 0.4], [0.8, 0.2], [0.9, 0.1], [0.95, 0.05], [0.7, 0.3], [0.99, 0.01]])
    second = np.array([False] * 5 + [True] * 2)
    where = points([f"{word} {word}s" for word in ("cat", "dog", "fish", "horse", "cow", "bird", "ant")])
    tasks = Tasks(belief, second, where, np.zeros(7), np.arange(7) / 7, np.array([50.0, 50.0]))
    # when all are ranked
    ranked = rank(tasks, Learning(rare=False), 7)
    by_doubt = [one for one, why in zip(ranked.place.tolist(), ranked.why, strict=True) if why != "random"]
    # then the doubted one comes before the sure ones, the other last, and it says why
    assert by_doubt.index(5) <= 2
    assert ranked.place[-1] == 6
    assert ranked.why[ranked.place.tolist().index(5)] == "doubtful"
