"""static-linear explains itself: the words' weights sum to the lead of one label over another, exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_backend.models import kind
from tests.ml_backend.conftest import LABELS, examples


@pytest.fixture(scope="module")
def model():
    some = examples(60)
    return kind("static-linear").fit([e.text for e in some], np.array([LABELS.index(e.label) for e in some]),
                                     np.ones(60), classes=3, seed=0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_words_and_the_rest_sum_to_the_lead(model, texts):
    reading = model.read(texts)
    best, second = np.argsort(reading.logits, axis=1)[:, [-1, -2]].T
    spoke = reading.spoke(best, second)
    total = np.bincount(spoke.text, weights=spoke.weight, minlength=len(texts)) + spoke.rest
    at = np.arange(len(texts))
    assert np.allclose(total, reading.logits[at, best] - reading.logits[at, second], atol=1e-3)
    assert np.array_equal(reading.logits, model.logits(texts))
    assert (np.diff(spoke.text) >= 0).all()
    assert len(set(zip(spoke.text.tolist(), spoke.word.tolist(), strict=True))) == len(spoke.text)


def test_a_word_is_told_once_in_small_letters_without_what_is_around_it(model):
    reading = model.read(["Bread, (bread) BREAD? soup!"])
    food, money = LABELS.index("food"), LABELS.index("money")
    spoke = reading.spoke(np.array([food]), np.array([money]))
    assert [spoke.words[at] for at in spoke.word] == ["bread", "soup"]
    assert spoke.weight[0] > 0
