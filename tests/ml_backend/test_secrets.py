"""Nothing secret is ever written: not by us, not by a library at debug, not in a traceback, not in the store."""

import io
import json
import logging
import sqlite3
import sys
import threading

import httpx
import pytest
import structlog
from pydantic import SecretStr

from cueloop import logs, settings
from cueloop.store import Store
from tests.ml_backend.conftest import CONFIG, dataset, examples
from tests.ml_backend.live import Live
from tests.ml_backend.server import settings_in, train_now

MARK = "open-sesame-marked"
"""Is in every secret that is sent."""


@pytest.fixture
def restored():
    """`restored(logger)` has its level as it was when the test ends."""
    before = []
    yield lambda logger: before.append((logger, logger.level))
    for logger, level in before:
        logger.setLevel(level)


@pytest.fixture
def written(monkeypatch):
    """What is written to standard error from now on."""
    hidden = set(logs._hidden)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    hook = threading.excepthook
    logs.setup("debug", "test")
    yield stream
    logs._hidden.clear()
    logs._hidden.update(hidden)
    threading.excepthook = hook
    logging.getLogger().handlers.clear()
    structlog.reset_defaults()


def bodies():
    """(method, path, what is sent), each with a mark in whatever Label Studio or anybody else may send."""
    token, task = f"token-{MARK}", {"id": 1, "data": {"text": f"text {MARK}"}}
    project = {"id": 1, "token": token, "created_by": {"auth_token": token}}
    params = {"login": f"login-{MARK}", "password": f"password-{MARK}", "context": {"result": [{"secret": token}]}}
    setup = {"project": "1.2", "schema": CONFIG, "hostname": f"http://u:{MARK}@host", "access_token": token}
    predict = {"tasks": [task], "project": "1.2", "label_config": CONFIG, "params": params}
    sent = {"/setup": [setup, setup | {"project": MARK}, setup | {"schema": f"<View {MARK}"}],
            "/predict": [predict, predict | {"label_config": f"<{MARK}"}, predict | {"tasks": MARK},
                         predict | {"tasks": [MARK, {"data": MARK}]}, predict | {"params": token}],
            "/webhook": [{"action": "START_TRAINING", "project": project}, {"action": MARK, "project": project},
                         {"action": 7, "token": token}, {"action": "ANNOTATION_CREATED", "task": task}],
            "/validate": [{"config": f"<View><{MARK}/></View>"}, {"config": 7, "token": token}],
            "/delete": [{"project": MARK}, {"project": "99.1", "token": token}],
            "/duplicate_model": [{"project_src": "1.1", "project_dst": MARK}, {"token": token}],
            "/versions": [{"project": MARK}, {"token": token}], "/job_status": [{"job": MARK}],
            "/health": [None], "/metrics": [None], f"/nowhere/{MARK}?token={token}": [predict]}
    for path, some in sent.items():
        for body in some:
            yield "GET" if body is None else "POST", path, body
    yield "GET", f"/versions?project={MARK}&token={token}", None
    yield "GET", f"/job_status?job={MARK}", None


def everything_in(folder):
    """The content of all files below, and of every table of SQLite ones."""
    for file in folder.rglob("*"):
        if file.is_file():
            yield str(file), file.read_bytes().decode(errors="replace")


def test_a_server_at_debug_writes_no_secret_of_any_request(tmp_path):
    # Given a server that logs all it can, with a password and a Redis that has one, and does not answer
    chosen = settings_in(tmp_path).model_copy(update={
        "redis_url": f"redis://user:redis-{MARK}@127.0.0.1:1/0", "ml_password": SecretStr(f"ml-{MARK}")})
    store = Store.open(chosen.store_url)
    train_now(chosen, store, [dataset(examples(60))])
    store.close()
    live = Live(chosen, "--model", "topics", CUELOOP_LOG_LEVEL="debug", CUELOOP_ML_PROCESSES="1",
                CUELOOP_REDIS_URL=chosen.redis_url, CUELOOP_ML_PASSWORD=f"ml-{MARK}", PYTHONASYNCIODEBUG="1")
    try:
        # When bodies and headers with secrets come to every route, also such as fail
        for auth in (("cueloop", f"ml-{MARK}"), ("cueloop", f"wrong-{MARK}"), None):
            headers = {"User-Agent": "heartex/1.23.2", "Cookie": f"session={MARK}", "X-Api-Key": MARK}
            if auth is None:
                headers["Authorization"] = f"Token {MARK}"
            with httpx.Client(base_url=live.url, auth=auth, headers=headers, timeout=30) as client:
                for method, path, body in bodies():
                    response = client.request(method, path, json=body)
                    assert response.status_code < 500 or response.status_code == 503
                    assert f"token-{MARK}" not in response.text
                for raw in (b'{"token": "' + MARK.encode(), MARK.encode() * 10, b"\xff" + MARK.encode()):
                    client.post("/predict", content=raw, headers={"Content-Type": "application/json"})
                    client.post("/predict", content=raw, headers={"Content-Type": f"text/{MARK}"})
    finally:
        live.stop()
    # Then no mark is in its output, its logs, its home or its store
    assert [name for name, text in everything_in(tmp_path) if MARK in text] == []
    with sqlite3.connect(tmp_path / "cueloop.sqlite3") as conn:
        assert MARK not in "\n".join(conn.iterdump())
    conn.close()


@pytest.mark.parametrize("text", [
    f"postgresql://user:{MARK}@host/db", f"redis://:{MARK}@host", f"GET http://u:{MARK}@host/x",
    f"Authorization: Token {MARK}", f"Bearer {MARK}", f"basic {MARK}==", f"http://h/x?access_token={MARK}&b=1", f"https://s3/x?X-Amz-Signature={MARK}",
    f"eyJhbGciOiJIUzI1NiJ9.{MARK}.{MARK}"])
def test_what_looks_like_credentials_is_masked(text):
    assert MARK not in logs.mask(text)


@pytest.mark.parametrize("text", [
    "a token was refused", "basic auth", "Use the Token.", "http://127.0.0.1:8080/projects/5?tab=3", "user@example.com",
    "Version 20260101-101010-abcdef of model topics", "see file:///folder and s3://bucket/folder"])
def test_what_does_not_is_left(text):
    assert logs.mask(text) == text


def test_secrets_of_the_settings_are_masked_wherever_they_stand(written, tmp_path, monkeypatch):
    named = {"LABEL_STUDIO_API_KEY": f"key-{MARK}", "CUELOOP_ML_PASSWORD": f'pass"{MARK}',
             "CUELOOP_HOOK_SECRET": f"hook-{MARK}", "CUELOOP_DATABASE_URL": f"postgresql://u:db%21{MARK}@host/db",
             "CUELOOP_SMTP_URL": f"smtp://u:smtp-{MARK}@h:1"}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    found = settings.load(home=tmp_path)
    for secret in found.secrets():
        logs.get("x").warning(f"here: {secret}", field=secret, deep={"list": [f"a{secret}b"]})
        logging.getLogger("library").error("%s and %r", secret, {"x": secret})
    lines = written.getvalue().splitlines()
    assert all(json.loads(line) for line in lines)
    assert MARK not in written.getvalue()
    assert repr(found).count(MARK) == 1      # the database's address, which settings print; logs do not
    logs.get("x").warning("again", settings=found)
    assert MARK not in written.getvalue()


@pytest.mark.parametrize("library", [
    "werkzeug", "gunicorn.error", "waitress", "httpx", "httpcore", "sqlalchemy.engine", "sqlalchemy.pool", "rq.worker",
    "urllib3", "alembic"])
@pytest.mark.parametrize("level", [logging.NOTSET, logging.INFO])
def test_no_library_is_heard_at_debug_and_none_tells_what_an_error_said(written, library, level, restored):
    logger = logging.getLogger(library)
    restored(logger)
    logger.setLevel(level)      # werkzeug sets its own when it serves
    logger.debug("body %s", MARK)
    logger.info("body %s", MARK)
    try:
        raise ValueError(f"could not parse {MARK}")
    except ValueError:
        logger.exception("it failed")
    [line] = [json.loads(line) for line in written.getvalue().splitlines()]
    assert (line["event"], line["kind"]) == ("it failed", "ValueError")
    assert MARK not in str(line)


def test_a_thread_that_ends_by_an_error_tells_where_and_not_what(written):
    def fail():
        raise ValueError(f"could not parse {MARK}")

    thread = threading.Thread(target=fail, name="a thread")
    thread.start()
    thread.join()
    line = json.loads(written.getvalue())
    assert (line["event"], line["thread"], line["kind"]) == ("a thread ended", "a thread", "ValueError")
    assert MARK not in str(line)


def test_a_job_carries_no_secret_through_redis(valkey, store):
    from redis import Redis

    from cueloop.queue import Jobs
    from ml_backend.jobs import TRAIN

    with Redis.from_url(valkey) as redis:
        redis.flushall()
        Jobs(valkey, store).enqueue_once("train", 1, TRAIN, 1, MARK)
        said = [redis.dump(key) + key for key in redis.keys("*")]
        redis.flushall()
    assert said
    assert MARK.encode() not in b"".join(said)      # it names a row of our store, nothing else
