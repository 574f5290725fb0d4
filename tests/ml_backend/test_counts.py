"""Counting many texts at once: scikit-learn's numbers, of any part of the texts as if the others were not there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import hstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from ml_backend.models import counts, factored, tfidf
from ml_backend.models.counts import count
from ml_backend.models.grams import PIECES, WORDS
from ml_backend.models.text_linear import VIEWS, TextLinear
from tests.ml_backend.conftest import LABELS, examples
from tests.ml_backend.test_grams import TEXTS


def _dense(features):
    return features @ np.eye(features.shape[1], dtype=np.float32)


@given(st.lists(TEXTS, min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_any_texts_have_the_counts_of_scikit_learn(texts):
    texts = [*texts, "some words to learn"]
    found = count(texts)
    theirs = [CountVectorizer(**options).fit(texts) for options in VIEWS.values()]
    assert found.grams == {name: tuple(one.get_feature_names_out()) for name, one in zip(VIEWS, theirs, strict=True)}
    assert (found.matrix != hstack([one.transform(texts) for one in theirs], format="csr")).nnz == 0
    # and those of the pieces are those of the words they are cut from
    assert (found.said @ found.cut != found.matrix[:, found.border:]).nnz == 0


@given(learned=st.lists(TEXTS, min_size=1, max_size=6), others=st.lists(TEXTS, max_size=4))
@settings(max_examples=50, deadline=None)
def test_a_part_is_weighed_as_if_the_other_texts_were_not_there(learned, others):
    # Given texts to learn from among others, when counts of all are cut to those
    learned = [*learned, "some words to learn"]
    prepared, rows = count([*others, *learned]), np.arange(len(others), len(others) + len(learned))
    columns, idf = tfidf.fit(prepared, rows, most=10_000)
    # Then columns, frequencies and features are those of scikit-learn on them alone
    theirs = [TfidfVectorizer(**options, sublinear_tf=True).fit(learned) for options in VIEWS.values()]
    names = [*prepared.grams[WORDS], *prepared.grams[PIECES]]
    assert [names[at] for at in columns] == [gram for one in theirs for gram in one.get_feature_names_out()]
    assert np.array_equal(idf, np.concatenate([one.idf_ for one in theirs]))
    for some, texts in ((rows, learned), (np.arange(len(others)), others)):
        if texts:
            expected = hstack([one.transform(texts) for one in theirs]).toarray()
            assert np.allclose(_dense(tfidf.weigh(prepared, some, columns, idf)), expected, atol=1e-5)


def test_of_many_grams_the_most_frequent_are_kept_in_each_view():
    prepared = count(["a a a b b c", "a b", "a d"])
    columns, _ = tfidf.fit(prepared, np.arange(3), most=2)
    assert [prepared.grams[WORDS][at] for at in columns[:2]] == ["a", "b"]
    assert len(columns) == 4


def test_grams_of_one_text_are_left_out_of_many(monkeypatch):
    monkeypatch.setattr(counts, "RARE_FROM", 3)
    found = count(["bread and soup", "bread or cheese", "bread"])
    assert found.grams[WORDS] == ("bread",)


def test_products_by_two_threads_are_the_same_numbers(monkeypatch):
    prepared = count([e.text for e in examples(60)])
    columns, idf = tfidf.fit(prepared, np.arange(60), most=10_000)
    features = tfidf.weigh(prepared, np.arange(60), columns, idf)
    factors, back = np.ones((len(columns), 3), np.float32), np.ones((60, 3), np.float32)
    alone = features @ factors, features.T @ back
    monkeypatch.setattr(factored, "LARGE", 1)
    assert all(np.array_equal(*pair) for pair in zip(alone, (features @ factors, features.T @ back), strict=True))


@pytest.mark.parametrize("classes", [2, 3])
def test_a_model_of_a_part_is_that_of_these_texts_alone(classes):
    # Given texts read once
    some = examples(90, labels=LABELS[:classes])
    texts, truth = [e.text for e in some], np.array([LABELS.index(e.label) for e in some])
    weights = np.eye(classes, dtype=np.float32)[truth]
    rows, rest = np.arange(0, 60), np.arange(60, 90)
    prepared = TextLinear.prepare(texts)
    # When a model is trained on some of them, and another one that never saw the rest
    part = TextLinear.fit_prepared(prepared, rows, weights[rows], seed=0)
    alone = TextLinear.fit(texts[:60], truth[:60], np.ones(60), classes=classes, seed=0)
    # Then they are the same, and say of the rest what any text is told
    assert all(part.views[name].grams == alone.views[name].grams for name in VIEWS)
    assert np.allclose(part.coefficients, alone.coefficients, atol=1e-4)
    assert np.allclose(part.logits_prepared(prepared, rest), part.logits(texts[60:]), atol=1e-4)


def test_a_model_that_begins_at_others_ends_where_it_would_have():
    some = examples(90)
    prepared, rows = TextLinear.prepare([e.text for e in some]), np.arange(90)
    weights = np.eye(3, dtype=np.float32)[[LABELS.index(e.label) for e in some]]
    starts = [TextLinear.fit_prepared(prepared, part, weights[part], seed=0) for part in (rows[:60], rows[30:])]
    cold = TextLinear.fit_prepared(prepared, rows, weights, seed=0)
    warm = TextLinear.fit_prepared(prepared, rows, weights, seed=0, starts=starts)
    assert np.abs(cold.logits_prepared(prepared, rows) - warm.logits_prepared(prepared, rows)).max() < 0.1
