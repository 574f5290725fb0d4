"""Prediction files: read one record at a time; what is wrong is told by place and field, nothing is written."""

import json

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.errors import DataError
from cueloop.store import schema as s
from ml_backend.elsewhere import files


def stored(scene):
    with scene.store.read() as conn:
        return conn.execute(sa.select(s.predictions).order_by(s.predictions.c.task)).all()


def refused(scene, records, **more):
    """The message of a push that is refused, after which nothing is there."""
    with pytest.raises(DataError) as error:
        scene.push(records, **more)
    assert stored(scene) == []
    return str(error.value)


@pytest.mark.parametrize(("record", "told"), [
    ({"label": "food"}, "`task` is missing"),
    ({"task": 999, "label": "food"}, "`task` 999 is no task of project 1"),
    ({"task": "two", "label": "food"}, "not Label Studio's id"),
    ({"task": 1}, "it says nothing"),
    ({"task": 1, "label": "fod"}, "'fod' is no label of topic; it has: food, money, sport"),
    ({"task": 1, "label": "food", "score": 1.2}, "`score` is 1.2, not a number from 0 to 1"),
    ({"task": 1, "label": "food", "score": float("nan")}, "`score` is nan"),
    ({"task": 1, "label": "food", "score": True}, "`score` is True"),
    ({"task": 1, "label": "food", "scor": 0.3}, "`scor` is no field"),
    ({"task": 1, "probabilities": {"food": 0.5, "money": 0.4}}, "`probabilities` sum to 0.9"),
    ({"task": 1, "probabilities": {"food": 0.5, "fun": 0.5}}, "'fun' is no label"),
    ({"task": 1, "label": "money", "probabilities": {"food": 0.6, "money": 0.4}}, "highest for 'food'"),
    ({"task": 1, "labels": {"mood": "good"}}, "'mood' is no single choice of the label config; it has: topic"),
    ({"task": 1, "result": [{"from_name": "mood"}]}, "'mood' is no control"),
    ({"task": 1, "result": [{"from_name": "topic", "value": {"choices": ["food", "money"]}}]}, "one choice"),
    ({"task": 1, "result": []}, "`result` is empty"),
    ({"task": 1, "label": "food", "trained": "yes"}, "`trained` is true or false"),
    ("food", "expected an object, found str"),
])
def test_what_cannot_be_is_told_with_its_place_and_field(scene, record, told):
    scene.tasks(2, labelled=False)
    message = refused(scene, [{"task": 2, "label": "food"}, record])
    assert "said.jsonl: 1 of 2 records are wrong; nothing was written" in message
    assert "line 2: " in message
    assert told in message


def test_all_problems_are_told_together_the_first_twenty_in_words(scene):
    scene.tasks(2, labelled=False)
    message = refused(scene, [{"task": 1, "label": f"x{n}"} for n in range(30)])
    assert "30 of 30" in message
    assert message.count("is no label") == 20
    assert "and 10 more" in message


def test_deleted_tasks_and_hidden_copies_are_refused(scene):
    first, second, third = scene.tasks(3, labelled=False)
    with scene.store.write() as conn:
        conn.execute(s.tasks.update().where(s.tasks.c.key == first).values(deleted_at=s.tasks.c.created_at))
        conn.execute(s.tasks.update().where(s.tasks.c.key == second).values(copy_of=third))
    message = refused(scene, [{"task": first, "label": "food"}, {"task": second, "label": "food"}])
    assert "was deleted in Label Studio" in message
    assert "is a hidden copy" in message


def test_a_task_is_told_once_a_file(scene):
    scene.tasks(1, labelled=False)
    assert "the task is the one of line 1" in refused(scene, [{"task": 1, "label": "food"}] * 2)


def test_sums_that_nearly_are_one_are_put_right(scene):
    scene.tasks(1, labelled=False)
    scene.push([{"task": 1, "probabilities": {"food": 0.6005, "money": 0.4}}])
    assert stored(scene)[0].raw["food"] == pytest.approx(0.6005 / 1.0005)
    assert sum(stored(scene)[0].raw.values()) == pytest.approx(1)


def test_records_that_are_wrong_can_be_left_out(scene):
    scene.tasks(2, labelled=False)
    done = scene.push([{"task": 1, "label": "food"}, {"task": 2, "label": "fod"}], skip_invalid=True)
    assert (done.count.new, done.count.wrong) == (1, 1)
    assert "line 2" in done.count.problems[0]
    assert [row.task for row in stored(scene)] == [1]


def test_a_file_of_which_nothing_is_left_is_refused(scene):
    scene.tasks(1, labelled=False)
    assert "1 of 1 records are wrong" in refused(scene, [{"task": 1, "label": "fod"}], skip_invalid=True)
    assert "has no predictions in it" in refused(scene, [])
    assert "has no predictions in it" in refused(scene, [], dry_run=True)


def test_a_csv_file_with_scores_and_one_with_a_column_a_label(scene):
    scene.tasks(4, labelled=False)
    plain, wide = scene.folder / "plain.csv", scene.folder / "wide.csv"
    plain.write_text("task,label,score\n1,food,0.9\n2,money,\n", encoding="utf-8")
    wide.write_text("task,food,money,sport\n3,0.2,0.3,0.5\n4,1,,\n", encoding="utf-8")
    scene.push(plain)
    scene.push(wide)
    assert [(row.task, row.label, row.raw) for row in stored(scene)] == [
        (1, "food", {"food": 0.9}), (2, "money", {}), (3, "sport", {"food": 0.2, "money": 0.3, "sport": 0.5}),
        (4, "food", {"food": 1.0, "money": 0.0, "sport": 0.0})]


@pytest.mark.parametrize(("text", "told"), [
    ("task,label\n1\n", "line 2: not the 2 fields of the header"),
    ("task,label,score\n1,food,high\n", "`score` is 'high'"),
    ("task,label,colour\n1,food,red\n", "`colour` is no field"),
    ("", "the file is empty"),
    ('task,label\n1,"food\n', "Check its quotes"),
    ("task,task\n1,2\n", "column task occurs twice"),
])
def test_what_is_wrong_with_a_csv_file(scene, text, told):
    scene.tasks(1, labelled=False)
    path = scene.folder / "said.csv"
    path.write_text(text, encoding="utf-8")
    assert told in refused(scene, path)


def test_predictions_as_label_studio_has_them(scene):
    scene.tasks(3, labelled=False)
    result = [{"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["money"]}}]
    path = scene.folder / "said.json"
    path.write_text(json.dumps([
        {"id": 71, "task": 1, "result": result, "score": 0.8, "model_version": "x"},
        {"id": 2, "data": {}, "predictions": [{"result": result, "model_version": "one", "score": 0.7},
                                              {"result": [], "model_version": "other"}]},
        {"id": 3, "result": [{**result[0], "score": 0.6}]}], indent=2), encoding="utf-8")
    scene.push(path)
    assert [(row.task, row.label, row.raw) for row in stored(scene)] == [
        (1, "money", {"money": 0.8}), (2, "money", {"money": 0.7}), (3, "money", {"money": 0.6})]


def test_a_field_of_the_data_can_name_the_task(scene):
    scene.tasks(2, labelled=False)
    with scene.store.write() as conn:
        for key in (1, 2):
            conn.execute(s.tasks.update().where(s.tasks.c.key == key).values(data={"text": "same", "no": f"T-{key}"}))
    scene.push([{"no": "T-2", "label": "food"}, {"key": "T-1", "label": "sport"}], match="no")
    assert [(row.task, row.label) for row in stored(scene)] == [(1, "sport"), (2, "food")]
    with pytest.raises(DataError, match="belongs to several tasks"):
        scene.push([{"text": "same", "label": "food"}], version="two", match="text")


@pytest.mark.parametrize("text", ["{}", "[{]", '[{"task": 1}', '[{"task": 1} {"task": 2}]', ""])
def test_json_that_is_broken_is_refused(scene, text):
    path = scene.folder / "said.json"
    path.write_text(text, encoding="utf-8")
    scene.tasks(2, labelled=False)
    assert str(path) in refused(scene, path)


def test_no_file_another_kind_of_file_and_bytes_that_are_no_text(scene):
    assert "cannot be read" in refused(scene, scene.folder / "none.jsonl")
    (scene.folder / "said.txt").write_text("", encoding="utf-8")
    assert ".jsonl, .json, .csv" in refused(scene, scene.folder / "said.txt")
    path = scene.folder / "said.jsonl"
    path.write_bytes(b'{"task": 1, "label": "\xff"}\n')
    assert "not UTF-8" in refused(scene, path)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.dictionaries(st.text(max_size=5), st.one_of(
           st.text(max_size=9), st.floats(allow_nan=False), st.lists(st.integers(), max_size=3))), max_size=6),
       block=st.integers(1, 40), indent=st.sampled_from([None, 1]))
def test_a_json_list_is_read_in_pieces_as_it_would_be_whole(tmp_path_factory, rows, block, indent):
    path = tmp_path_factory.mktemp("json") / "list.json"
    path.write_text(json.dumps(rows, indent=indent, ensure_ascii=False), encoding="utf-8", errors="surrogatepass")
    before, files.BLOCK = files.BLOCK, block
    try:
        assert [record.fields for record in files.records(path)] == rows
    finally:
        files.BLOCK = before
