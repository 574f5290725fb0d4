"""Every call that Label Studio 1.23.2 makes: connect, open, retrieve, next task, interactive, versions, delete."""

import pytest

from cueloop.store.predictions import ALTERNATIVE
from tests.ml_backend.conftest import CONFIG, Project
from tests.ml_backend.label_studio.conftest import ALL, BLIND, TITLE

pytestmark = pytest.mark.label_studio
NER = '<View><Labels name="l" toName="t"><Label value="PER"/></Labels><Text name="t" value="$text"/></View>'
IMAGE = """<View><Image name="i" value="$image"/><RectangleLabels name="r" toName="i"><Label value="Car"/>
</RectangleLabels></View>"""


def test_01_a_wrong_password_is_refused_in_words(scene):
    response = scene.connect(password="another")
    assert response.status_code == 400
    assert scene.call("GET", "/api/ml", params={"project": scene.id}) == []


def test_02_connecting_tells_the_version_and_makes_the_backend_the_source_of_predictions(scene, backend):
    assert (backend["state"], backend["model_version"]) == ("CO", scene.version)
    assert scene.call("GET", f"/api/projects/{scene.id}/")["model_version"] == TITLE


def test_03_opening_the_data_manager_asks_for_health_and_setup_only(scene, backend):
    before = {route: scene.live.asked(route) for route in ("/health", "/setup", "/predict")}
    [row] = scene.call("GET", "/api/ml", params={"project": scene.id})
    assert (row["id"], row["state"], row["model_version"]) == (backend["id"], "CO", scene.version)
    grown = {route: scene.live.asked(route) - count for route, count in before.items()}
    assert grown == {"/health": 1, "/setup": 1, "/predict": 0}


def test_04_opening_a_task_without_predictions_brings_one(scene, backend):
    task = scene.call("GET", f"/api/tasks/{scene.ids[0]}/")
    assert scene.version in {p["model_version"] for p in task["predictions"]}
    # Opening it again asks nothing
    before = scene.live.asked("/predict")
    assert scene.call("GET", f"/api/tasks/{scene.ids[0]}/")["predictions"] == task["predictions"]
    assert scene.live.asked("/predict") == before


def test_05_opening_a_blind_task_brings_none(scene, backend):
    assert scene.call("GET", f"/api/tasks/{scene.ids[-1]}/")["predictions"] == []
    assert scene.call("GET", f"/api/tasks/{scene.ids[-1]}/")["total_predictions"] == 0


def test_06_the_next_task_comes_with_predictions_made_inside_the_annotators_request(scene, backend):
    before = scene.live.asked("/predict")
    task = scene.call("GET", f"/api/projects/{scene.id}/next")
    if task["id"] == scene.ids[0]:  # has its own already
        scene.call("POST", f"/api/tasks/{task['id']}/annotations/", json={"result": [], "was_cancelled": True})
        task = scene.call("GET", f"/api/projects/{scene.id}/next")
    assert scene.version in {p["model_version"] for p in task["predictions"]}
    assert scene.live.asked("/predict") == before + 1


def test_07_predictions_for_five_hundred_tasks_all_but_the_blind_and_none_twice(scene, backend):
    scene.retrieve()
    stored = scene.stored()
    assert stored[scene.version] == ALL - BLIND
    assert 0 < stored[scene.version + ALTERNATIVE] < ALL - BLIND
    assert set(stored) == {scene.version, scene.version + ALTERNATIVE}
    # Asking again asks for the blind ones only, and changes nothing
    scene.retrieve()
    assert scene.stored() == stored
    some = scene.call("GET", "/api/predictions/", params={"project": scene.id})
    assert all(prediction["score"] > 0 for prediction in some)
    # An alternative is another answer to the same task, less likely than the first
    by_task = {}
    for prediction in some:
        by_task.setdefault(prediction["task"], {})[prediction["model_version"]] = prediction
    for versions in by_task.values():
        if len(versions) == 2:
            first, second = versions[scene.version], versions[scene.version + ALTERNATIVE]
            assert first["result"][0]["value"] != second["result"][0]["value"]
            assert first["score"] >= second["score"]


def test_08_interactive_annotating_shows_an_answer_and_stores_none(scene, backend):
    before = scene.stored()

    def ask(task, context):
        said = scene.call("POST", f"/api/ml/{backend['id']}/interactive-annotating",
                          json={"task": task, "context": context})
        assert said["data"]["model_version"] == scene.version
        return [region["value"]["choices"] for region in said["data"]["result"]]

    for context in ({"result": []}, {"x": 1}):
        [[label]] = ask(scene.ids[3], context)
        assert label in {"food", "money", "sport"}
    # What the person has answered already is not answered again, and a blind task not at all
    given = {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["food"]}}
    assert ask(scene.ids[3], {"result": [given]}) == []
    assert ask(scene.ids[-1], {"x": 1}) == []
    assert scene.stored() == before


def test_09_versions_are_listed(scene, backend):
    assert scene.call("GET", f"/api/ml/{backend['id']}/versions") == {"versions": [scene.version]}


def test_10_the_test_request_of_the_settings_page_works(scene, backend):
    said = scene.call("POST", f"/api/ml/{backend['id']}/predict/test", params={"random": "true"})
    assert said["status"] == 200


def test_11_a_new_version_is_asked_again_once_and_stands_beside_the_old(scene, backend):
    # Given a version that is put in service just now, when Label Studio asks at once, and again
    old, some = scene.stored(), scene.ids[-BLIND - 30:]
    second = scene.train()
    for _ in range(2):
        scene.retrieve(some=some)
    # Then whichever process answered, each open task has one prediction of it, and no other one more
    stored = scene.stored()
    assert stored[second] == 30
    assert {version: stored[version] for version in old} == old


@pytest.mark.parametrize(("config", "data"), [(NER, {"text": "Obama"}), (IMAGE, {"image": "http://x.test/a.jpg"})])
def test_12_a_project_that_a_text_model_cannot_answer_gets_nothing(scene, config, data):
    project = scene.new(config, [data] * 3)
    try:
        assert scene.connect(project).json()["state"] == "CO"
        scene.retrieve(project)
        for number in scene.task_ids(project):
            assert scene.call("GET", f"/api/tasks/{number}/")["predictions"] == []
        assert scene.stored(project) == {}
    finally:
        scene.call("DELETE", f"/api/projects/{project}/")


def test_12_a_project_whose_model_is_not_trained_keeps_no_trace_of_being_asked(scene):
    project = scene.new(CONFIG, [{"text": "bread"}, {"text": "bank"}])
    try:
        Project(scene.store, project)
        assert scene.connect(project).json()["state"] == "CO"
        scene.retrieve(project)
        [first, _] = scene.task_ids(project)
        assert scene.call("GET", f"/api/tasks/{first}/")["predictions"] == []
        assert scene.stored(project) == {}
    finally:
        scene.call("DELETE", f"/api/projects/{project}/")


def test_13_deleting_the_backend_leaves_its_predictions(scene, backend):
    before = scene.stored()
    scene.call("DELETE", f"/api/ml/{backend['id']}")
    assert scene.call("GET", "/api/ml", params={"project": scene.id}) == []
    assert scene.stored() == before
    assert scene.live.client.get("/health").status_code == 200
