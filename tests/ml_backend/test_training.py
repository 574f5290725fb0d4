"""Training: folds, the held-out part, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.errors import ModelError
from ml_backend import folds
from ml_backend.dataset import HELD_OUT, Example, drawn, text_of
from ml_backend.folds import deal
from ml_backend.models.text_linear import TextLinear
from ml_backend.training import train
from tests.ml_backend.conftest import LABELS, dataset, examples


def test_every_fold_trains_on_every_class_even_one_with_two_examples():
    classes = np.array([0] * 50 + [1] * 7 + [2] * 2)
    fold = deal(classes, seed=3)
    for number in range(5):
        assert set(classes[fold != number]) == {0, 1, 2}
    assert np.ptp(np.bincount(fold)) <= 1


def test_the_held_out_part_is_a_fifth_and_never_changes():
    held = [drawn(f"1/{n}/2026") < HELD_OUT for n in range(10_000)]
    assert 0.18 < np.mean(held) < 0.22
    # What every Cueloop to come must decide alike, or old models would be judged on what they learned
    assert [n for n in range(40) if held[n]] == [0, 3, 8, 17, 25, 29]


def test_no_model_is_trained_on_the_held_out_part():
    data = dataset(examples(100))
    trained = train(data)
    held = {e.key for e, out in zip(data.examples, data.held_out(), strict=True) if out}
    assert held
    assert held.isdisjoint(trained.keys.tolist())
    assert len(held) + len(trained.keys) == 100


def test_one_class_data_is_refused_with_what_there_is():
    with pytest.raises(ModelError, match=r"topic.*two classes.*food"):
        train(dataset([e for e in examples(90) if e.label == "food"]))
    with pytest.raises(ModelError, match="none"):
        train(dataset([]))


def test_a_class_with_one_example_is_left_out_and_said_so():
    some = [e for e in examples(100) if e.label != "sport"]
    data = dataset([*some, *(e for e in examples(100, seed=4) if e.label == "sport" and drawn(e.identity) >= HELD_OUT)][
        :len(some) + 1])
    trained = train(data)
    assert trained.head.labels == ("food", "money")
    assert trained.report["left_out"] == {"sport": 1}


def test_out_of_fold_scores_are_more_modest_than_memory():
    data = dataset(examples(90, wrong=0.3))
    trained = train(data)
    texts = {e.key: e.text for e in data.examples}
    memory = trained.head.probabilities([texts[key] for key in trained.keys.tolist()])
    accuracy = [(p.argmax(axis=1) == trained.truth).mean() for p in (memory, trained.out_of_fold)]
    assert accuracy[0] > accuracy[1] + 0.1


def test_training_twice_gives_the_same_scores():
    data = dataset(examples(80))
    one, other = train(data, seed=7), train(data, seed=7)
    assert np.array_equal(one.out_of_fold, other.out_of_fold)
    assert one.head.temperature == other.head.temperature


def test_the_data_hash_is_of_the_content_not_of_the_order():
    some = examples(30)
    assert dataset(some).sha256() == dataset(some[::-1]).sha256()
    assert dataset(some).sha256() != dataset(some[1:]).sha256()
    assert dataset(some).sha256() != dataset(some, labels=LABELS[::-1]).sha256()


@pytest.mark.parametrize(("value", "text"), [("a", "a"), (3, "3"), (None, None), (True, None), ([1], None), ({}, None)])
def test_only_text_is_text(value, text):
    assert text_of(value) == text


def test_shares_of_labels_are_learned_as_shares():
    # given sentences about food of which a third of all people say money
    some = [replace(e, label="food", shares=(2 / 3, 1 / 3, 0.0)) if e.label == "food" else e for e in examples(240)]
    hard = [replace(e, shares=None) for e in some]
    # when a model learns the shares, and another one only the commonest labels
    soft, sure = train(dataset(some)), train(dataset(hard))
    # then on sentences about food the first leaves about a third to money
    food = soft.truth == soft.head.labels.index("food")
    column = soft.head.labels.index("money")
    assert 0.2 < soft.out_of_fold[food, column].mean() < 0.45
    assert sure.out_of_fold[food, column].mean() < 0.1


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_what_is_alike_is_dealt_together_and_no_class_is_lost(data):
    # Given classes of two examples or more, some of which are of one cluster
    classes = data.draw(st.lists(st.integers(0, 4), min_size=4, max_size=60).filter(
        lambda some: all(some.count(one) > 1 for one in some)))
    clusters = data.draw(st.lists(st.sampled_from(["", "a", "b", "c", "d"]), min_size=len(classes),
                                  max_size=len(classes)))
    # When they are dealt
    fold = deal(np.array(classes), 5, 0, clusters)
    # Then every fold is trained on every class
    for number in np.unique(fold):
        assert set(np.array(classes)[fold != number]) == set(classes)


def test_clusters_stay_whole_where_classes_have_several():
    rng = np.random.default_rng(0)
    classes, names = rng.integers(0, 4, 400), [f"c{n}" for n in rng.integers(0, 90, 400)]
    fold = deal(classes, 5, 0, names)
    assert all(len({fold[at] for at in range(400) if names[at] == name}) == 1 for name in names)
    assert np.bincount(fold).min() > 60


def test_without_clusters_examples_are_dealt_as_ever():
    classes = np.array([0] * 50 + [1] * 7 + [2] * 2)
    assert np.array_equal(deal(classes, 5, 3), deal(classes, 5, 3, [""] * len(classes)))
    assert np.array_equal(deal(classes, 5, 3), deal(classes, 5, 3, [f"own-{n}" for n in range(len(classes))]))


def test_twins_in_two_folds_would_flatter_and_do_not():
    # Given texts whose words say nothing of their labels, each of them five times
    rng = np.random.default_rng(0)
    some = [Example(key=5 * n + k, identity=f"{n}/{k}", text=" ".join(f"w{w}" for w in rng.integers(0, 200, 8)),
                    label=LABELS[n % 3], weight=1.0, part="train", cluster=f"c{n}")
            for n in range(60) for k in range(5)]
    some = [replace(e, text=some[at - at % 5].text) for at, e in enumerate(some)]
    # When models are cross-validated, then one that kept twins together knows that it knows nothing
    together, apart = train(dataset(some)), train(dataset([replace(e, cluster="") for e in some]))
    assert apart.report["out_of_fold"]["accuracy"] > 0.9
    assert together.report["out_of_fold"]["accuracy"] < 0.6


def test_what_is_apart_is_neither_learned_from_nor_judged_by():
    some = [replace(e, part="apart" if e.key % 3 == 0 else "train") for e in examples(90)]
    data = dataset(some)
    assert set(train(data).keys.tolist()) == {e.key for e in some if e.part == "train"}
    assert not data.held_out().any()


def test_many_examples_are_dealt_in_fewer_folds(monkeypatch):
    assert folds.folds_for(19_999) == 5
    monkeypatch.setattr(folds, "MANY", 50)
    steps = []
    trained = train(dataset(examples(90)), progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert np.allclose(trained.out_of_fold.sum(axis=1), 1)


def test_a_kind_that_reads_texts_once_and_one_that_does_not_give_the_same(monkeypatch):
    # Given the default kind, and the same without what makes it quick
    class Slow:
        def __init__(self, model):
            self.model = model

        @classmethod
        def fit(cls, texts, truth, weights, *, classes, seed):
            return cls(TextLinear.fit(texts, truth, weights, classes=classes, seed=seed))

        def logits(self, texts):
            return self.model.logits(texts)

    monkeypatch.setattr("ml_backend.training.kind_named", lambda name: {"quick": TextLinear, "slow": Slow}[name])
    data = dataset(examples(90))
    quick, slow = train(data, kind="quick"), train(data, kind="slow")
    assert np.allclose(quick.out_of_fold, slow.out_of_fold, atol=2e-3)
