"""Pre-annotation in an open editor: Label Studio sends what the annotator has done so far and shows `results[0]`."""

from dataclasses import replace

import pytest

from cueloop.store import Store
from ml_backend.app import create_app
from tests.ml_backend.conftest import CONFIG, dataset, examples
from tests.ml_backend.server import AUTH, settings_in, task, train_now

TONE = '<Choices name="tone" toName="text"><Choice value="kind"/><Choice value="rude"/></Choices></View>'
BOTH = CONFIG.replace("</View>", TONE)
HEARTEX = {"User-Agent": "heartex/1.23.2"}


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """`ask(context)` gives what Label Studio is answered by a model of two controls."""
    settings = settings_in(tmp_path_factory.mktemp("home"))
    store = Store.open(settings.store_url)
    tones = [replace(one, label="kind" if one.label == "food" else "rude") for one in examples(90)]
    tone = replace(dataset(tones, ("kind", "rude")), control="tone")
    train_now(settings, store, [dataset(examples(90)), tone])
    client = create_app(settings, store, "topics").test_client()

    def asked(context, *, headers=HEARTEX, **more):
        body = {"tasks": [task("bread and soup", id=1, **more)], "label_config": BOTH, "project": "1.1795339044",
                "params": {"login": None, "password": None, "context": context}}
        response = client.post("/predict", json=body, auth=AUTH, headers=headers)
        assert response.status_code == 200, response.text
        [answer] = response.json["results"]
        return answer
    yield asked
    store.close()


def chosen(name, *labels):
    """An item of the annotator's own."""
    return {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": list(labels)}, "id": "a1"}


def controls(answer):
    """Which controls an answer is about."""
    return [item["from_name"] for item in answer["result"]]


@pytest.mark.parametrize("context", [
    {"result": []}, {}, {"result": None}, [], "x", 0, False, {"result": [None, 3, {}]}])
def test_where_nothing_is_chosen_everything_is_proposed(ask, context):
    assert controls(ask(context)) == ["topic", "tone"]


def test_what_the_annotator_has_chosen_is_not_proposed_again(ask):
    # Given a topic that the annotator chose, and the model would not have
    answer = ask({"result": [chosen("topic", "sport")]})
    # Then only the tone is proposed, in an object, with its own score
    assert controls(answer) == ["tone"]
    assert answer["score"] == answer["result"][0]["score"]
    assert set(answer["explanation"]) == {"tone"}


def test_where_all_is_chosen_nothing_is_proposed(ask):
    answer = ask({"result": [chosen("topic", "sport"), chosen("tone", "rude")]})
    assert answer["result"] == []


@pytest.mark.parametrize("item", [
    chosen("topic"), chosen("topic", "weather"), chosen("topic", "food", "sport"), chosen("other", "food"),
    {"from_name": "topic", "value": None}, {"from_name": ["topic"], "value": {"choices": ["food"]}}])
def test_what_is_no_answer_of_the_config_counts_as_none(ask, item):
    assert controls(ask({"result": [item]})) == ["topic", "tone"]


def test_an_editor_without_context_gets_an_object_too(ask):
    # Given a call of the editor with a null context: Label Studio adds the person's drafts to the task
    assert isinstance(ask(None, drafts=[]), dict)
    # And a call that stores: a list
    assert isinstance(ask(None), list)
