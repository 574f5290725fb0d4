"""The text-linear kind: refuses what it cannot learn, is the same every time, and is stored without code."""

import pickletools
import random

import numpy as np
import pytest

from cueloop.errors import ModelError, NotFound
from ml_backend import models
from ml_backend.models import text_linear
from ml_backend.models.text_linear import TextLinear
from tests.ml_backend.conftest import LABELS, examples


def _data(count=90, **kwargs):
    some = examples(count, **kwargs)
    return [e.text for e in some], np.array([LABELS.index(e.label) for e in some]), np.ones(count)


def _fit(texts, truth, weights, seed=0, classes=3):
    return TextLinear.fit(texts, truth, weights, classes=classes, seed=seed)


def test_it_learns_what_the_texts_are_about():
    model = _fit(*_data())
    fresh, truth, _ = _data(60, seed=1)
    assert (model.logits(fresh).argmax(axis=1) == truth).mean() > 0.85


def test_same_data_and_seed_give_the_same_model():
    one, other = _fit(*_data()).to_files(), _fit(*_data()).to_files()
    assert one["vocabulary.json"] == other["vocabulary.json"]
    assert np.array_equal(*(TextLinear.from_files(files).coefficients for files in (one, other)))


def test_a_stored_model_answers_exactly_as_the_trained_one():
    texts, truth, weights = _data()
    model = _fit(texts, truth, weights)
    assert np.array_equal(TextLinear.from_files(model.to_files()).logits(texts), model.logits(texts))


@pytest.mark.filterwarnings("ignore:invalid escape")      # what the bytes are by chance, read as if they were a pickle
def test_its_files_hold_no_pickle():
    for data in _fit(*_data()).to_files().values():
        with pytest.raises(ValueError, match=r".*"):
            list(pickletools.genops(data))


def test_files_of_two_models_mixed_up_are_refused():
    files = _fit(*_data()).to_files()
    with pytest.raises(ModelError, match="do not fit together"):
        TextLinear.from_files({**files, "arrays.npz": b"nothing"})


def test_two_classes_give_two_logits():
    some = examples(40, labels=LABELS[:2])
    truth = np.array([LABELS.index(e.label) for e in some])
    model = _fit([e.text for e in some], truth, np.ones(40), classes=2)
    assert model.logits(["bread and soup"]).shape == (1, 2)
    assert (model.logits([e.text for e in some]).argmax(axis=1) == truth).mean() > 0.9


def test_one_class_is_refused():
    with pytest.raises(ModelError, match="at least two classes"):
        _fit(["a", "b"], np.array([0, 0]), np.ones(2), classes=1)
    with pytest.raises(ModelError, match="of each one"):
        _fit(["a", "b"], np.array([0, 0]), np.ones(2), classes=2)


def test_training_that_does_not_converge_is_refused(monkeypatch):
    monkeypatch.setattr(text_linear, "MAX_ITERATIONS", 1)
    with pytest.raises(ModelError, match="did not converge"):
        _fit(*_data())


def test_a_model_that_learned_nothing_of_a_class_is_refused():
    # Given every text with two labels, the second seldom: it can never be answered
    texts, truth = ["bread"] * 90 + ["bread"] * 10, np.array([0] * 90 + [1] * 10)
    with pytest.raises(ModelError, match="learned nothing"):
        _fit(texts, truth, np.ones(100), classes=2)


def test_texts_without_a_letter_are_refused_and_emoji_are_not():
    with pytest.raises(ModelError, match="all empty"):
        _fit(["", " "], np.array([0, 1]), np.ones(2), classes=2)
    model = _fit(["😀 😀", "😡 😡"] * 5, np.array([0, 1] * 5), np.ones(10), classes=2)
    assert model.logits(["😡"]).argmax() == 1


def test_odd_texts_are_answered():
    model = _fit(*_data())
    odd = ["", "\x00", "\ud800", "🧀" * 1000, "word " * 5000, "/etc/hostname", "http://127.0.0.1:1/x"]
    assert np.isfinite(model.logits(odd)).all()


def test_weights_count():
    texts, truth, _ = _data(60)
    rng = random.Random(0)
    flipped = np.array([(t + 1) % 3 if rng.random() < 0.4 else t for t in truth])
    trusted = np.where(flipped == truth, 1.0, 0.01)
    fresh, right, _ = _data(90, seed=5)
    weighted, plain = (_fit(texts, flipped, w).logits(fresh).argmax(axis=1) for w in (trusted, np.ones(60)))
    assert (weighted == right).mean() > (plain == right).mean()


def test_an_unknown_kind_is_named():
    with pytest.raises(NotFound, match="text-linear"):
        models.kind("text-quadratic")
