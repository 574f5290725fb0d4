"""The ML backend over HTTP, as Label Studio 1.23.2 and its relatives talk to it."""

import base64
import json
import socket
import time

import httpx
import pytest
from pydantic import SecretStr

from cueloop.store import Store
from ml_backend import app as app_module
from ml_backend.serving import refusals
from ml_backend.serving.auth import Door
from ml_backend.serving.choice import Choice
from ml_backend.serving.rate import Bucket
from tests.ml_backend.conftest import CONFIG, dataset, examples
from tests.ml_backend.server import AUTH, Server, predict, settings_in, task, train_now

SENTIMENT = """<View><Text name="t" value="$text"/><Choices name="sentiment" toName="t">
<Choice value="food"/><Choice value="money"/></Choices></View>"""
NER = '<View><Labels name="l" toName="t"><Label value="PER"/></Labels><Text name="t" value="$text"/></View>'


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client of one server with one trained model, for tests that change neither."""
    settings = settings_in(tmp_path_factory.mktemp("home"))
    store = Store.open(settings.store_url)
    train_now(settings, store, [dataset(examples(90))])
    server = Server(settings, store, "topics")
    yield server.client
    server.stop()
    store.close()


# --- what any backend of Label Studio must do ---------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/", "/health"])
def test_health(client, path):
    began = time.monotonic()
    assert client.get(path).json()["status"] == "UP"
    assert time.monotonic() - began < 1


def test_metrics(client):
    predict(client, [task("bread")])
    lines = client.get("/metrics").text.splitlines()
    counts = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(counts['cueloop_ml_requests_total{route="/predict",status="200"}']) >= 1
    assert float(counts["cueloop_ml_tasks_total"]) >= 1


@pytest.mark.parametrize("body", [
    {"project": "1.1795339044", "schema": "<View></View>", "extra_params": {}},
    {"project": "1.1795339044", "schema": "<View></View>", "extra_params": None},
    {"project": "1.1", "schema": CONFIG, "hostname": "http://localhost:8080", "access_token": "secret"},
    {"project": "1", "schema": CONFIG}, {}])
def test_setup_gives_the_version_that_predictions_carry(client, body):
    version = client.post("/setup", json=body).raise_for_status().json()["model_version"]
    assert version == predict(client, [task("bread")])[0]["model_version"]


@pytest.mark.parametrize(("action", "status"), [
    ("ANNOTATION_CREATED", 201), ("ANNOTATION_UPDATED", 201), ("ANNOTATIONS_CREATED", 201),
    ("ANNOTATIONS_DELETED", 201), ("PROJECT_UPDATED", 200), ("SOMETHING_ELSE", 200)])
def test_events_are_answered_at_once_and_need_no_password(client, action, status):
    began = time.monotonic()
    body = {"action": action, "annotation": {"id": 1}, "project": {"id": 1}}
    assert client.post("/webhook", json=body, auth=None).status_code == status
    assert time.monotonic() - began < 1


def test_predict_without_id_project_and_params_answers_a_label_of_the_config(client):
    [answer] = predict(client, [task("the loan of the bank")])
    [region] = answer["result"]
    assert (region["from_name"], region["to_name"], region["type"]) == ("topic", "text", "choices")
    assert region["value"] == {"choices": ["money"]}
    assert 0 < answer["score"] == region["score"] <= 1


def test_the_whole_body_of_label_studio(client):
    tasks = [{"id": n, "data": {"text": f"bread {n}"}, "meta": {}, "is_labeled": False, "overlap": 1, "inner_id": n,
              "total_annotations": 0, "project": 1, "annotations": [], "predictions": []} for n in range(5)]
    answers = predict(client, tasks, project="1.1795339044", params={"login": None, "password": None, "context": None})
    assert len(answers) == 5
    assert all(a["result"][0]["value"]["choices"] == ["food"] for a in answers)


def test_labels_that_the_config_does_not_have_are_never_answered(client):
    # Given a config without sport, and another control name: the model has one head, the config one control
    tasks = [task("the goal of the striker in the stadium"), task("bread and soup")]
    answers = client.post("/predict", json={"tasks": tasks, "label_config": SENTIMENT}).json()["results"]
    assert [a["result"][0]["value"]["choices"][0] in {"food", "money"} for a in answers] == [True, True]
    assert {a["result"][0]["from_name"] for a in answers} == {"sentiment"}
    assert answers[0]["score"] < 0.5 < answers[1]["score"]


@pytest.mark.parametrize("config", [NER, CONFIG.replace("food", "a").replace("money", "b").replace("sport", "c")])
def test_a_config_that_the_model_cannot_answer_gets_empty_answers(client, config):
    answers = client.post("/predict", json={"tasks": [task("bread"), task("bank")], "label_config": config}).json()
    assert [a["result"] for a in answers["results"]] == [[], []]


def test_one_task_as_an_object_and_an_empty_config(client):
    response = client.post("/predict", json={"tasks": {"id": 1}, "label_config": "", "project": "1.2"})
    assert response.status_code == 200
    assert len(response.json()["results"]) == 1


def test_without_a_config_the_model_answers_what_it_was_trained_for(client):
    body = client.post("/predict", json={"tasks": [task("bread")]}).json()
    assert body["results"][0]["result"][0]["value"]["choices"] == ["food"]


def test_interactive_context_gets_an_object(client):
    [answer] = predict(client, [task("bread", id=1)], params={"context": {"result": []}})
    assert answer["result"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_versions(client, method):
    [version] = client.request(method, "/versions", json={"project": "1.2"}).json()["versions"]
    assert version == client.post("/setup", json={}).json()["model_version"]


@pytest.mark.parametrize("job", ["123456", "nonsense", None, 7, {"a": 1}, "9" * 50])
def test_an_unknown_job_is_gone(client, job):
    assert client.post("/job_status", json={"job": job}).status_code == 410


# --- bad input ----------------------------------------------------------------------------------------------------

TYPE = {"Content-Type": "application/json"}


@pytest.mark.parametrize(("path", "content", "headers", "status"), [
    ("/predict", b'{"tasks": [', TYPE, 400), ("/predict", b"", TYPE, 400), ("/predict", b"[]", TYPE, 400),
    ("/predict", b"null", TYPE, 400), ("/predict", b"{}", TYPE, 400), ("/predict", b'{"tasks": null}', TYPE, 400),
    ("/predict", b'{"tasks": "x"}', TYPE, 400), ("/predict", b'{"tasks": [], "label_config": "<View>"}', TYPE, 400),
    ("/predict", b'{"tasks": [], "label_config": 3}', TYPE, 400),
    ("/predict", b'{"tasks": [], "project": "abc"}', TYPE, 400),
    ("/predict", b'{"tasks": [], "project": [1]}', TYPE, 400),
    ("/predict", b'{"tasks": [], "project": true}', TYPE, 400), ("/predict", b"\xff\xfe", TYPE, 400),
    ("/predict", b'{"tasks": []}', {"Content-Type": "text/plain"}, 415), ("/predict", b"{", {}, 400),
    ("/setup", b"{", TYPE, 400), ("/webhook", b"{", TYPE, 400), ("/webhook", b"{}", TYPE, 400),
    ("/webhook", b'{"action": 3}', TYPE, 400), ("/webhook", b"[]", TYPE, 400), ("/job_status", b"{", TYPE, 400),
    ("/nowhere", b"{}", TYPE, 404), ("/health", b"{}", TYPE, 405)])
def test_a_bad_body_gets_json_that_says_so_and_no_traceback(client, path, content, headers, status):
    response = client.post(path, content=content, headers=headers)
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error"}
    assert "Traceback" not in response.text
    assert ".py" not in response.text


def test_xml_entities_in_a_config_are_refused(client):
    bomb = '<!DOCTYPE v [<!ENTITY a "aaaa">]><View><Text name="t" value="&a;"/></View>'
    response = client.post("/predict", json={"tasks": [], "label_config": bomb})
    assert response.status_code == 400
    assert "entities" in response.json()["error"]


def test_a_body_that_is_too_large_is_refused(serve, monkeypatch):
    monkeypatch.setattr(app_module, "LARGEST_BODY", 1000)
    response = serve().post("/predict", json={"tasks": [task("x" * 2000)]})
    assert response.status_code == 413
    assert set(response.json()) == {"error"}


ODD = [None, 3, "text", [], {}, {"data": None}, {"data": []}, {"data": {}}, {"data": {"text": None}},
       {"data": {"text": ["a"]}}, {"data": {"text": {"a": 1}}}, {"id": "x", "data": {"text": None}}, {"id": 2**70}]


def test_one_bad_task_harms_no_other(client):
    answers = predict(client, [t for odd in ODD for t in (odd, task("bread"))])
    assert len(answers) == 2 * len(ODD)
    assert all(a["result"] == [] for a in answers[::2])
    assert all(a["result"][0]["value"]["choices"] == ["food"] for a in answers[1::2])


def test_odd_texts_are_answered_and_never_fetched(client):
    # Given texts that look like paths and addresses, one of a server that would notice
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        trap.settimeout(0.2)
        odd = ["", ".", "/etc/hostname", "s3: is down", f"http://127.0.0.1:{trap.getsockname()[1]}/x", "\x00", "🧀",
               "\ud800", 5, -1.5]
        content = json.dumps({"tasks": [task(text) for text in odd], "label_config": CONFIG})
        answers = client.post("/predict", content=content, headers=TYPE).raise_for_status().json()["results"]
        with pytest.raises(TimeoutError):
            trap.accept()
    assert all(len(a["result"]) == 1 for a in answers)


def test_a_failure_inside_is_json_too_and_its_log_holds_no_text(client, monkeypatch, logged):
    said = logged(refusals)
    monkeypatch.setattr(Choice, "loaded", lambda *_, **__: {}["customer secret"])
    response = client.post("/predict", json={"tasks": [task("customer secret", id=1)]})
    assert (response.status_code, set(response.json())) == (500, {"error"})
    [(event, fields)] = said
    assert event == "request failed"
    assert "customer secret" not in f"{fields}{response.text}"


# --- who may ask --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("header", [
    "", "Basic", "Basic !!!", "Basic bsO2", "Bearer x", b"Basic \xe9\xff", "Basic " + "A" * 10_000,
    "Basic Y3VlbG9vcDp3cm9uZw==", "Basic Y3VlbG9vcA==", "Digest username=cueloop"])
@pytest.mark.parametrize("path", ["/health", "/", "/metrics", "/versions", "/nowhere"])
def test_with_a_wrong_header_everything_but_the_webhook_is_closed(client, path, header):
    _refused(httpx.get(f"{client.base_url}{path}", headers={"Authorization": header}))


def test_a_repeated_header_opens_nothing(client):
    good = httpx.BasicAuth(*AUTH)._auth_header
    twice = [("Authorization", "Basic eA=="), ("Authorization", good)]
    _refused(httpx.get(f"{client.base_url}/metrics", headers=twice))


@pytest.mark.parametrize("path", ["/metrics", "/versions", "/nowhere"])
def test_without_a_password_little_is_open(client, path):
    _refused(httpx.get(f"{client.base_url}{path}"))


@pytest.mark.parametrize("path", ["/", "/health"])
def test_health_without_a_password_tells_only_that(client, path):
    # Given a container's health check, which has no password
    response = httpx.get(f"{client.base_url}{path}")
    # Then it learns whether the backend is up, and no name of a model
    assert (response.status_code, set(response.json())) == (200, {"status", "ready"})
    assert set(client.get(path).json()) > {"status", "ready"}


def test_a_password_that_is_not_ascii_opens_as_label_studio_and_as_browsers_send_it(serve):
    client = serve(ml_user="ähm", ml_password=SecretStr("pässwörd"))
    for coding in ("utf-8", "latin-1"):
        header = b"Basic " + base64.b64encode("ähm:pässwörd".encode(coding))
        assert client.get("/versions", headers={"Authorization": header}, auth=None).status_code == 200
    _refused(client.get("/versions", auth=("ähm", "passwörd")))


def test_a_password_beyond_latin_1_is_no_empty_password():
    door = Door("", "пароль")
    assert not door.admits("Basic " + base64.b64encode(b":").decode())
    assert door.admits("Basic " + base64.b64encode(":пароль".encode()).decode())


def _refused(response):
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic")
    assert set(response.json()) == {"error"}


def test_posts_are_closed_too(client):
    for path in ("/predict", "/setup", "/job_status"):
        assert httpx.post(f"{client.base_url}{path}", json={"tasks": []}).status_code == 401


def test_events_are_rationed(client, monkeypatch):
    allowed = iter([True] * 10)
    monkeypatch.setattr(Bucket, "take", lambda _: next(allowed, False))
    statuses = [client.post("/webhook", json={"action": "ANNOTATION_CREATED"}).status_code for _ in range(11)]
    assert statuses == [201] * 10 + [429]


def test_a_bucket_refills():
    moment = [0.0]
    bucket = Bucket(2, per_second=1, clock=lambda: moment[0])
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    moment[0] = 1.5
    assert [bucket.take() for _ in range(2)] == [True, False]


# --- which model, and which task ----------------------------------------------------------------------------------

def test_an_untrained_model_answers_nothing_and_says_so(serve, project):
    client = serve()
    body = {"tasks": [task("bread"), task("bank")], "project": "1.2", "label_config": CONFIG}
    results = client.post("/predict", json=body).json()["results"]
    assert results == [{"result": [], "score": 0.0, "model_version": "untrained"}] * 2
    assert client.post("/setup", json={"project": "1.2"}).json() == {"model_version": "untrained"}
    # Label Studio would store an object even if it is empty, and take it for a suggestion that people saw
    stored = client.post("/predict", json=body, headers={"User-Agent": "heartex/1.23.2"}).json()["results"]
    assert stored == [[], []]
    assert client.get("/versions").json() == {"versions": []}
    assert client.get("/health").json()["status"] == "UP"


def test_a_blind_task_is_answered_with_nothing_to_store(serve, train, project):
    # Given a project of which task 1 is blind
    project.add(examples(60))
    project.add(examples(1), ids=[101], labelled=False, blind=True)
    version = train(project_id=1, name="project-1")
    client = serve()
    # When Label Studio asks for both, then the blind one gets an empty list: nothing is stored, not even emptiness
    asked = [task("bread", id=101), task("bread", id=1), task("bread")]
    hidden, shown, unknown = predict(client, asked, project="1.2")
    assert hidden == []
    assert shown["model_version"] == unknown["model_version"] == version
    assert shown["result"]
    # And in an open editor, where an object is expected, an empty object
    [answer] = predict(client, asked[:1], project="1.2", params={"context": {"x": 1}})
    assert answer["result"] == []


def test_each_project_gets_its_own_model_and_an_unknown_one_none(serve, train, project):
    project.add(examples(60))
    version = train(project_id=1, name="project-1")
    client = serve()
    assert client.post("/setup", json={"project": "1.2"}).json()["model_version"] == version
    assert client.post("/setup", json={}).json()["model_version"] == version        # the only one
    assert client.post("/setup", json={"project": "7.2"}).json()["model_version"] == "untrained"


def test_start_training_without_redis_says_so(serve, project):
    response = serve().post("/webhook", json={"action": "START_TRAINING", "project": {"id": 1}})
    assert response.status_code == 503
    assert "Redis" in response.json()["error"]


def test_start_training_of_a_project_that_is_not_connected_is_refused(serve, project):
    assert serve().post("/webhook", json={"action": "START_TRAINING", "project": {"id": 7}}).status_code == 404


