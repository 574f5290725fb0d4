"""What our own models propose for a task: the likeliest answer with its reasons, and another one where it is likely."""

from dataclasses import replace

import pytest

from cueloop.store.predictions import Prediction
from cueloop.types import Control
from ml_backend.answering.alternatives import LEAST_ALTERNATIVE
from ml_backend.answering.heads import Heads
from ml_backend.bundle import Bundle, Head
from ml_backend.calibration import softmax
from ml_backend.models.kind import Classifier
from ml_backend.protocol import asked
from ml_backend.push import rows_of
from tests.ml_backend.conftest import LABELS
from tests.ml_backend.test_explain import Blunt

TOPIC = Control("topic", "text", "Choices", LABELS, "text", modelled=True)
TONE = Control("tone", "text", "Choices", ("kind", "rude"), "text", modelled=True)


class Fixed(Blunt):
    """Says the same of every text."""

    def __init__(self, *logits):
        self._logits = logits

    def logits(self, texts):
        import numpy as np

        return np.tile(np.array(self._logits), (len(texts), 1))


def _head(control, classifier: Classifier):
    return Head(control.name, "text", "text", "fixed", control.labels, 1.0, classifier)


def _propose(heads, controls, *texts):
    asked_for = asked({"tasks": [{"data": {"text": text}} for text in texts]})
    return Heads(Bundle(tuple(heads))).propose(asked_for, controls, range(len(texts)))


def _choices(proposal):
    return {item["from_name"]: item["value"]["choices"][0] for item in proposal.result}


def test_a_likely_second_answer_is_proposed_beside_the_first():
    [[best, other]] = _propose([_head(TOPIC, Fixed(2.0, 1.0, 0.0))], [TOPIC], "bread")
    assert (_choices(best), _choices(other)) == ({"topic": "food"}, {"topic": "money"})
    assert [best.score, other.score] == pytest.approx(softmax(Fixed(2.0, 1.0, 0.0).logits(["x"]))[0, :2].tolist())
    assert best.explanation["topic"]["label"] == "food"
    assert other.explanation == {}


def test_an_unlikely_second_answer_is_not():
    [[best]] = _propose([_head(TOPIC, Fixed(9.0, 1.0, 0.0))], [TOPIC], "bread")
    assert best.explanation["topic"]["alternatives"][0][1] < LEAST_ALTERNATIVE


def test_of_several_controls_the_least_sure_one_gives_score_and_alternative():
    heads = [_head(TOPIC, Fixed(5.0, 0.0, 0.0)), _head(TONE, Fixed(0.0, 0.2))]
    [[best, other]] = _propose(heads, [TOPIC, TONE], "bread")
    assert (_choices(best), _choices(other)) == ({"topic": "food", "tone": "rude"}, {"topic": "food", "tone": "kind"})
    assert best.score == best.explanation["tone"]["score"] or best.score == pytest.approx(0.55, abs=0.001)
    assert list(best.explanation) == ["topic", "tone"]


def test_the_answers_of_a_call_are_those_that_are_pushed(store):
    from cueloop.store.columns import now

    for logits in ((2.0, 1.0, 0.0), (9.0, 1.0, 0.0), (1.0, 2.0, 2.0)):
        [proposals] = _propose([_head(TOPIC, Fixed(*logits))], [TOPIC], "bread")
        chances = dict(zip(LABELS, softmax(Fixed(*logits).logits(["x"]))[0].tolist(), strict=True))
        ordered = dict(sorted(chances.items(), key=lambda pair: -pair[1]))
        label = next(iter(ordered))
        said = Prediction(1, 1, "topic", "m", "v", label, ordered[label], ordered, True, now())
        rows = rows_of(1, [said], {"topic": TOPIC}, "v")
        assert [row["result"] for row in rows] == [one.result for one in proposals]
        assert [row["score"] for row in rows] == [one.score for one in proposals]
        assert [row["model_version"] for row in rows] == ["v", "v-alt2"][:len(rows)]


def test_a_task_without_a_text_gets_nothing_and_harms_no_other():
    heads = Heads(Bundle((_head(TOPIC, Fixed(2.0, 1.0, 0.0)),)))
    odd = [None, [], {}, {"data": None}, {"data": {"text": None}}, {"data": {"text": ["a"]}}, {"data": {"text": 7}}]
    said = heads.propose(asked({"tasks": odd}), [TOPIC], range(len(odd)))
    assert [len(one) for one in said] == [0, 0, 0, 0, 0, 0, 2]
    assert heads.propose(asked({"tasks": []}), [TOPIC], []) == []


def test_an_answer_that_is_stored_is_the_same_and_unexplained():
    for logits in ((2.0, 1.0, 0.0), (9.0, 1.0, 0.0), (1.0, 2.0, 2.0)):
        heads, tasks = Heads(Bundle((_head(TOPIC, Fixed(*logits)),))), {"tasks": [{"data": {"text": "bread"}}]}
        [told], [stored] = (heads.propose(asked(tasks, agent), [TOPIC], [0]) for agent in ("", "heartex/1.23.2"))
        assert [(one.result, one.score) for one in stored] == [(one.result, one.score) for one in told]
        assert told[0].explanation
        assert all(one.explanation == {} for one in stored)
    # of one label in common there is no second
    heads = Heads(Bundle((_head(TOPIC, Fixed(2.0, 1.0, 0.0)),)))
    [[only]] = heads.propose(asked(tasks, "heartex/1.23.2"), [replace(TOPIC, labels=("sport", "weather"))], [0])
    assert _choices(only) == {"topic": "sport"}
