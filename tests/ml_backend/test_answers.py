"""What becomes of a model's proposals: alternatives, what is left out, and models that fail."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from cueloop.label_config import parse, to_result
from cueloop.store.models import ModelVersion
from cueloop.types import Control
from ml_backend.answering import careful, render
from ml_backend.answering.allowed import allows, rules, sayable
from ml_backend.answering.heads import Heads
from ml_backend.answering.proposal import Proposal
from ml_backend.app import create_app
from ml_backend.bundle import Bundle, Head
from ml_backend.protocol import asked
from ml_backend.registry import Loaded
from ml_backend.serving.choice import Choice
from tests.ml_backend.conftest import CONFIG
from tests.ml_backend.server import AUTH, task
from tests.ml_backend.test_heads import Fixed

LABEL_STUDIO = {"User-Agent": "heartex/1.23.2"}
[TOPIC] = parse(CONFIG).controls


def says(label, score=0.9, **changes):
    """A proposal of one choice."""
    [item] = to_result(TOPIC, label)
    return Proposal([item | changes], score, {"topic": {"label": label}})


class Fake:
    """A model of somebody else's that says of each text what it was told to say."""

    def __init__(self, said):
        self._said = said

    def propose(self, asked, controls, at):
        found = [self._said[asked.tasks[place]["data"]["text"]] for place in at]
        for one in found:
            if isinstance(one, Exception):
                raise one
        return [list(one) for one in found]


@pytest.fixture
def ask(settings, store, monkeypatch):
    """`ask(said, texts, **body)` gives /predict's results where the model says what `said` tells of each text."""
    client = create_app(settings, store).test_client()

    def asked(said, *texts, headers=None, **body):
        version = ModelVersion("fake", "v1", None, "fake", "", {}, {}, datetime.now(UTC))
        monkeypatch.setattr(Choice, "loaded", lambda *_, **__: Loaded(version, Bundle(()), Fake(said)))
        sent = {"tasks": [task(text) for text in texts], "label_config": CONFIG} | body
        response = client.post("/predict", json=sent, auth=AUTH, headers=headers)
        assert response.status_code == 200, response.text
        return response.json["results"]
    asked.client = client
    return asked


# --- alternatives -------------------------------------------------------------------------------------------------

def test_label_studio_gets_a_list_of_the_best_answer_and_the_next(ask):
    said = {"a": [says("food", 0.6), says("money", 0.3), says("sport", 0.1)], "b": [says("food", 0.95)], "c": []}
    both, one, none = ask(said, "a", "b", "c", headers=LABEL_STUDIO)
    # The first carries the version that /setup tells: only by that does Label Studio know that the task has one
    assert [(p["model_version"], p["score"]) for p in both] == [("v1", 0.6), ("v1-alt2", 0.3)]
    assert [set(p) for p in both] == [{"result", "score", "model_version"}] * 2
    assert [p["model_version"] for p in one] == ["v1"]
    assert none == []


def test_an_alternative_that_is_hardly_likely_is_not_told(ask):
    said = {"a": [says("food", 0.91), says("money", 0.09)]}
    [stored] = ask(said, "a", headers=LABEL_STUDIO)
    assert [p["model_version"] for p in stored] == ["v1"]
    [told] = ask(said, "a")
    assert told["alternatives"] == []


def test_everybody_else_gets_one_object_with_its_explanation_and_alternatives(ask):
    [told] = ask({"a": [says("food", 0.6), says("money", 0.3)]}, "a")
    assert (told["model_version"], told["score"]) == ("v1", 0.6)
    assert told["result"][0]["value"] == {"choices": ["food"]}
    assert told["explanation"] == {"topic": {"label": "food"}}
    [other] = told["alternatives"]
    assert (other["model_version"], other["result"][0]["value"]) == ("v1-alt2", {"choices": ["money"]})


# --- what is not passed on ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("changes", [
    {"from_name": "tone"}, {"from_name": None}, {"from_name": ["topic"]}, {"to_name": "image"}, {"to_name": ["text"]},
    {"type": "labels"}, {"type": None}, {"value": {"choices": ["weather"]}},
    {"value": {"choices": ["food", "weather"]}}, {"value": {"choices": "food"}},
    {"value": {"choices": [["weather"]]}}, {"value": {"choices": [{"a": 1}]}},
    {"value": {"choices": []}}, {"value": {}}, {"value": None}])
def test_what_the_config_does_not_have_is_not_answered_and_is_counted(ask, changes):
    [answer, other] = ask({"bad": [says("food", **changes), says("money", 0.2)], "good": [says("sport")]},
                          "bad", "good", headers=LABEL_STUDIO)
    assert [p["result"][0]["value"]["choices"] for p in answer] == [["money"]]
    assert [p["result"][0]["value"]["choices"] for p in other] == [["sport"]]
    lines = ask.client.get("/metrics", auth=AUTH).text.splitlines()
    assert "cueloop_ml_refused_proposals_total 1.0" in lines
    [told] = [one for one in ask.client.get("/health", auth=AUTH).json["degraded"] if "does not allow" in one]
    assert "v1 proposed 1 answers" in told
    assert "weather" not in told                    # what a model says may quote a text
    if changes.keys() == {"value"}:
        assert "topic: a label that the config does not have" in told


@pytest.mark.parametrize("result", [None, {}, "food", [None], ["food"], [[]]])
def test_a_result_that_is_none_is_not_answered(ask, result):
    assert ask({"a": [Proposal(result, 0.9)]}, "a") == [{"result": [], "score": 0.0, "model_version": "v1"}]


SPANS = """<View><Text name="t" value="$text"/><Image name="i" value="$image"/>
<Labels name="l" toName="t"><Label value="PER"/></Labels><Relations><Relation value="knows"/></Relations>
<RectangleLabels name="r" toName="i"><Label value="Car"/></RectangleLabels>
<TextArea name="note" toName="t"/><Choices name="own" toName="t" value="$options"/>
<Pairwise name="p" toName="t,i"/><Taxonomy name="x" toName="t"><Choice value="A"><Choice value="B"/></Choice></Taxonomy>
</View>"""


@pytest.mark.parametrize(("item", "good"), [
    ({"from_name": "l", "to_name": "t", "type": "labels", "value": {"start": 1, "end": 2, "labels": ["PER"]}}, True),
    ({"from_name": "l", "to_name": "t", "type": "labels", "value": {"start": 1, "end": 2, "labels": ["LOC"]}}, False),
    ({"from_name": "l", "to_name": "i", "type": "labels", "value": {"labels": ["PER"]}}, False),
    ({"from_name": "r", "to_name": "i", "type": "rectanglelabels", "value": {"rectanglelabels": ["Car"]}}, True),
    ({"from_name": "r", "to_name": "i", "type": "rectanglelabels", "value": {"x": 1}}, True),
    ({"from_name": "note", "to_name": "t", "type": "textarea", "value": {"text": ["anything"]}}, True),
    ({"from_name": "own", "to_name": "t", "type": "choices", "value": {"choices": ["of the task"]}}, True),
    ({"from_name": "p", "to_name": "i", "type": "pairwise", "value": {"selected": "left"}}, True),
    ({"from_name": "x", "to_name": "t", "type": "taxonomy", "value": {"taxonomy": [["A", "B"]]}}, True),
    ({"from_name": "x", "to_name": "t", "type": "taxonomy", "value": {"taxonomy": [["A", "C"]]}}, False),
    ({"type": "relation", "from_id": "1", "to_id": "2", "direction": "right"}, True), ({"type": "relation"}, False)])
def test_each_kind_of_tag_is_held_to_its_config(item, good):
    assert allows(rules(parse(SPANS).controls), [item]) is good


@pytest.mark.parametrize(("score", "told"), [
    (float("nan"), None), (float("inf"), None), ("high", None), (None, None), (1, 1.0), (10**400, None), (1.7, 1.7)],
    ids=["nan", "inf", "word", "none", "whole", "huge", "above one"])
def test_a_score_is_a_number_or_nothing(ask, score, told):
    [answer] = ask({"a": [says("food", score)]}, "a", label_config="")
    assert answer["score"] == told


def test_an_answer_that_is_no_json_costs_that_task_only(ask):
    odd = Proposal([says("food").result[0] | {"meta": {1, 2}}], 0.9)
    nan = Proposal([says("food").result[0] | {"meta": float("nan")}], 0.9)
    for answers in (ask({"a": [odd], "b": [says("money")], "c": [nan]}, "a", "b", "c"),
                    ask({"a": [odd], "b": [says("money")], "c": [nan]}, "a", "b", "c", headers=LABEL_STUDIO)):
        assert [bool(a and (a[0] if isinstance(a, list) else a)["result"]) for a in answers] == [False, True, False]


# --- models that fail ---------------------------------------------------------------------------------------------

def test_a_task_that_makes_the_model_raise_costs_itself_only_and_the_log_holds_no_text(ask, logged):
    said = logged(careful)
    secret = ValueError("the customer's secret")
    texts = [f"text {number}" for number in range(20)]
    model = {text: [says("food")] for text in texts} | {"text 3": secret, "text 11": secret}
    answers = ask(model, *texts)
    assert [number for number, a in enumerate(answers) if not a["result"]] == [3, 11]
    assert all(a["model_version"] == "v1" for a in answers)
    [(event, fields)] = said
    assert fields["tasks"] == 2
    assert "ValueError at" in str(fields["where"])
    assert "secret" not in f"{event}{fields}"
    assert "cueloop_ml_failed_tasks_total 2.0" in ask.client.get("/metrics", auth=AUTH).text.splitlines()


def test_a_model_that_always_raises_answers_nothing_and_harms_nobody(ask):
    error = RecursionError()
    assert ask({"a": error, "b": error}, "a", "b", headers=LABEL_STUDIO) == [[], []]


def test_a_model_that_forgets_a_task_is_asked_again_for_each():
    def forgetful(at):
        return [[says("food")]] * min(1, len(at))
    assert [len(one) for one in careful.propose(forgetful, range(5), None, "v1").proposals] == [1] * 5


def test_patience_with_a_model_that_is_slow_to_fail_has_an_end(monkeypatch):
    # Given a model that waits ten seconds for a service that is away, before it fails
    moment, asked = [0.0], []
    monkeypatch.setattr(careful.time, "monotonic", lambda: moment[0])

    def slow(at):
        moment[0] += 10
        asked.append(len(at))
        raise TimeoutError
    # When it is asked for a thousand tasks, then it is given up long before Label Studio does
    said = careful.propose(slow, range(1000), None, "v1")
    assert said.failed == len(said.proposals) == 1000
    assert sum(10 for _ in asked) < 100


def test_answers_are_in_the_order_of_the_tasks(ask):
    texts = [f"text {number}" for number in range(50)]
    labels = ["food", "money", "sport"]
    said = {text: [says(labels[number % 3])] for number, text in enumerate(texts)}
    answers = ask(said, *texts)
    assert [a["result"][0]["value"]["choices"][0] for a in answers] == [labels[n % 3] for n in range(50)]


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("word", ["ä", "\ud800", "😀", "\x00\u2028", 'a"\\b'])
def test_answers_are_what_the_standard_library_reads_in_them(word, ours):
    answers = [{"result": [{"value": {"choices": [word]}, "score": 0.1 + 0.2}], "score": 1e-17}, []]
    assert json.loads(render.dumps(answers, "v1", ours=ours)) == {"results": answers}


@pytest.mark.parametrize("odd", [float("nan"), datetime.now(UTC), 2**70j, {1, 2}],
                         ids=["nan", "time", "complex", "set"])
def test_of_a_model_of_others_only_json_is_written(odd):
    told = render.dumps([{"result": [{"meta": odd}]}, {"result": [{"meta": 2**70}]}], "v1")
    assert [bool(one["result"]) for one in json.loads(told)["results"]] == [False, True]


# --- models of our own --------------------------------------------------------------------------------------------

KNOWN = ("a", "b", "c", "d")


@given(st.lists(st.sampled_from(KNOWN), min_size=2, unique=True),
       st.lists(st.sampled_from(KNOWN), min_size=1, unique=True),
       st.lists(st.floats(-30, 30), min_size=4, max_size=4), st.booleans())
@limits(max_examples=50, deadline=None)
def test_a_model_of_our_own_says_only_what_the_config_allows(learned, allowed, logits, stored):
    """So nobody looks at its answers item by item."""
    control = Control("topic", "text", "Choices", tuple(allowed), "text", modelled=True)
    head = Head("topic", "text", "text", "fixed", tuple(learned), 1.0, Fixed(*logits[:len(learned)]))
    sent = asked({"tasks": [{"data": {"text": "bread"}}]}, "heartex/1" if stored else "")
    [proposals] = Heads(Bundle((head,))).propose(sent, sayable((control,), (control,)), [0])
    assert all(allows(rules((control,)), one.result) for one in proposals)
    assert bool(proposals) == bool(set(learned) & set(allowed))


def test_a_control_that_the_config_does_not_have_as_it_is_asked_about_is_not_asked_about():
    [other] = parse(CONFIG.replace("sport", "weather")).controls
    assert sayable((TOPIC,), (TOPIC,)) == (TOPIC,)
    for config in ((), (other,), (replace(TOPIC, name="tone"),), (replace(TOPIC, to_name="image"),)):
        assert sayable((TOPIC,), config) == ()
