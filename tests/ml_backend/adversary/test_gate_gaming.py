"""What no gate may let pass, and what may not break a gate: no numbers, one answer to everything, many labels."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from ml_backend.bundle import Bundle
from ml_backend.judging import labels
from ml_backend.judging.gate import judge
from ml_backend.judging.report import report
from ml_backend.policy.policy import Policy
from ml_backend.registry import Loaded
from ml_backend.training import train
from tests.ml_backend.conftest import dataset, examples

DATA = dataset(examples(400))


class Spoilt:
    """A classifier whose last fit went wrong: its folds were fine."""

    def __init__(self, inner, spoil):
        self._inner, self._spoil = inner, spoil

    def logits(self, texts):
        found = self._inner.logits(texts).copy()
        found[::3 if np.isnan(self._spoil) else 1] = self._spoil
        return found


@pytest.fixture(scope="module")
def good():
    return train(DATA)


def spoilt(good, spoil):
    return replace(good, head=replace(good.head, classifier=Spoilt(good.head.classifier, spoil)))


def serving(one):
    version = ModelVersion("m", "one", None, "text-linear", "", {}, {}, now())
    return Loaded(version, Bundle((one.head,)))


@pytest.mark.parametrize(("spoil", "said"), [(np.nan, "are no numbers"), (0.0, "says the same of all 8")])
@pytest.mark.parametrize("first", [True, False])
def test_a_model_whose_last_fit_went_wrong_is_refused_though_its_folds_were_fine(store, good, spoil, said, first):
    # Given scores of cross-validation that are very good, and a model that is not
    verdict = judge(store, [spoilt(good, spoil)], [DATA], None if first else serving(good), Policy(), {})
    # Then it is refused by name, and what stands on its card is JSON that every database takes
    assert verdict.outcome == "refused"
    assert said in verdict.reason
    json.dumps(verdict.as_dict(), allow_nan=False)
    json.dumps(report(spoilt(good, spoil).head, DATA, Policy()), allow_nan=False)


def test_a_champion_that_says_no_numbers_is_replaced(store, good):
    verdict = judge(store, [good], [DATA], serving(spoilt(good, np.nan)), Policy(), {})
    assert verdict.promoted
    json.dumps(verdict.as_dict(), allow_nan=False)


def test_held_out_texts_that_are_all_the_same_prove_nothing_against_a_model(store, good):
    same = [replace(e, text="bread and soup") if out else e
            for e, out in zip(DATA.examples, DATA.held_out(), strict=True)]
    assert "says the same" not in judge(store, [good], [replace(DATA, examples=tuple(same))], None, Policy(), {}).reason


def test_the_interval_of_very_many_labels_takes_no_memory_for_their_pairs():
    # Given more labels than a confusion of all their pairs could be counted for
    rng, many = np.random.default_rng(0), 200_000
    truth = rng.integers(0, many, 50)
    low, high = labels.macro_interval(truth, truth, many)
    assert low == high == 1.0
