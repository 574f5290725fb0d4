"""Faults 8, 9, 14, 15, 19 and 26: answers that are a guess, another project's, too few, or one by one."""

import threading

import httpx
import pytest

from ml_backend.answering.heads import Heads
from tests.ml_backend.conftest import CONFIG, Project, examples
from tests.ml_backend.server import AUTH, predict, task

ACCOUNTS = """<View><Text name="text" value="$text"/><Choices name="topic" toName="text" choice="single">
<Choice value="Account"/><Choice value="Billing"/><Choice value="Delivery"/></Choices></View>"""
NAMES = {"food": "Account", "money": "Billing", "sport": "Delivery"}


def test_fault_08_a_cold_model_never_looks_like_a_trained_one_and_a_bad_first_request_costs_nothing(
        serve, train, project):
    # Given a server that has no model yet, whose first requests are the worst
    client = serve()
    for body in ({"tasks": {"id": 1}, "label_config": "", "project": "1.2"}, {"tasks": [None, {}], "project": "1.2"},
                 {"tasks": [], "label_config": "<View", "project": "1.2"}):
        assert client.post("/predict", json=body).status_code < 500
    assert predict(client, [task("bread")], project="1.2") == [
        {"result": [], "score": 0.0, "model_version": "untrained"}]
    # When a model is trained, then it answers without a restart
    project.add(examples(60))
    version = train(project_id=1, name="project-1")
    for _ in range(400):
        if client.post("/setup", json={"project": "1.2"}).json()["model_version"] == version:
            break
    [answer] = predict(client, [task("bread")], project="1.2")
    assert (answer["model_version"], answer["result"][0]["value"]) == (version, {"choices": ["food"]})


def test_fault_09_projects_and_their_labels_never_mix(serve, train, project, store):
    # Given two projects with the same texts and controls, and other labels
    project.add(examples(60))
    other = Project(store, 2, ACCOUNTS)
    other.add([e.__class__(e.key, e.identity, e.text, NAMES[e.label], e.weight) for e in examples(60)])
    versions = {1: train(project_id=1, name="project-1"), 2: train(project_id=2, name="project-2")}
    client, problems = serve(), []

    def ask(number, config, labels):
        with httpx.Client(base_url=client.base_url, auth=AUTH, timeout=30) as own:
            for _ in range(15):
                body = {"tasks": [task(e.text) for e in examples(9)], "project": f"{number}.1", "label_config": config}
                for answer in own.post("/predict", json=body).raise_for_status().json()["results"]:
                    said = {label for region in answer["result"] for label in region["value"]["choices"]}
                    if not said <= labels or answer["model_version"] != versions[number]:
                        problems.append((number, answer))

    # When both are asked at the same time, and each with the other's config too
    asked = [(1, CONFIG, set(NAMES)), (2, ACCOUNTS, set(NAMES.values())), (1, ACCOUNTS, set()), (2, CONFIG, set())]
    threads = [threading.Thread(target=ask, args=one) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Then each gets its own model's answers, in its own labels or not at all
    assert problems == []


@pytest.mark.parametrize("extra", [None, {}, {"a": {"b": [1]}}, [1], "text", 3, True])
def test_fault_14_extra_params_of_any_shape(serve, train, extra):
    version = train()
    body = {"project": "1.2", "schema": CONFIG, "extra_params": extra}
    assert serve("topics").post("/setup", json=body).raise_for_status().json()["model_version"] == version


@pytest.mark.parametrize("params", [{"tasks": 1}, {"self": 1, "context": None}, {"request": 1, "loaded": None}])
def test_fault_15_names_in_params_reach_no_function(serve, train, params):
    train()
    [answer] = predict(serve("topics"), [task("bread")], params=params)
    assert answer["result"]


@pytest.mark.parametrize("config", [CONFIG, ACCOUNTS, "<View></View>", ""])
@pytest.mark.parametrize("agent", ["python", "heartex/1.23.2"])
def test_fault_19_as_many_answers_as_tasks_whatever_there_is_to_say(serve, train, config, agent):
    """Label Studio throws a whole batch away when one answer is missing."""
    train()
    tasks = [task("bread"), task(""), {"id": 7}, task(None), task("bank"), {"data": {"other": "x"}}]
    body = {"tasks": tasks, "label_config": config, "project": "1.2"}
    response = serve("topics").post("/predict", json=body, headers={"User-Agent": agent})
    assert len(response.raise_for_status().json()["results"]) == len(tasks)


def test_fault_26_small_requests_that_come_together_are_predicted_together(serve, train, monkeypatch):
    train()
    client = serve("topics")
    predict(client, [task("bread")])
    # Given a prediction that is held up, and requests that come meanwhile
    batches, began, may = [], threading.Event(), threading.Event()
    propose = Heads.propose

    def slow(self, asked, controls, at):
        batches.append(len(at))
        began.set()
        assert may.wait(30)
        return propose(self, asked, controls, at)

    monkeypatch.setattr(Heads, "propose", slow)
    answers = {}

    def ask(text):
        with httpx.Client(base_url=client.base_url, auth=AUTH, timeout=60) as own:
            answers[text] = predict(own, [task(text)])[0]["result"][0]["value"]["choices"]

    words = {"bread": ["food"], "bank": ["money"], "goal": ["sport"], "soup": ["food"], "loan": ["money"]}
    threads = [threading.Thread(target=ask, args=(word,)) for word in words]
    threads[0].start()
    assert began.wait(30)
    for thread in threads[1:]:
        thread.start()
    threads[-1].join(1)  # they arrive and wait
    may.set()
    for thread in threads:
        thread.join()
    # Then those were one batch, and everybody has the own answer
    assert len(batches) < len(words)
    assert sum(batches) == len(words)
    assert answers == words
