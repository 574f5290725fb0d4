"""More than a hundred malformed bodies: each is refused with JSON that names the fault, and nothing else happens."""

import gc
import json

import pytest

from cueloop.store import Store
from tests.ml_backend.conftest import Project, dataset, examples
from tests.ml_backend.live import Live
from tests.ml_backend.malformed.bodies import GOOD, SECRET, TYPE, malformed, odd
from tests.ml_backend.server import predict, settings_in, task, train_now

CASES = malformed()
GROWTH = 12 * 2**20
"""Bytes by which each serving process may grow over 2,000 requests: what its allocator does not give back."""


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A server as a user runs it, with a connected project and a trained model."""
    settings = settings_in(tmp_path_factory.mktemp("malformed"))
    store = Store.open(settings.store_url)
    Project(store, 1)
    train_now(settings, store, [dataset(examples(90))])
    store.close()
    server = Live(settings, "--model", "topics")
    yield server
    server.stop()


def told(response):
    """The error of an answer that tells nothing else: no traceback, no path, no piece of the body."""
    assert response.headers["Content-Type"].startswith("application/json")
    body = response.json()
    assert set(body) == {"error"}
    assert isinstance(body["error"], str)
    assert body["error"]
    for never in ("Traceback", ".py", "site-packages", "/home", "\\u", SECRET, "line 1 column"):
        assert never not in response.text, never
    return body["error"]


def test_there_are_more_than_a_hundred_distinct_ones():
    distinct = {(route, content, tuple(headers.items())) for route, _, content, headers, _ in CASES}
    assert len(distinct) == len(CASES) > 200


@pytest.mark.parametrize(("route", "wrong", "content", "headers", "field"), CASES,
                         ids=[f"{route[1:]}: {wrong}" for route, wrong, *_ in CASES])
def test_a_malformed_body_is_refused_by_name(live, route, wrong, content, headers, field):
    response = live.client.post(route, content=content, headers=headers)
    assert 400 <= response.status_code < 500, response.text
    if "sent as" in wrong or "sent in" in wrong:
        assert response.status_code == 415
    error = told(response)
    if field:
        assert field in error or ("config" in field and "Label config" in error)
    # And the next request is answered as ever
    assert predict(live.client, [task("bread")])[0]["result"][0]["value"]["choices"] == ["food"]


def test_odd_values_are_answered_or_refused_and_nothing_in_between(live):
    for route, content in odd():
        response = live.client.post(route, content=content, headers=TYPE)
        assert response.status_code < 500, (route, content)
        assert response.headers["Content-Type"].startswith("application/json"), (route, content)
        if response.status_code >= 400:
            told(response)
    assert predict(live.client, [task("bread")])[0]["result"]


def test_the_log_holds_nothing_of_them(live):
    log = live.log()
    assert SECRET not in log
    assert "Traceback" not in log


def test_memory_stays_flat_over_two_thousand_requests(live):
    # Given a server that has seen every kind of request, so that its caches and pools are filled
    def ask(count):
        for number in range(count):
            route, _, content, headers, _ = CASES[number % len(CASES)]
            if number % 2:
                tasks = [task(f"bread {number} {n}") for n in range(20)]
                content, headers, route = json.dumps(GOOD["/predict"] | {"tasks": tasks}).encode(), TYPE, "/predict"
            assert live.client.post(route, content=content, headers=headers).status_code < 500

    ask(2 * len(CASES))
    gc.collect()
    before = {server.pid: server.memory_info().rss for server in live.servers()}
    # When two thousand more come, good and bad, no text twice
    ask(2000)
    # Then no process has grown by more than what an allocator keeps for itself
    grown = {server.pid: server.memory_info().rss - before[server.pid] for server in live.servers()}
    assert max(grown.values()) < GROWTH, grown
