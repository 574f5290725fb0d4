"""Regions from elsewhere: checked against their control, kept as rules read them, calibrated, shown as they came."""

import pytest

from cueloop.errors import DataError
from cueloop.label_config import parse
from cueloop.store import predictions
from cueloop.store import schema as s
from cueloop.store.columns import now
from ml_backend.elsewhere import gate, side_by_side
from ml_backend.push import rows_of
from tests.ml_backend.elsewhere.conftest import Scene

SPANS = """<View><Labels name="ner" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
<Text name="text" value="$text"/></View>"""


@pytest.fixture
def spans(store, tmp_path):
    """A project in which people mark spans."""
    return Scene(store, tmp_path, SPANS)


def span(start, end, label="PER", **more):
    return {"from_name": "ner", "to_name": "text", "type": "labels", "id": f"{start}",
            "value": {"start": start, "end": end, "labels": [label], "text": "x"}, **more}


def answered(scene, key, regions):
    """People agreed on these regions, blind."""
    value = [{"start": a, "end": b, "label": label, "unit": 0} for a, b, label in regions]
    with scene.store.write() as conn:
        conn.execute(s.answers.insert().values(
            task=key, control="ner", annotator_id=1, project_id=1, label="x", value=value, unique_id=f"n{key}",
            ground_truth=False, seen_suggestion=False, answered_at=now()))
        conn.execute(s.consensus.insert().values(
            task=key, control="ner", project_id=1, label="x", probability=0.9, probabilities={}, answers=1,
            method="test", value=value, updated_at=now()))


def said(scene, keys):
    with scene.store.read() as conn:
        return predictions.of_tasks(conn, "ner", "one", keys)


def test_regions_are_kept_for_the_rules_and_shown_as_they_came(spans):
    [key] = spans.tasks(1, labelled=False)
    result = [span(0, 4, score=0.9), span(10, 14, "LOC", score=0.7)]
    spans.push([{"task": key, "result": result}], "ner")
    [row] = said(spans, [key])[key]
    assert [(r["label"], r["start"], r["end"], r["told"]) for r in row.value] == [
        ("PER", 0, 4, 0.9), ("LOC", 10, 14, 0.7)]
    assert row.label == "PER 0-4; LOC 10-14"
    # Nobody has judged it: no region scores above a half
    assert all(region["score"] <= 0.5 for region in row.value)
    assert row.score == min(region["score"] for region in row.value)
    controls = {c.name: c for c in parse(SPANS).judged}
    [shown] = rows_of(key, [row], controls, "one")
    assert [(i["id"], i["value"]["text"], i["score"]) for i in shown["result"]] == [
        ("0", "x", row.value[0]["score"]), ("10", "x", row.value[1]["score"])]


@pytest.mark.parametrize(("item", "told"), [
    (span(0, 4, "DOG"), "'DOG' is no label of ner; it has: PER, LOC"),
    (span(4, 0), "its place cannot be read; spans need a start that is not after its end"),
    ({**span(0, 4), "value": {"start": 0, "end": 4}}, "has no list `labels`"),
    ({**span(0, 4), "type": "choices"}, "`type` is 'choices', the control's is 'labels'"),
    ({**span(0, 4), "to_name": "image"}, "`to_name` is 'image'"),
    ({**span(0, 4), "score": 7}, "`score` is 7"),
])
def test_regions_that_cannot_be(spans, item, told):
    [key] = spans.tasks(1, labelled=False)
    with pytest.raises(DataError) as error:
        spans.push([{"task": key, "result": [span(0, 1), item]}], "ner")
    assert told in str(error.value)


def test_regions_are_calibrated_by_those_that_people_mark_too(spans):
    # Given 60 tasks in which two of three regions are what people mark blind, and all claim 0.95
    keys = spans.tasks(60, labelled=False)
    for key in keys:
        answered(spans, key, [(0, 4, "PER"), (10, 14, "LOC")])
    [open_] = spans.tasks(1, labelled=False)
    claimed = [span(0, 4, score=0.95), span(10, 15, "LOC", score=0.95), span(20, 24, score=0.95)]
    found = spans.push([{"task": key, "result": claimed} for key in [*keys, open_]], "ner").version
    # Then of an open task each scores two thirds
    [row] = said(spans, [open_])[open_]
    assert [region["score"] for region in row.value] == pytest.approx([2 / 3] * 3, abs=0.03)
    assert found.card["controls"]["ner"]["held_out"]["accuracy"] == pytest.approx(2 / 3)
    # And beside one that finds half as much it does better
    other = spans.push([{"task": key, "result": [span(50, 55)]} for key in keys], "other", "two").version
    with spans.store.read() as conn:
        told = side_by_side.regions_report(side_by_side.regions(conn, 1, parse(SPANS).judged[0], found, other))
    assert (told["tasks"], told["f1"]) == (60, [0.8, 0.0])
    # And it may serve: it is better than marking nothing
    assert gate.pass_through(spans.store, found, actor="test").promoted


def test_nothing_there_is_an_answer(spans):
    [key] = spans.tasks(1, labelled=False)
    spans.push([{"task": key, "result": []}], "ner")
    [row] = said(spans, [key])[key]
    assert (row.value, row.label) == ([], "nothing")
    assert row.score <= 0.5
