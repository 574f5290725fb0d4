"""Webhooks: hints only, quick, and proof against whatever is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from cueloop.errors import SettingsError
from cueloop.settings import Settings
from sync.hints import Hints
from sync.webhooks import AT_ONCE, BODY_BYTES, PATH, SECRET_HEADER, create_app

SECRET = "between us"
KNOWN = {SECRET_HEADER: SECRET}


@pytest.fixture
def hinted() -> list[int | None]:
    """The hints that were given."""
    return []


@pytest.fixture
def hook(hinted: list[int | None]) -> Iterator[FlaskClient]:
    """A receiver that knows the secret."""
    app = create_app(Settings(hook_secret=SecretStr(SECRET)), hinted.append)
    with app.test_client() as client:
        yield client


def test_a_call_with_the_secret_is_a_hint(hook: FlaskClient, hinted: list[int | None]) -> None:
    assert hook.post(PATH, headers=KNOWN, json={"action": "ANNOTATION_CREATED"}).status_code == 204
    assert hook.post(f"{PATH}?project=7", headers=KNOWN).status_code == 204
    assert hinted == [None, 7]


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "guess"}, {SECRET_HEADER: "b\xe4r"}])
def test_a_call_without_the_secret_is_refused(hook: FlaskClient, hinted: list[int | None],
                                              headers: dict[str, str]) -> None:
    assert hook.post(PATH, headers=headers, json={}).status_code == 403
    assert hinted == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\x00", b"[]", b'{"annotation": {"id": "drop table"}}',
                                  b'{"project": {"id": [1]}}', b"a=b"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data", "nonsense"])
def test_a_malformed_webhook_is_still_only_a_hint(hook: FlaskClient, hinted: list[int | None], body: bytes,
                                                  kind: str) -> None:
    assert hook.post(PATH, headers=KNOWN, data=body, content_type=kind).status_code == 204
    assert hinted == [None]


def test_a_malformed_project_and_a_wrong_method_harm_nobody(hook: FlaskClient, hinted: list[int | None]) -> None:
    assert hook.post(f"{PATH}?project=seven", headers=KNOWN).status_code == 204
    assert hook.get(PATH, headers=KNOWN).status_code == 405
    assert hook.post("/hooks/other", headers=KNOWN).status_code == 404
    assert hinted == [None]


def test_a_body_that_is_too_long_is_not_let_in(hook: FlaskClient, hinted: list[int | None]) -> None:
    reply = hook.post(PATH, headers=KNOWN, data=b"x" * (BODY_BYTES + 1))
    assert reply.status_code == 413
    assert hinted == []


def test_a_flood_is_dammed(hook: FlaskClient, hinted: list[int | None]) -> None:
    codes = [hook.post(PATH, headers=KNOWN).status_code for _ in range(int(AT_ONCE) + 100)]
    assert codes.count(429) > 50
    assert len(hinted) >= AT_ONCE


def test_health_is_open(hook: FlaskClient) -> None:
    reply = hook.get("/health")
    assert (reply.status_code, reply.json) == (200, {"status": "UP"})


def test_nothing_that_was_sent_is_logged(hook: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    hook.post(PATH, headers={SECRET_HEADER: "a-wrong-one"}, json={"project": {"token": "tell-nobody"}})
    said: Any = capfd.readouterr()
    assert "a-wrong-one" not in said.out + said.err
    assert "tell-nobody" not in said.out + said.err
    assert SECRET not in said.out + said.err


def test_a_receiver_for_everybody_needs_a_secret() -> None:
    with pytest.raises(SettingsError, match="CUELOOP_HOOK_SECRET"):
        create_app(Settings(hook_host="0.0.0.0"), lambda _project: None)


def test_a_thousand_hints_are_one_and_none_is_lost() -> None:
    hints, stop = Hints(), threading.Event()
    for _ in range(1000):
        hints.hint(3)
    assert hints.wait(5, stop) is True
    assert hints.wait(0.01, stop) is False
    # And one that comes while somebody waits wakes them at once
    threading.Timer(0.05, hints.hint).start()
    began = time.monotonic()
    assert hints.wait(5, stop) is True
    assert time.monotonic() - began < 2


def test_waiting_ends_when_it_shall_stop() -> None:
    hints, stop = Hints(), threading.Event()
    threading.Timer(0.05, stop.set).start()
    began = time.monotonic()
    assert hints.wait(60, stop) is False
    assert time.monotonic() - began < 2
