"""Training: folds, the held-out part, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from cueloop.errors import ModelError
from ml_backend.dataset import HELD_OUT, drawn, text_of
from ml_backend.folds import deal
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
