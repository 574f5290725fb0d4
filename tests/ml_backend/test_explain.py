"""Explanations: exact, short, in whole words, and of the labels that the config has."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.types import Control
from ml_backend.answering import explain
from ml_backend.answering.explain import judge, rank
from ml_backend.bundle import Head
from ml_backend.training import train
from tests.ml_backend.conftest import COMMON, LABELS, WORDS, dataset, examples

TOPIC = Control("topic", "text", "Choices", LABELS, "text", modelled=True)
SOME = st.lists(st.sampled_from([*COMMON, *WORDS["food"], *WORDS["money"], "Bread!", "bank?", "...", "-", "breads"]),
                max_size=15).map(" ".join)


@pytest.fixture(scope="module")
def head():
    """Trained on 120 sentences about three topics."""
    return train(dataset(examples(120))).head


class Blunt:
    """A classifier that cannot explain itself."""

    def logits(self, texts):
        return np.tile([2.0, 1.0, 0.0], (len(texts), 1))


def _odds(head, text, label, other):
    chances = dict(zip(head.labels, head.probabilities([text])[0], strict=True))
    return np.log(chances[label] / chances[other])


@given(st.lists(SOME | st.text(max_size=20), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_the_weights_of_all_words_sum_to_the_log_odds_of_the_label_against_the_next(head, texts):
    [(_, probabilities, reading)] = head.read(texts)
    ranked = rank(head, LABELS, probabilities)
    # When all words of each text are summed, with what speaks before any is read
    spoke = reading.spoke(ranked[:, 0], ranked[:, 1])
    summed = np.bincount(spoke.text, spoke.weight, minlength=len(texts)) + spoke.rest
    # Then that is what the probabilities say
    rows = np.arange(len(texts))
    expected = np.log(probabilities[rows, ranked[:, 0]] / probabilities[rows, ranked[:, 1]])
    np.testing.assert_allclose(summed / head.temperature, expected, rtol=1e-9, atol=1e-9)
    assert len(set(zip(spoke.text.tolist(), spoke.word.tolist(), strict=True))) == len(spoke.text)


def test_a_text_of_few_words_is_explained_to_the_last_one(head):
    text = "bread bank"
    [said] = judge(head, TOPIC, [text])
    shown = sum(weight for _, weight in said.explanation["for"] + said.explanation["against"])
    places = [head.labels.index(label) for label in (said.label, said.second[0])]
    rest = (head.classifier.intercept[places[0]] - head.classifier.intercept[places[1]]) / head.temperature
    assert shown + rest == pytest.approx(_odds(head, text, said.label, said.second[0]), abs=0.011)


def test_words_of_the_label_speak_for_it_and_others_against_it(head):
    [said] = judge(head, TOPIC, ["The cheese, the SOUP and the butter: but a bank!"])
    assert said.label == "food"
    assert {word for word, _ in said.explanation["for"]} >= {"cheese", "soup", "butter"}
    if said.second[0] == "money":
        assert said.explanation["against"][0][0] == "bank"
    assert said.explanation["alternatives"][0][0] == said.second[0]
    assert said.explanation["score"] == pytest.approx(said.score, abs=1e-4)
    assert said.explanation["margin"] == pytest.approx(said.score - said.second[1], abs=1e-4)


def test_it_is_short_heaviest_first_and_without_what_hardly_counts(head):
    texts = [" ".join(WORDS["food"] + WORDS["money"]), "x" * 200 + "bread", "", "?", "bread " * 30]
    for said in judge(head, TOPIC, texts):
        for side, sign in (("for", 1), ("against", -1)):
            weights = [weight for _, weight in said.explanation[side]]
            assert len(weights) <= explain.SHOWN
            assert weights == sorted(weights, key=abs, reverse=True)
            assert all(sign * weight >= explain.LEAST and weight == round(weight, 2) for weight in weights)
            assert all(len(word) <= explain.LONGEST for word, _ in said.explanation[side])
    assert [word for word, _ in said.explanation["for"]] == ["bread"]        # thirty times, one word


def test_a_text_is_explained_alike_alone_and_in_a_batch(head):
    texts = [e.text for e in examples(50, seed=3)]
    assert json.dumps([one.explanation for one in judge(head, TOPIC, texts)]) == \
        json.dumps([judge(head, TOPIC, [text])[0].explanation for text in texts])


def test_many_texts_are_read_in_parts_and_none_is_lost(head, monkeypatch):
    texts = [e.text for e in examples(50, seed=3)]
    whole = judge(head, TOPIC, texts)
    monkeypatch.setattr("ml_backend.models.reading.AT_ONCE", 200)
    assert judge(head, TOPIC, texts) == whole
    assert np.array_equal(head.probabilities(texts)[:, 0],
                          np.array([head.probabilities([text])[0, 0] for text in texts]))


def test_only_labels_of_the_config_are_told(head):
    two = Control("topic", "text", "Choices", ("sport", "money"), "text", modelled=True)
    for said in judge(head, two, ["bread soup cheese", "bank", ""]):
        assert {said.label, said.second[0]} == {"sport", "money"}
        assert [label for label, _ in said.explanation["alternatives"]] == [said.second[0]]


def test_where_one_label_is_left_there_is_nothing_to_compare_with(head):
    one = Control("topic", "text", "Choices", ("sport", "chess"), "text", modelled=True)
    [said] = judge(head, one, ["bread soup cheese"])
    assert (said.label, said.second) == ("sport", None)
    assert said.explanation == {"label": "sport", "score": round(said.score, 4), "margin": round(said.score, 4),
                                "alternatives": []}


def test_a_kind_that_cannot_tell_words_tells_scores():
    blunt = Head("topic", "text", "text", "blunt", LABELS, 1.0, Blunt())
    [said] = judge(blunt, TOPIC, ["bread"])
    assert said.explanation == {"label": "food", "score": 0.6652, "margin": 0.4205,
                                "alternatives": [["money", 0.2447], ["sport", 0.09]]}
