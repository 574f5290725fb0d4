"""Our reading of texts: scikit-learn's numbers to the last bit, whatever the text, however often, by whomever."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from ml_backend.models import grams, reading
from ml_backend.models.text_linear import VIEWS
from ml_backend.models.tfidf import TfIdf, View
from tests.ml_backend.conftest import examples

PIECES = ["a", "be", "Straße", "ΣΑΣ", "İx", "can't", "e-mail!", "x_1", "...", "😀", "né́e", "你好吗", "\x00", "\x1f",
          "\u2028", " ", "  ", "\n", "\ud800", "ab", "card", "cards", "the", "THE", "3.14", "ﬁn"]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=30).map("".join) | \
    st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join)


def _fitted(texts, only=None):
    """Scikit-learn's vectorizers, and ours with what they learned."""
    theirs = {name: TfidfVectorizer(**options, sublinear_tf=True).fit(texts)
              for name, options in VIEWS.items() if only in {None, name}}
    ours = TfIdf({name: View(tuple(sorted(one.vocabulary_, key=one.vocabulary_.__getitem__)), one.idf_)
                  for name, one in theirs.items()})
    return list(theirs.values()), ours


def _same(theirs, ours, texts):
    expected = hstack([one.transform(texts) for one in theirs], format="csr")
    expected.sort_indices()
    found = ours.read(texts).matrix()
    assert found.shape == expected.shape
    assert np.array_equal(found.indptr, expected.indptr)
    assert np.array_equal(found.indices, expected.indices)
    assert np.array_equal(found.data, expected.data)


@given(learned=st.lists(TEXTS, min_size=1, max_size=6), asked=st.lists(TEXTS, max_size=6))
@settings(max_examples=50, deadline=None)
def test_any_texts_have_the_tf_idf_of_scikit_learn_to_the_last_bit(learned, asked):
    learned = [*learned, "some words to learn"]
    theirs, ours = _fitted(learned)
    _same(theirs, ours, [*learned, *asked, *asked])


@pytest.mark.parametrize("only", list(VIEWS))
def test_one_view_alone_reads_as_well(only):
    texts = [e.text for e in examples(40)]
    _same(*_fitted(texts, only), [*texts, "", "?", "bread bread with bread"])


def test_no_texts_are_no_rows():
    _, ours = _fitted(["a few words"])
    assert ours.read([]).matrix().shape == (0, ours.columns)


def test_forgetting_what_was_remembered_changes_nothing(monkeypatch):
    monkeypatch.setattr(grams, "REMEMBERED", 3)
    monkeypatch.setattr(grams, "LONGEST_REMEMBERED", 5)
    texts = [e.text for e in examples(60)]
    theirs, ours = _fitted(texts)
    for _ in range(2):
        _same(theirs, ours, texts)
    assert len(ours._grams._known) <= 3


def test_several_threads_read_at_once(monkeypatch):
    monkeypatch.setattr(grams, "REMEMBERED", 20)        # so that they forget while others read
    texts = [e.text for e in examples(300)]
    _, ours = _fitted(texts)
    expected = ours.read(texts).matrix()
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: ours.read(texts).matrix(), range(40)):
            assert (found != expected).nnz == 0


@given(st.lists(st.text(max_size=30), max_size=30))
def test_slices_are_all_texts_in_order_and_bounded(texts):
    few = pytest.MonkeyPatch()
    with few.context() as patch:
        patch.setattr(reading, "AT_ONCE", 40)
        patch.setattr(reading, "TEXTS_AT_ONCE", 4)
        parts = list(reading.slices(texts))
    assert [text for part in parts for text in texts[part]] == texts
    assert all(len(texts[part]) <= 4 for part in parts)
    assert all(len(texts[part]) == 1 or sum(map(len, texts[part])) <= 40 for part in parts)
