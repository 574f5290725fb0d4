"""What Label Studio may ask about a project's model: does it fit a config, forget the project, copy it."""

import json

import pytest
import sqlalchemy as sa

from cueloop.store import models
from cueloop.store import schema as s
from tests.ml_backend.conftest import CONFIG, Project, examples
from tests.ml_backend.server import predict, task

TWO = CONFIG.replace("</View>", '<TextArea name="note" toName="text"/></View>')
OTHER = CONFIG.replace("food", "cats").replace("money", "dogs").replace("sport", "birds")
SOME = CONFIG.replace('<Choice value="sport"/>', '<Choice value="weather"/>')


def _own_model(project, train, project_id=1):
    project.add(examples(60))
    return train(project_id=project_id, name=f"project-{project_id}")


# --- /validate ----------------------------------------------------------------------------------------------------

def test_a_config_that_the_model_answers(serve, train):
    version = train()
    told = serve("topics").post("/validate", json={"config": TWO}).raise_for_status().json()
    assert (told["valid"], told["model"], told["model_version"]) == (True, "topics", version)
    assert [(c["name"], c["answered"]) for c in told["controls"]] == [("topic", True), ("note", False)]
    assert told["message"] == "Answered: topic. Left to people: note."


def test_labels_that_the_model_never_answers_are_named(serve, train):
    train()
    [control] = serve("topics").post("/validate", json={"config": SOME}).json()["controls"]
    assert control["answered"]
    assert "weather" in control["message"]


@pytest.mark.parametrize("config", [OTHER, "<View></View>", '<View><Text name="t" value="$t"/></View>'])
def test_a_config_that_the_model_cannot_answer(serve, train, config):
    train()
    told = serve("topics").post("/validate", json={"config": config}).json()
    assert told["valid"] is False
    assert not any(c["answered"] for c in told["controls"])


def test_a_config_before_there_is_a_model(serve, project):
    told = serve().post("/validate", json={"config": CONFIG, "project": "1.2"}).json()
    assert (told["valid"], told["model"]) == (True, None)
    assert "trained" in told["controls"][0]["message"]


@pytest.mark.parametrize(("config", "word"), [
    ("<View>", "line 1"), ("", "line 1"), ("no xml", "line 1"), ("\ud800", "XML"), ("<View>\x00</View>", "line 1"),
    ('<!DOCTYPE v [<!ENTITY a "aaaa">]><View><Text name="t" value="&a;"/></View>', "entities")])
def test_a_config_that_cannot_be_read_is_an_answer_and_no_error(serve, config, word):
    response = serve().post("/validate", content=_json({"config": config}))
    assert response.status_code == 200
    assert response.json()["valid"] is False
    assert word in response.json()["message"]


@pytest.mark.parametrize("body", [{}, {"config": None}, {"config": 3}, {"config": ["<View/>"]}])
def test_validate_without_a_config_names_the_field(serve, body):
    response = serve().post("/validate", json=body)
    assert response.status_code == 400
    assert "`config`" in response.json()["error"]


# --- /delete ------------------------------------------------------------------------------------------------------

def test_delete_forgets_and_deletes_nothing(serve, train, project, store):
    version = _own_model(project, train)
    client = serve()
    body = {"project": "1.1795339044"}
    assert predict(client, [task("bread")], **body)[0]["model_version"] == version
    # When Label Studio removes the backend from the project
    assert client.post("/delete", json=body).status_code == 200
    # Then nothing is in memory, everything in the store, and the next question is answered as before
    assert client.get("/health").json()["models"] == {}
    with store.read() as conn:
        assert [v.version for v in models.versions(conn, "project-1")] == [version]
    assert predict(client, [task("bread")], **body)[0]["model_version"] == version


def test_delete_of_a_project_that_nobody_knows_is_done_too(serve):
    assert serve().post("/delete", json={"project": "77.1"}).status_code == 200


@pytest.mark.parametrize("body", [{}, {"project": None}, {"project": "x"}])
def test_delete_needs_a_project(serve, body):
    response = serve().post("/delete", json=body)
    assert response.status_code == 400
    assert "`project`" in response.json()["error"]


# --- /duplicate_model ---------------------------------------------------------------------------------------------

COPY = {"project_src": "1.1795339044", "project_dst": "2.1795339044"}


def test_a_project_starts_with_a_copy_of_anothers_model(serve, train, project, store):
    version = _own_model(project, train)
    second = Project(store, 2)
    client = serve()
    assert client.post("/setup", json={"project": "2.1"}).json()["model_version"] == "untrained"
    # When Label Studio copies the model of project 1 to project 2
    told = client.post("/duplicate_model", json=COPY).raise_for_status().json()
    assert told == {"status": "ok", "model": "project-2", "model_version": version}
    # Then project 2 is answered by it, and the audit log says why
    assert client.post("/setup", json={"project": "2.1"}).json()["model_version"] == version
    assert predict(client, [task("bread")], project="2.1")[0]["model_version"] == version
    with store.read() as conn:
        [entry] = conn.execute(sa.select(s.audit).where(s.audit.c.action == "model copied")).all()
    assert (entry.subject, entry.detail["project_src"]) == (f"project-2@{version}", 1)
    # And asked once more it says the same and writes nothing
    assert client.post("/duplicate_model", json=COPY).json() == told
    with store.read() as conn:
        assert len(conn.execute(sa.select(s.audit).where(s.audit.c.action == "model copied")).all()) == 1
    # And what project 2 learns later is its own
    second.add(examples(60, seed=5))
    newer = train(project_id=2, name="project-2")
    with store.read() as conn:
        assert models.aliases_of(conn, "project-2")["champion"] == newer
        assert models.aliases_of(conn, "project-1")["champion"] == version


def test_a_project_that_has_a_model_keeps_it(serve, train, project, store):
    _own_model(project, train)
    Project(store, 2).add(examples(60, seed=5))
    train(project_id=2, name="project-2")
    _refused(serve(), 409, "model of its own")


def test_a_project_that_asks_for_other_labels_gets_no_copy(serve, train, project, store):
    _own_model(project, train)
    Project(store, 2, OTHER)
    _refused(serve(), 409, "other labels")
    with store.read() as conn:
        assert models.versions(conn, "project-2") == []


def test_there_must_be_a_model_and_both_projects(serve, train, project, store):
    client = serve()
    _refused(client, 404, "Project 2")
    Project(store, 2)
    _refused(client, 404, "train it")
    _refused(client, 404, "Project 9", project_src="9.1")


@pytest.mark.parametrize("field", COPY)
def test_duplicate_model_needs_both_projects(serve, field):
    for value in (None, "x", [1]):
        response = serve().post("/duplicate_model", json=COPY | {field: value})
        assert response.status_code == 400
        assert f"`{field}`" in response.json()["error"]


# --- /versions ----------------------------------------------------------------------------------------------------

def test_versions_of_one_project_or_of_all(serve, train, project, store):
    first = _own_model(project, train)
    Project(store, 2).add(examples(60, seed=5))
    second = train(project_id=2, name="project-2")
    client = serve()
    # Label Studio names no project
    assert client.get("/versions").json() == {"versions": [second, first]}
    assert client.get("/versions", params={"project": "1.1795339044"}).json() == {"versions": [first]}
    assert client.request("GET", "/versions", json={"project": "2.1"}).json() == {"versions": [second]}
    assert client.post("/versions", json={"project": 2}).json() == {"versions": [second]}
    assert client.get("/versions", params={"project": 7}).json() == {"versions": []}
    assert client.get("/versions", params={"project": "x"}).status_code == 400


def _refused(client, status, words, **changes):
    response = client.post("/duplicate_model", json=COPY | changes)
    assert response.status_code == status, response.text
    assert words in response.json()["error"]


def _json(body):
    return json.dumps(body).encode()
