"""A model has the voice that it earns: it helps where it can, and changes nothing where it cannot."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cueloop.types import Control
from sync.arrays import FloatArray, IntArray
from sync.assess import assess
from sync.choice import judge
from sync.observations import Observations, observe
from sync.voice import ENOUGH, Heard, Voice, heard, join, learn
from tests.sync import crowd

PEOPLE = np.random.default_rng(5).uniform(0.55, 0.9, 20)


def few_answers(seed: int = 0, tasks: int = 500, per_task: int = 2) -> crowd.Crowd:
    """Two answers a task by twenty people who are right 55 to 90 % of the time."""
    return crowd.simulated(crowd.one_coin(PEOPLE, 3), tasks=tasks, per_task=per_task, seed=seed)


def predictions(truth: IntArray, right: float, sure: float, seed: int = 9) -> FloatArray:
    """A model that is right so often, and says so with a probability of `sure`, whether it is or not."""
    rng = np.random.default_rng(seed)
    said = np.where(rng.random(len(truth)) < right, truth, (truth + rng.integers(1, 3, len(truth))) % 3)
    return np.where(np.eye(3)[said] > 0, sure, (1 - sure) / 2)


def heard_of(some: crowd.Crowd, said: FloatArray) -> tuple[Heard, float, float]:
    """What was learned, and accuracy by people alone and together."""
    fit = some.fit()
    usable = np.ones(len(some.truth), bool)
    found = learn(Voice(said, usable), some.task, some.annotator, some.label, fit)
    return found, some.accuracy(fit.probability), some.accuracy(join(fit.probability, said, found))


@pytest.mark.parametrize("sure", [0.8, 0.999])
def test_a_good_model_helps_however_sure_it_says_it_is(sure: float) -> None:
    some = few_answers()
    found, alone, together = heard_of(some, predictions(some.truth, 0.85, sure))
    assert found.weight > 0.2
    assert together > alone + 5


def test_a_model_that_is_too_sure_is_tempered() -> None:
    some = few_answers(tasks=1500)
    modest, _, _ = heard_of(some, predictions(some.truth, 0.7, 0.7))
    boasting, _, _ = heard_of(some, predictions(some.truth, 0.7, 0.9999))
    assert boasting.temperature > modest.temperature


@pytest.mark.parametrize("sure", [0.6, 0.999])
@pytest.mark.parametrize("right", [1 / 3, 0.05])
def test_a_useless_or_contrary_model_changes_nothing(right: float, sure: float) -> None:
    for seed in range(3):
        some = few_answers(seed)
        found, alone, together = heard_of(some, predictions(some.truth, right, sure, seed))
        assert found.weight == 0
        assert "does not help" in str(found.reason)
        assert together == alone


def test_on_real_crowds_a_model_never_costs_more_than_noise() -> None:
    # given real crowds and models from useless to good, some far too sure
    for name in ("rte", "dog", "weather_cf", "bluebirds"):
        real = crowd.recorded(name)
        fit = real.fit()
        rng = np.random.default_rng(1)
        for right in (1 / real.labels, 0.75, 0.9):
            truth = np.maximum(real.truth, 0)
            hit = rng.random(len(truth)) < right
            said = np.where(hit, truth, (truth + rng.integers(1, real.labels, len(truth))) % real.labels)
            chances = np.where(np.eye(real.labels)[said] > 0, 0.98, 0.02 / (real.labels - 1))
            found = learn(Voice(chances, real.truth >= 0), real.task, real.annotator, real.label, fit)
            # then what comes out together is never worse by more than a point or one task
            gain = real.accuracy(join(fit.probability, chances, found)) - real.accuracy(fit.probability)
            assert gain > -max(1.0, 100.1 / len(truth))


def test_with_little_to_learn_from_a_model_stays_silent_and_says_why() -> None:
    some = crowd.simulated(crowd.one_coin(PEOPLE, 3), tasks=400, per_task=1)
    found, alone, together = heard_of(some, predictions(some.truth, 0.95, 0.9))
    assert (found.weight, alone) == (0.0, together)
    assert f"{ENOUGH} are needed" in str(found.reason)


def observed(some: crowd.Crowd, **columns: object) -> Observations:
    """The same answers with names."""
    return observe([f"t{t}" for t in some.task], [f"w{w}" for w in some.annotator],
                   [f"l{one}" for one in some.label], labels=["l0", "l1", "l2"], **columns)  # type: ignore[arg-type]


def test_only_usable_predictions_speak_and_never_against_the_ground_truth() -> None:
    # given answers of people, three tasks whose label is known, and predictions of which half may speak
    some = few_answers()
    seen = observed(some)
    seen = replace(seen, pinned=np.where(np.arange(500) < 3, 0, -1))
    usable = np.arange(500) % 2 == 0
    voice = Voice(predictions(some.truth, 0.9, 0.9), usable)
    # when both are judged together
    alone, together = assess(seen), assess(seen, voice=voice)
    # then a model speaks on usable tasks that people answered, and else nothing differs
    assert together.heard is not None
    assert together.heard.weight > 0
    assert (together.spoke == (usable & (seen.pinned < 0))).all()
    same = ~together.spoke
    assert (together.probability[same] == alone.probability[same]).all()
    assert (together.posterior[:3].argmax(1) == 0).all()
    # and annotators are judged by people only
    assert (together.performance.accuracy == alone.performance.accuracy).all()
    assert (together.fit.probability == alone.fit.probability).all()


def test_a_consensus_tells_what_people_alone_would_have_said() -> None:
    some = few_answers()
    seen = observed(some)
    usable = np.arange(500) < 400
    found = judge(Control("mood", "text", "Choices", ("l0", "l1", "l2"), "text"), seen,
                  voice=Voice(predictions(some.truth, 0.9, 0.9), usable))
    alone = {row.task: row for row in judge(Control("mood", "text", "Choices", ("l0", "l1", "l2"), "text"),
                                            seen).consensus}
    for at, row in enumerate(found.consensus):
        if usable[at]:
            assert row.people == alone[row.task].probabilities
            assert row.label == max(row.probabilities, key=lambda name: row.probabilities[name])
        else:
            assert row.people is None
            assert row.probabilities == alone[row.task].probabilities
    # and what was learned can be stored and read again
    facts = json.loads(json.dumps(found.voice, allow_nan=False))
    assert {"weight", "temperature", "tasks", "reason"} <= facts.keys()
    assert heard(facts).facts() == facts


def test_a_model_that_says_nonsense_is_as_good_as_silent() -> None:
    some = few_answers()
    for said in (np.full((500, 3), np.nan), np.zeros((500, 3)), np.full((500, 3), 1 / 3)):
        found, alone, together = heard_of(some, said)
        assert found.weight == 0
        assert alone == together


def test_a_voice_of_another_shape_is_refused() -> None:
    some = few_answers()
    with pytest.raises(ValueError, match=r"a voice for 500 tasks and 3 labels has shape \(500, 2\)"):
        learn(Voice(np.ones((500, 2)), np.ones(500, bool)), some.task, some.annotator, some.label, some.fit())
