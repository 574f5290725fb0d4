"""Near-duplicates are found, all of them, and the same ones in every process."""

import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_backend.data import duplicates
from ml_backend.data.duplicates import near_duplicates, rows
from ml_backend.data.pieces import jaccard, normal, pieces, sketches
from ml_backend.data.unions import Unions
from tests.ml_backend.conftest import examples

LETTER = "the parcel arrived two weeks late and nobody of your support answered any of my three letters about it"


def test_a_typo_a_number_or_punctuation_makes_no_other_text():
    # Given one letter written four times, a little differently, and two other texts
    texts = [LETTER, LETTER.upper() + "!!", "I like the soup", LETTER.replace("weeks", "weks"),
             LETTER.replace("three", "four"), "we like soup"]
    # Then the letter is one cluster, and what is merely about the same is not
    assert near_duplicates(texts, 0.8).tolist() == [0, 0, 2, 0, 0, 5]


def test_with_likeness_1_only_equal_texts_are_duplicates_and_with_none_not_even_those():
    texts = ["Hello there, world", "hello there world", "hello there word"]
    assert near_duplicates(texts, 1.0).tolist() == [0, 0, 2]
    assert near_duplicates(texts, None).tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="likeness 0"):
        near_duplicates(texts, 0)


@pytest.mark.parametrize("texts", [[], ["a"], ["", "   ", "..."], ["!!!", "???"], ["\ud800 a", "\ud800 a"]])
def test_nothing_short_empty_or_broken_is_too_much(texts):
    found = near_duplicates(texts, 0.8)
    assert found.shape == (len(texts),)
    assert all(found[at] <= at for at in range(len(texts)))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text("abcd ", max_size=14), max_size=25), st.sampled_from([0.3, 0.5, 0.8, 0.95]))
def test_the_clusters_are_those_of_comparing_all_pairs(texts, least):
    # Given what comparing every text with every other one would find
    unions, sets = Unions(len(texts)), [pieces(normal(text)) for text in texts]
    for one, other in combinations(range(len(texts)), 2):
        if jaccard(sets[one], sets[other]) >= least:
            unions.join(one, other)
    # Then sketches find the same
    assert near_duplicates(texts, least).tolist() == unions.roots().tolist()


def test_sketches_tell_the_likeness_of_two_texts():
    rng = random.Random(0)
    words = [f"w{rng.randrange(10**6)}" for _ in range(400)]
    for kept in (50, 200, 350):
        one, other = " ".join(words), " ".join(words[:kept] + [f"x{n}" for n in range(400 - kept)])
        exact = jaccard(pieces(normal(one)), pieces(normal(other)))
        told = np.equal(*sketches([normal(one), normal(other)])).mean()
        assert abs(told - exact) < 0.15


def test_a_sketch_is_the_same_for_good():
    # What is held out must not depend on the machine or on today
    assert sketches([normal("bread and soup")])[0, :3].tolist() == [165386971, 202626006, 8202006]


def test_bands_miss_fewer_than_one_in_a_thousand_pairs():
    for least in np.linspace(0.2, 1, 17):
        size = rows(least)
        assert 1 <= size <= 8
        assert size == 1 or (1 - least ** size) ** (128 // size) <= 1e-3


def test_a_template_that_thousands_of_texts_share_is_one_cluster_and_quickly_so(monkeypatch):
    # Given thousands of texts that differ in a number, and a budget of exact comparisons that is soon used up
    texts = [f"Dear customer, the code for your order is {number:05d}. Never tell it to anybody." for number in
             range(3000)] + [e.text for e in examples(200)]
    monkeypatch.setattr(duplicates, "EXACT", 1)
    found = near_duplicates(texts, 0.8)
    assert set(found[:3000].tolist()) == {0}
    assert len(set(found[3000:].tolist())) > 190
