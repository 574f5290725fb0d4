"""What a question is worth: uncertainty, what both witnesses believe, rare classes, unlike texts, fair turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ml_backend.active import belief, likeness, rare
from ml_backend.active.cover import cover
from ml_backend.active.cover import likeness as cover_likeness
from ml_backend.active.mix import mix
from ml_backend.active.unsure import BY, entropy, margin

ROWS = arrays.arrays(np.float64, arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
                     elements=st.floats(0, 1))
TEXTS = ["my card has not come yet", "my card has not come yet!", "the card has still not arrived",
         "what is the exchange rate today", "which exchange rate do I get", "close my account please"]


@pytest.mark.parametrize("by", list(BY))
@given(rows=ROWS)
@settings(max_examples=50)
def test_doubt_is_between_nothing_and_all_whatever_a_model_says(by, rows):
    doubt = BY[by](rows)
    assert doubt.shape == (len(rows),)
    assert ((doubt >= 0) & (doubt <= 1 + 1e-9)).all()


def test_a_sure_answer_leaves_no_doubt_and_a_row_of_nothing_all():
    rows = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0, 0, 0]])
    assert margin(rows).tolist() == [0, 1, 1]
    assert entropy(rows) == pytest.approx([0, np.log(2) / np.log(3), 1])


def test_a_label_left_the_config_and_the_rest_is_read_as_shares():
    assert margin(np.array([[0.2, 0.1]])) == pytest.approx(margin(np.array([[2 / 3, 1 / 3]])))


def test_a_label_against_a_sure_model_is_doubted_and_one_that_it_shares_is_not():
    # given three tasks of which the model says A with 0.9; people say A, say B, say nothing
    model = np.array([[0.9, 0.1]] * 3)
    people = np.array([[0.85, 0.15], [0.15, 0.85], [0, 0]])
    # when both are put together
    both = belief.together(model, people, np.array([0.5, 0.5]))
    # then agreement is surer than either, disagreement less sure than either, and silence leaves the model's word
    assert both[0, 0] > 0.97
    assert both[1].max() < 0.65
    assert both[2].tolist() == [0.9, 0.1]
    assert margin(both)[1] > margin(both)[2] > margin(both)[0]


def test_what_both_know_of_the_classes_is_counted_once():
    # given a frequent and a rare class, and witnesses who say no more than that
    prior = np.array([0.9, 0.1])
    assert belief.together(prior[None], prior[None], prior)[0] == pytest.approx(prior)


@given(rows=ROWS, seed=st.integers(0, 99))
@settings(max_examples=50)
def test_belief_is_always_a_probability(rows, seed):
    prior = belief.shares(np.arange(rows.shape[1], dtype=float))
    people = np.random.default_rng(seed).dirichlet(np.ones(rows.shape[1]), len(rows))
    assert belief.together(rows, people, prior).sum(axis=1) == pytest.approx(np.ones(len(rows)))


def test_a_class_with_few_labels_is_rare_and_one_without_is_unseen():
    counts = np.array([90.0, 80, 3, 0])
    assert rare.rarity(counts)[:2].tolist() == [0, 0]
    assert 0 < rare.rarity(counts)[2] < rare.rarity(counts)[3] == 1
    assert rare.unseen(counts)
    # then tasks that may be of one come sooner, and those that hardly are do not come for its sake
    assert rare.chance(np.array([[0.5, 0.3, 0.2, 0], [0.99, 0.005, 0.005, 0]]), counts)[1] == 0


def test_nothing_is_rare_before_anything_is_labelled_nor_when_there_is_plenty():
    assert not rare.rarity(np.zeros(3)).any()
    assert not rare.rarity(np.array([100_000.0, 200])).any()


def test_near_duplicates_do_not_come_together():
    # given six texts of three matters, two of them the same but for a sign
    where = likeness.points(TEXTS)
    speaks = cover_likeness(where, where)
    # when the best three are taken, the duplicates being worth most
    own = np.array([1.0, 0.99, 0.9, 0.5, 0.4, 0.3])
    taken = cover(speaks, np.ones(6), own, 3, np.zeros(6)).tolist()
    # then only one of the two is among them
    assert len({0, 1} & set(taken)) == 1


def test_what_is_labelled_already_is_not_asked_again_in_other_words():
    where = likeness.points(TEXTS)
    covered = cover_likeness(where, where[:3]).max(axis=1)
    assert min(cover(cover_likeness(where, where), np.ones(6), np.ones(6), 3, covered)) > 2


@given(own=st.lists(st.floats(0, 1), min_size=1, max_size=30), seed=st.integers(0, 99))
@settings(max_examples=50)
def test_taking_all_takes_each_once(own, seed):
    where = likeness.unit(np.random.default_rng(seed).normal(size=(len(own), 3)).astype(np.float32))
    speaks = cover_likeness(where, where)
    found = cover(speaks, np.ones(len(own)), np.array(own), len(own), np.zeros(len(own)))
    assert sorted(found.tolist()) == list(range(len(own)))


def test_a_text_is_nearest_to_itself():
    where = likeness.points(TEXTS)
    assert likeness.nearest(where, where) == pytest.approx(np.ones(6), abs=1e-5)
    assert likeness.nearest(where, where[:0]).tolist() == [0] * 6


@pytest.mark.parametrize("texts", [["", "", ""], ["😀"], ["same", "same"], ["a b c d e f g"] * 30])
def test_texts_that_say_nothing_or_all_the_same_are_no_error(texts):
    where = likeness.points(texts)
    assert np.isfinite(where).all()
    assert len(where) == len(texts)


def test_every_order_gets_its_share_of_every_stretch():
    place, names = mix({"one": np.arange(0, 80), "other": np.arange(80, 100)}, {"one": 0.8, "other": 0.2}, 50)
    assert len(set(place.tolist())) == 50
    assert names[:10].count("other") == names[10:20].count("other") == 2


def test_an_order_that_ran_out_leaves_its_turns():
    place, names = mix({"one": np.arange(10), "other": np.array([3, 99])}, {"one": 0.5, "other": 0.5, "no": 1.0}, 50)
    assert sorted(place.tolist()) == [*range(10), 99]
    assert names.count("other") == 2 or names.count("one") == 10
