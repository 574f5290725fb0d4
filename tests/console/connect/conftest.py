"""A project on the real Label Studio or on the fake one, and an ML backend that is up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from tests.console.connect.work import (
    TEXTS,
)


@pytest.fixture
def admin(either_label_studio: Any) -> Iterator[LabelStudio]:
    with LabelStudio(either_label_studio.url, either_label_studio.admin_token) as client:
        yield client


@pytest.fixture
def project(either_label_studio: Any, project_factory: Callable[..., int]) -> int:
    return project_factory(either_label_studio, tasks=TEXTS, expert_instruction="<p>Be kind.</p>")


@pytest.fixture
def ids(admin: LabelStudio, project: int) -> list[int]:
    return [row["id"] for row in admin.all_ids(project)]


@pytest.fixture
def backend(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings whose ML backend is up, as far as Label Studio asks."""
    @Request.application
    def app(request: Request) -> Response:
        known = request.authorization and request.authorization.password == home.ml_password.get_secret_value()
        return Response('{"status": "UP", "model_version": "untrained"}', 200 if known else 401,
                        content_type="application/json")

    server = make_server("127.0.0.1", home.ml_port, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield home
    server.shutdown()
    thread.join()
    server.server_close()
