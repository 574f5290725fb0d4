"""A team's own class answers over HTTP, of either generation, with label-studio-ml not installed."""

import threading

import pytest

from cueloop.store.schema import predictions
from ml_backend.compat import version as class_version
from ml_backend.compat.problems import Problems
from tests.ml_backend.compat.models_at import MODELS
from tests.ml_backend.conftest import CONFIG, LABELS, Project
from tests.ml_backend.server import predict, task

SPANS = """<View><Labels name="fruit" toName="text"><Label value="Fruit"/></Labels>
<Text name="text" value="$text"/></View>"""
OTHERS = CONFIG.replace("food", "account").replace("money", "billing").replace("sport", "delivery")


def chosen(answers):
    return [one["result"][0]["value"]["choices"][0] if one["result"] else None for one in answers]


@pytest.mark.parametrize(("file", "name", "generation"), [
    ("counting.py", "Counting", "2.x"), ("older.py", "Older", "1.0.9"), ("choices.py", "Choices", "1.0.9"),
    ("functions.py", "functions", "2.x")])
def test_classes_of_both_generations_answer_at_once_under_our_version(own, champion, file, name, generation):
    client = own(file)
    version = champion(name)
    assert version.card["generation"] == generation
    assert client.post("/setup", json={"project": "7.1", "schema": CONFIG}).json() == {"model_version": version.version}
    answers = predict(client, [task("bread for the bank", id=1), task("a bank loan", id=2)], project="7.1")
    assert len(answers) == 2
    assert {one["model_version"] for one in answers} == {version.version}
    assert set(chosen(answers)) <= set(LABELS)


def test_a_module_beside_the_file_is_found_when_it_is_imported_and_when_it_is_needed(own):
    assert chosen(predict(own("choices.py"), [task("Soup"), task("a LOAN"), task("nothing")])) == [
        "food", "money", "food"]


def test_the_context_of_an_open_editor_reaches_the_class(own):
    client = own("spans.py")
    region = {"from_name": "fruit", "to_name": "text", "type": "labels",
              "value": {"start": 0, "end": 5, "text": "Apple", "labels": ["Fruit"]}}
    body = {"tasks": [task("Apple and pear, Apple again", id=1)], "label_config": SPANS,
            "params": {"context": {"result": [region]}, "login": None, "password": None}}
    [answer] = client.post("/predict", json=body).json()["results"]
    assert [(item["value"]["start"], item["value"]["end"]) for item in answer["result"]] == [(0, 5), (16, 21)]
    # And without one it says nothing, for each task, which is no trouble
    body = {"tasks": [task("Apple"), task("pear")], "label_config": SPANS}
    assert [one["result"] for one in client.post("/predict", json=body).json()["results"]] == [[], []]


def test_what_goes_wrong_costs_only_the_task_that_it_is_about(own):
    texts = ["plain", "raise", "few", "junk", "unknown", "unscored", "two", "plain"]
    answers = predict(own("trouble.py"), [task(text) for text in texts])
    assert chosen(answers) == ["food", None, None, None, None, "food", "food", "food"]
    assert answers[0]["score"] == 0.5
    assert answers[5]["score"] is None
    assert [a["score"] for a in answers[6]["alternatives"]] == [0.3]


def test_tasks_that_are_none_do_not_reach_the_class(own):
    answers = predict(own("older.py"), [None, 3, {}, {"data": None}, {"data": ["bread"]}, task("bread")])
    assert chosen(answers) == [None, None, None, None, None, "food"]


def test_problems_say_where_and_never_what(own, class_settings, store, champion):
    client = own("trouble.py")
    predict(client, [task("raise"), task("few"), task("plain")])
    from ml_backend import registry
    from ml_backend.artifacts import Artifacts
    from ml_backend.protocol import asked

    loaded = registry.load(Artifacts(class_settings("trouble.py").artifacts), champion("Trouble"), store)
    loaded.other.propose(asked({"tasks": [task("raise"), task("few"), task("plain")], "label_config": CONFIG}),
                         (), range(3))
    problems = loaded.other.problems()
    assert any("trouble.py, line 16: ValueError" in problem for problem in problems)
    assert "secret" not in "".join(problems)


def test_a_forgotten_return_is_told(own):
    client = own("no_return.py")
    assert predict(client, [task("bread")])[0]["result"] == []
    assert any("predict returned None" in told for told in client.get("/health").json()["degraded"])


def test_trouble_that_was_not_seen_for_a_while_is_over():
    now = [0.0]
    problems = Problems("model.py", clock=lambda: now[0])
    for number in range(12):
        problems.note(f"trouble {number}")
    problems.note("trouble 11")
    assert len(problems.told()) == 10
    assert problems.told()[-1] == "model.py: trouble 11 (2 times)"
    now[0] = 901.0
    assert problems.told() == []


def test_a_class_that_ends_its_process_does_not_end_ours(own):
    assert chosen(predict(own("waiting.py"), [task("bread"), task("soup")])) == [None, None]


def test_a_class_is_imported_and_made_once_and_not_for_every_request(own, monkeypatch):
    made = []
    make = class_version.Instance.make
    monkeypatch.setattr(class_version.Instance, "make", lambda *args: made.append(args) or make(*args))
    client = own("counting.py")
    for _ in range(5):
        client.post("/setup", json={"project": "7.1", "schema": CONFIG})
        predict(client, [task("bread")], project="7.1")
    assert len(made) == 1


def test_one_object_is_asked_by_one_thread_at_a_time(own):
    client, answers = own("alone.py"), []
    threads = [threading.Thread(target=lambda: answers.extend(predict(client, [task("bread")]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert chosen(answers) == ["food"] * 8


def test_projects_with_other_labels_have_an_object_of_their_own_whatever_the_file_keeps_in_globals(own, store):
    Project(store)
    Project(store, 2, OTHERS)
    client = own("counting.py")
    for number, config, first in ((1, CONFIG, "food"), (2, OTHERS, "account"), (1, CONFIG, "food")):
        body = {"tasks": [task("bread", id=1)], "label_config": config, "project": f"{number}.1"}
        assert chosen(client.post("/predict", json=body).json()["results"]) == [first]


def test_a_started_server_keeps_what_an_admin_put_in_service(own, store, champion):
    own("counting.py")
    before = champion("Counting").version
    own("counting.py")
    assert champion("Counting").version == before


def test_a_file_that_was_edited_is_another_version_with_the_same_trained_files(own, champion, tmp_path):
    file = tmp_path / "edited.py"
    file.write_text((MODELS / "counting.py").read_text())
    own(str(file))
    before = champion("Counting")
    # When somebody edits the file and starts the server again
    file.write_text(file.read_text() + "# it says something else now\n")
    client = own(str(file))
    # Then Label Studio is told another version, so that it asks again
    after = champion("Counting")
    assert after.version != before.version
    assert (after.sha256, after.card["parent"]) == (before.sha256, before.version)
    assert client.post("/setup", json={"schema": CONFIG}).json()["model_version"] == after.version
    own(str(file))
    assert champion("Counting").version == after.version


def test_nothing_is_written_into_the_store_by_answering(own, store):
    predict(own("counting.py"), [task("bread")])
    with store.read() as conn:
        assert conn.execute(predictions.select()).all() == []
