"""A project on the real Label Studio or on the fake one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from cueloop.label_studio import LabelStudio
from tests.cueloop.label_studio.project import TEXTS


@pytest.fixture
def admin(either_label_studio: Any) -> Iterator[LabelStudio]:
    with LabelStudio(either_label_studio.url, either_label_studio.admin_token) as client:
        yield client


@pytest.fixture
def project(either_label_studio: Any, project_factory: Callable[..., int]) -> int:
    return project_factory(either_label_studio, tasks=TEXTS)


@pytest.fixture
def ids(admin: LabelStudio, project: int) -> list[int]:
    return [row["id"] for row in admin.all_ids(project)]


@pytest.fixture
def person(admin: LabelStudio) -> Iterator[LabelStudio]:
    with admin.sign_up(f"person{time.time_ns()}@example.com", "a good password", "Ada", "Low") as session:
        token = session.token()
    with LabelStudio(admin.url, token) as client:
        yield client


@pytest.fixture
def listener() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An HTTP server that keeps what it is sent: (its URL, the bodies)."""
    heard: list[dict[str, Any]] = []

    @Request.application
    def app(request: Request) -> Response:
        auth = request.authorization and request.authorization.password
        heard.append({"path": request.path, "secret": request.headers.get("X-Secret"), "auth": auth,
                      "body": request.get_json(silent=True)})
        return Response('{"model_version": "m1", "status": "UP"}', content_type="application/json")

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}", heard
    server.shutdown()
    thread.join()
    server.server_close()
