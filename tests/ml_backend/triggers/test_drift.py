"""Drift: tasks that arrive are, or are not, like those that were there."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_backend.policy.policy import Triggers
from ml_backend.triggers import drift
from ml_backend.triggers.drift import Sample
from ml_backend.triggers.stability import binned, shift

WORDS = [f"word{n}" for n in range(200)]


def sample(count, seed, *, words=WORDS, length=12, score=0.85, labels=("food", "sport"), weights=(1, 1), said=None):
    rng = random.Random(seed)
    said = count if said is None else said
    texts = [" ".join(rng.choices(words, k=rng.randint(length // 2, length))) for _ in range(count)]
    return Sample(count, count, texts,
                  rng.choices(labels, weights, k=said), [min(max(rng.gauss(score, 0.1), 0), 1) for _ in range(said)])


@pytest.mark.parametrize("seed", range(5))
def test_tasks_like_before_are_no_drift(seed):
    old, new = sample(500, seed), sample(150, seed + 100)
    assert not drift.inputs("topic", old, new, Triggers()).due
    assert not drift.labels("topic", old, new, Triggers()).due


@pytest.mark.parametrize(("changed", "feature"), [
    ({"words": [f"mot{n}" for n in range(200)]}, "words"), ({"length": 60}, "length"), ({"score": 0.55}, "score")])
def test_other_words_lengths_or_doubts_are_drift(changed, feature):
    look = drift.inputs("topic", sample(500, 1), sample(150, 2, **changed), Triggers())
    assert look.due
    assert drift.WHAT[feature] in look.said
    assert look.figures[feature]["index"] > 0.2


def test_another_mix_of_labels_is_told_with_the_label():
    look = drift.labels("topic", sample(500, 1), sample(150, 2, weights=(1, 4)), Triggers())
    assert look.due
    assert "'food'" in look.said or "'sport'" in look.said
    assert not drift.labels("topic", sample(500, 1), sample(150, 2, weights=(1, 4)), Triggers(label_drift=None)).due


def test_few_tasks_wait_and_patience_asks_for_more():
    old, new = sample(500, 1), sample(150, 2, length=60)
    assert "99 tasks arrived" in drift.inputs("topic", old, sample(99, 2), Triggers()).said
    assert not drift.inputs("topic", old, new, Triggers(), patience=2).due
    assert "to compare with" in drift.inputs("topic", sample(50, 1), new, Triggers()).said
    assert "wait for a prediction" in drift.labels("topic", old, sample(150, 2, said=20), Triggers()).said


def test_texts_that_lie_elsewhere_are_judged_by_the_score():
    old, new = sample(500, 1), sample(150, 2, score=0.55)
    far = [Sample(one.count, one.seen, (), one.labels, one.scores) for one in (old, new)]
    look = drift.inputs("topic", *far, Triggers())
    assert look.due
    assert set(look.figures) == {"arrived", "limit", "score"}


def test_chance_gives_what_the_literature_says():
    # Given 400 pairs of samples of one distribution: the index stays below its quantile of one in 10,000
    rng = np.random.default_rng(0)
    shifts = [binned("x", rng.normal(size=300).tolist(), rng.normal(size=120).tolist()) for _ in range(400)]
    assert max(one.index / one.by_chance for one in shifts) < 1.1
    # and is about (1/n + 1/m) (bins - 1) on average (Yurdakul and Naranjo 2020)
    assert np.mean([one.index for one in shifts]) == pytest.approx(9 * (1 / 300 + 1 / 120), rel=0.15)


@given(old=st.lists(st.sampled_from("abc"), max_size=60), new=st.lists(st.sampled_from("abcd"), max_size=60))
@settings(max_examples=50, deadline=None)
def test_the_index_is_finite_and_never_negative(old, new):
    found = shift("labels", old, new)
    assert np.isfinite([found.index, found.by_chance]).all()
    assert found.index >= 0
    assert shift("labels", old, old).index == pytest.approx(0)


def test_an_empty_text_has_no_strange_words():
    empty = Sample(200, 200, [""] * 200, ["a"] * 200, [0.9] * 200)
    assert not drift.inputs("topic", empty, empty, Triggers()).due
