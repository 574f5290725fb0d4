"""Names in texts: 3 contracts. Ours has no such model: it serves a team's class (finder.py)."""

import pytest

CONFIG = """<View><Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
<Text name="text" value="$text"/></View>"""
TEXT = "President Obama gave a long speech today in New York."


@pytest.fixture(autouse=True)
def _ner(does):
    does("ner")


def _predict(finder, *texts):
    body = {"tasks": [{"id": n, "data": {"text": text}} for n, text in enumerate(texts, 1)], "label_config": CONFIG,
            "project": "1.1795339044"}
    return finder.post("/predict", json=body).raise_for_status().json()["results"]


def test_ner_01_spans_with_labels_of_the_config(finder):
    """POST /predict: type labels, value with start, end and labels, both names found, labels of the config."""
    [answer] = _predict(finder, TEXT)
    assert {region["type"] for region in answer["result"]} == {"labels"}
    assert {(r["value"]["start"], r["value"]["end"]) for r in answer["result"]} >= {(10, 15), (44, 52)}
    for region in answer["result"]:
        assert (region["from_name"], region["to_name"]) == ("label", "text")
        assert set(region["value"]["labels"]) <= {"PER", "LOC"}


def test_ner_02_the_text_of_a_span_is_the_cut(finder):
    """Where `value.text` is given, it is what stands at start to end."""
    [answer] = _predict(finder, TEXT)
    for region in answer["result"]:
        value = region["value"]
        assert value.get("text", TEXT[value["start"]:value["end"]]) == TEXT[value["start"]:value["end"]]


def test_ner_03_a_task_without_names_still_gets_a_result(finder):
    """As many results as tasks, in their order: Label Studio throws a shorter batch away."""
    first, nothing, last = _predict(finder, TEXT, "it rains again", TEXT)
    assert nothing["result"] == []
    assert len(first["result"]) == len(last["result"]) > 0
