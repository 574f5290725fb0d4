"""Bodies as they really come, and those that are wrong: told by field and place, never quoted."""

import gzip
import json
import socket
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from cueloop.store import Store
from ml_backend.app import create_app
from ml_backend.protocol import BadRequest, asked, project_id
from ml_backend.serving.body import decode
from tests.ml_backend.conftest import CONFIG, dataset, examples
from tests.ml_backend.server import AUTH, settings_in, task, train_now

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
                    | st.text(), lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(), some, max_size=3))
BODY = json.dumps({"tasks": [task("bread")], "label_config": CONFIG}).encode()


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An app with one trained model."""
    settings = settings_in(tmp_path_factory.mktemp("home"))
    store = Store.open(settings.store_url)
    train_now(settings, store, [dataset(examples(90))])
    yield create_app(settings, store, "topics")
    store.close()


@pytest.fixture(scope="module")
def post(app):
    """Posts bytes to a route."""
    client = app.test_client()

    def posted(content, path="/predict", **headers):
        return client.post(path, data=content, auth=AUTH, headers=headers)
    return posted


# --- how it comes -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", [None, "", "application/json", "application/json; charset=utf-8",
                                  "APPLICATION/JSON", "application/vnd.api+json"])
def test_json_is_taken_with_and_without_its_type(post, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    assert post(BODY, **headers).json["results"][0]["result"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "text/json", "image/png", "nonsense"])
def test_another_type_is_refused_by_name(post, kind):
    response = post(BODY, **{"Content-Type": kind})
    assert response.status_code == 415
    assert "`Content-Type`" in response.json["error"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "nonsense"])
def test_a_compressed_body_is_refused_by_name(post, coding):
    response = post(gzip.compress(BODY), **{"Content-Type": "application/json", "Content-Encoding": coding})
    assert response.status_code == 415
    assert "`Content-Encoding`" in response.json["error"]


@pytest.mark.parametrize("coding", ["utf-8", "utf-16", "utf-32", "utf-8-sig"])
def test_json_in_any_of_its_encodings(post, coding):
    text = json.dumps({"tasks": [task("Brot für Käse")], "label_config": CONFIG}, ensure_ascii=False)
    assert post(text.encode(coding)).status_code == 200


def test_a_chunked_body_is_read(serve, train):
    train()
    client = serve("topics")
    response = client.post("/predict", content=(BODY[i:i + 10] for i in range(0, len(BODY), 10)))
    assert response.json()["results"][0]["result"]


@pytest.mark.parametrize("length", [b"abc", b"-1", b"1e3", b"99999999999999999999"])
def test_a_bad_content_length_is_the_clients_fault(serve, length):
    client = serve()
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as line:
        line.sendall(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n")
        assert int(line.recv(4096).split()[1]) in {400, 413}


# --- what is wrong with it ----------------------------------------------------------------------------------------

SECRET = "customer"


@pytest.mark.parametrize(("content", "words"), [
    (b"", "empty"), (b'{"customer": ', "line 1, column 14"), (b'{"a": 1,\n "customer" 2}', "line 2, column 13"),
    (b'{"customer": NaN}', "NaN"), (b'{"customer": -Infinity}', "Infinity"), (b'{"customer": "\x01"}', "column 15"),
    (b'{"customer": "\xff"}', "UTF-8"), (b"[" * 100_000, "nested"), (b'{"a":' * 100_000, "nested"),
    (b'{"customer": 1' + b"0" * 5000 + b"}", "digits"), (b"[]", "object"), (b'"customer"', "object"), (b"1", "object"),
    (b"null", "object"), (b"{} {}", "column 4"), (b"\x00", "line 1")])
@pytest.mark.parametrize("path", ["/predict", "/setup", "/webhook", "/job_status", "/validate", "/delete",
                                  "/duplicate_model", "/versions"])
def test_what_is_no_json_object_is_told_by_place(post, path, content, words):
    response = post(content, path)
    assert response.status_code == 400
    assert words in response.json["error"]
    assert SECRET not in response.text


@pytest.mark.parametrize(("body", "field"), [
    ({}, "`tasks`"), ({"tasks": 1}, "`tasks`"), ({"tasks": [], "label_config": []}, "`label_config`"),
    ({"tasks": [], "project": "x"}, "`project`"), ({"tasks": [], "project": "٣"}, "`project`"),
    ({"tasks": [], "project": {"id": []}}, "`project`"), ({"tasks": [], "project": "1\x00"}, "`project`"),
    ({"tasks": [], "label_config": "\ud800"}, "`label_config`"),
    ({"tasks": [], "project": 1.5e300}, "`project`"), ({"tasks": [], "project": -1.5}, "`project`"),
    ({"tasks": [], "project": "9" * 30}, "`project`"), ({"tasks": [], "project": 10**30}, "`project`")])
def test_a_wrong_field_is_named(post, body, field):
    response = post(json.dumps(body).encode())
    assert response.status_code == 400
    assert field in response.json["error"]


def test_a_config_of_setup_that_is_no_text_is_named(post):
    response = post(b'{"schema": []}', "/setup")
    assert response.status_code == 400
    assert "`schema`" in response.json["error"]


def test_of_two_equal_keys_the_last_counts(post):
    assert post(b'{"tasks": 3, "tasks": []}').json == {"results": []}


@pytest.mark.parametrize("number", [2**31, 2**63, 2**64, -2**70, 10**300])
def test_ids_of_any_size_are_answered(post, number):
    body = json.dumps({"tasks": [task("bread", id=number)], "label_config": CONFIG}).encode()
    assert post(body).json["results"][0]["result"]


@pytest.mark.parametrize("value", [None, 3, "x", [], {"context": [[]]}, {"context": {"result": "x"}},
                                   {"login": 3}, {"tasks": 1, "context": None}])
def test_params_of_any_shape_are_answered(post, value):
    body = json.dumps({"tasks": [task("bread")], "label_config": CONFIG, "params": value}).encode()
    assert post(body).json["results"][0]["result"]


@limits(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(context=JSON, tasks=st.lists(JSON, max_size=3))
def test_whatever_context_and_tasks_hold_each_task_is_answered(post, context, tasks):
    content = json.dumps({"tasks": [*tasks, task("bread")], "label_config": CONFIG,
                          "params": {"context": context}}).encode()
    response = post(content)
    assert response.status_code == 200
    assert len(response.json["results"]) == len(tasks) + 1
    assert all(isinstance(answer, dict) for answer in response.json["results"] if context is not None)


@limits(max_examples=50, deadline=None)
@given(st.binary(max_size=60))
def test_bytes_are_json_or_a_clear_refusal(content):
    with suppress(BadRequest):
        decode(content)


@pytest.mark.parametrize("content", [
    b'{"a": 9223372036854775808, "b": -9223372036854775809}', b'{"a": 18446744073709551616}', b'{"a": 1e400}',
    b'{"a": "\\ud800", "b": "\\ud83d\\ude00"}', b'{"a": 1, "a": 2}', b'{"a": -0, "b": -0.0, "c": 1.10, "d": 1E5}',
    b"[" * 900 + b"]" * 900, '{"a": "\u00e4\u2028"}'.encode(), '\ufeff{"a": 1}'.encode()])
def test_bodies_say_what_the_standard_library_reads_in_them(content):
    assert repr(decode(content)) == repr(json.loads(content))


@limits(max_examples=50, deadline=None)
@given(JSON)
def test_any_json_says_what_the_standard_library_reads_in_it(value):
    content = json.dumps(value).encode()
    assert repr(decode(content)) == repr(json.loads(content))


@limits(max_examples=50, deadline=None)
@given(JSON)
def test_a_project_is_an_id_or_a_clear_refusal(value):
    with suppress(BadRequest):
        found = project_id(value)
        assert found is None or 0 <= found < 10**18


# --- who asks -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("params", "more", "agent", "interactive", "stored"), [
    ({"context": None}, {}, "heartex/1.23.2", False, True), ({}, {}, "python-requests/2", False, False),
    ({"context": {"result": []}}, {}, "heartex/1.23.2", True, False), ({"context": {}}, {}, "heartex/", True, False),
    # an editor that sends no context: Label Studio adds the person's drafts to the task, in no other call
    ({"context": None}, {"drafts": []}, "heartex/1.23.2", True, False)])
def test_an_open_editor_is_told_from_a_call_that_stores(params, more, agent, interactive, stored):
    found = asked({"tasks": [task("x", **more)], "params": params}, agent)
    assert (found.interactive, found.stored) == (interactive, stored)


# --- methods ------------------------------------------------------------------------------------------------------

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "PURGE"}


@pytest.mark.parametrize(("path", "allow"), [
    ("/", "GET, HEAD"), ("/health", "GET, HEAD"), ("/metrics", "GET, HEAD"), ("/predict", "POST"), ("/setup", "POST"),
    ("/versions", "GET, HEAD, POST"), ("/webhook", "POST"), ("/job_status", "GET, HEAD, POST"), ("/validate", "POST"),
    ("/delete", "POST"), ("/duplicate_model", "POST")])
def test_a_wrong_method_is_told_the_right_ones(app, path, allow):
    client = app.test_client()
    for method in METHODS - set(allow.split(", ")):
        response = client.open(path, method=method, auth=AUTH)
        assert (response.status_code, response.headers["Allow"]) == (405, allow)
        assert method == "HEAD" or set(response.json) == {"error"}


def test_head_asks_whether_it_is_up(app):
    response = app.test_client().head("/health", auth=AUTH)
    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize("path", ["/nowhere", "/health//", "/health/", "/predict/1", "/%00", "/..%2f", "/é"])
def test_there_is_no_other_route_and_no_redirect(app, path):
    response = app.test_client().get(path, auth=AUTH)
    assert (response.status_code, set(response.json)) == (404, {"error"})
