"""`cueloop serve` on several processes: what ends, what hangs and what drips harms nobody else."""

import json
import os
import signal
import socket
import threading
from base64 import b64encode

import httpx
import psutil
import pytest

from cueloop.store import Store
from tests.ml_backend.conftest import CONFIG, dataset, examples
from tests.ml_backend.served import DidNotStart, Served, until
from tests.ml_backend.server import AUTH, predict, settings_in, task, train_now

BASIC = b"Basic " + b64encode(":".join(AUTH).encode())


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with one model."""
    folder = tmp_path_factory.mktemp("home")
    settings = settings_in(folder)
    store = Store.open(settings.store_url)
    train_now(settings, store, [dataset(examples(90))])
    store.close()
    return folder


@pytest.fixture(scope="module")
def served(home):
    """Two processes of few threads."""
    command = Served(home, "--model", "topics", "--processes", "2", "--threads", "4")
    yield command
    assert command.stop() == 0


@pytest.fixture
def own(home):
    """Starts a server that a test may spoil."""
    running = []

    def start(*options, **more):
        running.append(Served(home, "--model", "topics", *options, **more))
        return running[-1]
    yield start
    for command in running:
        command.stop()


def connect(port, host="127.0.0.1"):
    return socket.create_connection((host, port), timeout=60)


def head(length, path=b"/predict", more=b""):
    return (b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: " + BASIC
            + b"\r\nContent-Length: " + str(length).encode() + b"\r\n" + more + b"\r\n")


def answer(sock):
    """Status and JSON of what comes back."""
    response = sock.makefile("rb").read()
    top, _, body = response.partition(b"\r\n\r\n")
    return int(top.split()[1]), json.loads(body)


def body():
    return json.dumps({"tasks": [task("bread and butter")], "label_config": CONFIG}).encode()


# --- starting -----------------------------------------------------------------------------------------------------

def test_it_says_where_it_listens_and_answers_there_on_all_its_processes(served):
    assert "(2 processes of 4 threads" in served.line
    [answered] = predict(served.client, [task("bread and butter")])
    assert answered["result"][0]["value"]["choices"] == ["food"]
    until(lambda: served.metric("cueloop_ml_model", name="topics", version=answered["model_version"]) == 2)


def test_one_connection_serves_many_requests(served):
    with connect(served.port) as sock:
        for _ in range(3):
            sock.sendall(head(len(body())) + body())
            found = sock.recv(65536)
            while not found.endswith(b"]}"):  # header and body may come one after the other
                found += sock.recv(65536)
            assert found.startswith(b"HTTP/1.1 200 OK")
            assert b"Connection: keep-alive" in found


def test_an_address_of_ip_version_6(own):
    if not socket.has_ipv6:
        pytest.skip("this machine has none")
    try:
        command = own("--processes", "1", host="::1")
    except DidNotStart:
        pytest.skip("this machine has no IPv6 loopback")
    assert command.url.startswith("http://[::1]:")
    assert command.client.get("/health").json()["status"] == "UP"


def test_a_port_that_is_taken_is_told(served, home):
    with pytest.raises(DidNotStart, match=f"cueloop: Cannot listen on 127.0.0.1:{served.port}: Address already in"):
        Served(home, "--port", str(served.port))


def test_nothing_is_written_but_in_the_home_and_nothing_is_left_there(own, home, tmp_path):
    before = set(os.listdir(home / "metrics")) if (home / "metrics").exists() else set()
    command = own("--processes", "1", environ={"TMPDIR": str(tmp_path), "HOME": str(tmp_path)})
    assert predict(command.client, [task("bread")])
    assert len(set(os.listdir(home / "metrics")) - before) == 1
    assert list(tmp_path.iterdir()) == []
    command.stop()
    assert set(os.listdir(home / "metrics")) <= before


# --- what ends ----------------------------------------------------------------------------------------------------

def test_a_process_that_is_killed_costs_at_most_its_own_requests(own):
    command = own("--processes", "2")
    stop, broken, wrong, right = threading.Event(), [], [], []

    def ask():
        while not stop.is_set():
            with httpx.Client(base_url=command.url, auth=AUTH, timeout=60) as client:
                try:
                    answers = predict(client, [task("bread and butter")])
                except httpx.TransportError as error:  # it was in the process that was killed
                    broken.append(error)
                    continue
                labels = [a["result"][0]["value"]["choices"] for a in answers]
                (right if labels == [["food"]] else wrong).append(labels)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        until(lambda: len(right) > 20)
        # When one is killed
        before = command.processes
        os.kill(before[0], signal.SIGKILL)
        # Then another one takes its place, and the clients go on
        until(lambda: before[0] not in command.processes and len(command.processes) == 2)
        so_far = len(right)
        until(lambda: len(right) > so_far + 50)
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert wrong == []
    assert len(broken) <= len(clients)
    version = predict(command.client, [task("bread")])[0]["model_version"]
    until(lambda: command.metric("cueloop_ml_model", name="topics", version=version) == 2)
    assert command.metric("cueloop_ml_requests_total", route="/predict", status="200") >= len(right)


def test_who_is_sending_when_it_is_told_to_end_is_answered(own):
    command = own("--processes", "1")
    with connect(command.port) as sock:
        sock.sendall(head(len(body())) + body()[:20])
        until(lambda: any(c.status == "ESTABLISHED" for p in command.processes
                          for c in psutil.Process(p).net_connections()))
        command.command.send_signal(signal.SIGTERM)
        until(lambda: not _listens(command.port))
        sock.sendall(body()[20:])
        status, said = answer(sock)
    assert (status, len(said["results"])) == (200, 1)
    assert command.command.wait(30) == 0


def test_when_the_one_that_makes_the_others_is_killed_nobody_is_left(own):
    command = own("--processes", "2")
    left = [psutil.Process(pid) for pid in command.processes]
    command.command.kill()
    assert psutil.wait_procs(left, timeout=60)[1] == []
    assert not _listens(command.port)


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- what drips, and what is no request ---------------------------------------------------------------------------

def test_more_slow_clients_than_threads_do_not_keep_others_out(own):
    command = own("--processes", "1", "--threads", "2")
    drips = [connect(command.port) for _ in range(4)]
    try:
        for number, sock in enumerate(drips):  # two stay in a body, two in a header
            sock.sendall(head(1000) + b"{" if number % 2 else b"POST /predict HTT")
        # Then somebody else is answered while they are still there
        assert command.client.get("/health").status_code == 200
        assert predict(command.client, [task("bread")])
        # and who sent a part of a body is told
        assert answer(drips[1])[0] == 408
    finally:
        for sock in drips:
            sock.close()


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(served):
    with connect(served.port) as sock:
        sock.sendall(head(10**9))
        status, said = answer(sock)
    assert status == 413
    assert "128 MB" in said["error"]


@pytest.mark.parametrize(("sent", "status"), [
    (b"NONSENSE\r\n\r\n", 400), (b"GET /health HTTP/1.1\r\nHost: x\r\nSe cret: hidden-word\r\n\r\n", 400),
    (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
    (b"GET /health HTTP/1.1\r\n" + b"".join(b"A%d: hidden-word\r\n" % n for n in range(300)) + b"\r\n", 431),
    (head(2, more=b"Transfer-Encoding: nonsense\r\n") + b"{}", 501)])
def test_what_is_no_request_is_answered_as_json_and_not_quoted_in_the_log(served, sent, status):
    with connect(served.port) as sock:
        sock.sendall(sent)
        got, said = answer(sock)
    assert got == status
    assert set(said) == {"error"}
    assert "hidden-word" not in served.said()
    assert "Traceback" not in served.said()


def test_health_is_answered_while_more_predictions_wait_than_there_are_threads(served):
    tasks = [task(e.text) for e in examples(500, seed=3)]
    stop, statuses = threading.Event(), set()

    def ask():
        with httpx.Client(base_url=served.url, auth=AUTH, timeout=60) as client:
            while not stop.is_set():
                statuses.add(client.post("/predict", json={"tasks": tasks, "label_config": CONFIG}).status_code)

    clients = [threading.Thread(target=ask) for _ in range(12)]
    for client in clients:
        client.start()
    try:
        for _ in range(20):
            assert served.client.get("/health").status_code == 200
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert statuses <= {200, 503}
    assert served.metric("cueloop_ml_waiting_requests") == 0
