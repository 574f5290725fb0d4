"""Clients that hold connections, break their framing or try to be somebody else keep nobody out and reach nothing."""

import base64
import json
import re
import socket

import pytest

from tests.ml_backend.conftest import CONFIG, dataset, examples
from tests.ml_backend.served import Served, until
from tests.ml_backend.server import AUTH, settings_in, train_now

BODY = json.dumps({"tasks": [{"data": {"text": "bread"}}], "label_config": CONFIG}).encode()
LOGIN = b"Authorization: Basic " + base64.b64encode(":".join(AUTH).encode()) + b"\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """One process with two threads."""
    from cueloop.store import Store

    home = tmp_path_factory.mktemp("home")
    settings = settings_in(home)
    store = Store.open(settings.store_url)
    train_now(settings, store, [dataset(examples(60))])
    store.close()
    command = Served(home, "--model", "topics", "--processes", "1", "--threads", "2")
    yield command
    assert command.stop() == 0


def connect(served):
    return socket.create_connection(("127.0.0.1", served.port), timeout=30)


def said(served, sent):
    """Status lines of all that is answered to raw bytes, and the last body."""
    with connect(served) as sock:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)
        found = b"".join(iter(lambda: sock.recv(65536), b""))
    return [int(one) for one in re.findall(rb"HTTP/1\.1 (\d+)", found)], found.rpartition(b"\r\n")[2]


def answered(sock):
    """Whether one answer comes, whole."""
    found = b""
    while b"}" not in found:
        found += sock.recv(4096)
    return found.startswith(b"HTTP/1.1 200 ")


def request(path=b"/predict", more=b"", method=b"POST", body=BODY):
    return (method + b" " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + b"Content-Length: %d\r\n" % len(body) + more + b"\r\n" + body)


@pytest.mark.parametrize("beginning", [b"", b"GET /health HTT", b"\r\n\r\n\r\nGET /he",
                                       b"POST /predict HTTP/1.1\r\nA: b"])
def test_clients_that_never_finish_a_header_hold_no_thread(served, beginning):
    # Given a hundred of them, at two threads
    slow = [connect(served) for _ in range(100)]
    try:
        for sock in slow:
            sock.sendall(beginning)
        for sock in slow[:50]:
            sock.sendall(b"x")
        # Then everybody else is answered as ever: each of them would have cost seconds
        assert [served.client.get("/health").status_code for _ in range(20)] == [200] * 20
        assert served.client.post("/predict", content=BODY).status_code == 200
        # And who finishes after all is answered
        slow[0].sendall(b"\r\n\r\n")
        slow[99].sendall(b"y\r\n\r\n")
        for sock in (slow[0], slow[99]):
            assert sock.recv(100).startswith(b"HTTP/1.1 ")
    finally:
        for sock in slow:
            sock.close()


def test_clients_that_were_answered_and_stay_hold_nobody_up(served):
    """gunicorn waits two seconds for each of them, in the loop that takes connections."""
    slow = [connect(served) for _ in range(60)]
    try:
        for sock in slow:
            sock.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        for sock in slow:
            assert b" 200 " in sock.recv(100)
        assert served.client.get("/health").status_code == 200
    finally:
        for sock in slow:
            sock.close()


def test_a_connection_that_is_kept_waits_for_its_next_header_without_a_thread(served):
    slow = [connect(served) for _ in range(20)]
    try:
        for sock in slow:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /hea")  # the next one begins at once
            assert answered(sock)
        assert served.client.post("/predict", content=BODY).status_code == 200
        for sock in slow:
            sock.sendall(b"lth HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answered(sock)
    finally:
        for sock in slow:
            sock.close()


def test_who_is_refused_is_not_waited_for(served):
    slow = [connect(served) for _ in range(60)]
    try:
        for sock in slow:  # without the password, and the body never comes
            sock.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n")
        for sock in slow:
            assert b" 401 " in sock.recv(100)
        assert served.client.get("/health").status_code == 200
    finally:
        for sock in slow:
            sock.close()


def test_requests_that_come_at_once_are_answered_in_order(served):
    statuses, _ = said(served, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 9 + b"GET /none HTTP/1.1\r\nHost: x\r\n"
                       + LOGIN + b"\r\n")
    assert statuses == [200] * 9 + [404]


@pytest.mark.parametrize("path", [
    b"//predict", b"/predict/", b"/%70redict", b"/PREDICT", b"/webhook/../predict", b"/webhook/%2e%2e/predict",
    b"/./predict", b"/predict;x", b"/webhook%2f..%2fpredict", b"/webhook%00/predict", b"http://x/predict",
    b"/health/../metrics", b"//webhook/../metrics", b"/openapi.json/../metrics"])
@pytest.mark.parametrize("method", [b"POST", b"GET", b"HEAD", b"OPTIONS", b"PUT"])
def test_no_spelling_of_a_path_needs_no_password(served, path, method):
    assert said(served, request(path, method=method))[0] == [401]


@pytest.mark.parametrize("header", [
    b"X-Original-URL: /webhook", b"X-Rewrite-URL: /webhook", b"X-HTTP-Method-Override: GET", b"SCRIPT_NAME: /predict",
    b"SCRIPT_NAME: /elsewhere", b"PATH_INFO: /webhook", b"X-Forwarded-Prefix: /webhook", b"REMOTE_USER: cueloop",
    b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off", b"Forwarded: for=127.0.0.1",
    b"Authorization_: Basic x", b"Authorization: Basic", b"Authorization: ", b"Authorization: Basic \xff\xfe",
    LOGIN.strip() + b"\r\n" + LOGIN.strip()])
def test_no_header_takes_the_place_of_the_password(served, header):
    assert said(served, request(more=header + b"\r\n"))[0] == [401]


@pytest.mark.parametrize("sent", [
    b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}GET", b"Content-Length: +2\r\n\r\n{}",
    b"Content-Length: -1\r\n\r\n{}", b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n1;" + b"a" * 200_000 + b"\r\n{\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}GARBAGE\r\n0\r\n\r\n"])
def test_a_request_of_two_meanings_is_refused_once(served, sent):
    statuses, body = said(served, b"POST /webhook HTTP/1.1\r\nHost: x\r\n" + sent)
    assert statuses == [400]  # one answer: what came behind is no request of its own
    assert set(json.loads(body)) == {"error"}


def test_a_header_without_end_is_refused_before_it_has_a_thread(served):
    for beginning, status in ((b"GET /health HTTP/1.1\r\nA: ", 431), (b"GET /", 414)):
        with connect(served) as sock:
            sock.sendall(beginning + b"x" * 60_000)
            assert sock.recv(100).startswith(b"HTTP/1.1 %d" % status)


def test_nonsense_does_not_fill_the_log(served):
    lines = len(served.said().splitlines())
    for _ in range(200):
        assert said(served, b"NONSENSE\r\n\r\n")[0] == [400]
    until(lambda: served.client.get("/health").status_code == 200)
    assert len(served.said().splitlines()) - lines < 150
    assert "Traceback" not in served.said()
