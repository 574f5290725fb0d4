"""The fake on a real port."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Self

from flask import Flask, Response, g, request
from werkzeug.exceptions import NotFound
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from cueloop.fake.actions import actions
from cueloop.fake.annotations import answering
from cueloop.fake.faults import DROPPED, FAILED_LATE, LOST, Faults
from cueloop.fake.hooks import deliver
from cueloop.fake.people import new_user, people, sign_in
from cueloop.fake.projects import projects
from cueloop.fake.replies import Refusal, reply, unknown_address
from cueloop.fake.tasks import tasks
from cueloop.fake.world import World

OPEN = ("/api/token/refresh/",)


class FakeLabelStudio:
    """Start it, use `.url` and `.admin_token` as if it were Label Studio, break it through `.faults`, stop it."""

    def __init__(self, port: int = 0):
        self.world, self.faults = World(), Faults()
        self.admin_email, self.admin_password = "admin@example.com", "AdminPass123"
        self.admin_token = uuid.uuid4().hex + "00000000"
        new_user(self.world, self.admin_email, self.admin_password, self.admin_token)
        self._port = port
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Its address, without a trailing slash."""
        if self._server is None:
            raise RuntimeError("the fake Label Studio is not running: call start()")
        return f"http://127.0.0.1:{self._server.port}"

    def start(self) -> Self:
        """Listen. A stopped fake starts on its old port with all it knew."""
        app = create_app(self.world, self.faults)
        self._server = make_server("127.0.0.1", self._port, app, threaded=True, request_handler=_Quiet)
        self._port = self._server.port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening; connections are refused from now on."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = None

    def edit(self, task_id: int, **fields: Any) -> None:
        """Somebody else PATCHes a task behind our back, with the same effects."""
        with self.world.lock:
            task = self.world.tasks[task_id]
            task.update(fields)
            self.world.touch(task)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Quiet(WSGIRequestHandler):
    """Says nothing on standard error; `Faults.calls` has the requests."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        """Drop the line."""


def create_app(world: World, faults: Faults) -> Flask:
    """The fake as a Flask app."""
    app = Flask("fake-label-studio")
    app.extensions["world"] = world
    for blueprint in (people, projects, tasks, answering, actions):
        app.register_blueprint(blueprint)
    for name, view in app.view_functions.items():
        app.view_functions[name] = _locked(world, view)

    @app.before_request
    def meet_faults() -> Response | None:
        time.sleep(faults.latency_seconds)
        g.failure = faults.meet(request.method, request.path)
        if g.failure == DROPPED:
            return _hang_up()
        if isinstance(g.failure, int):
            return reply({"detail": "a fault that a test asked for"}, g.failure)
        if request.path.startswith("/api/") and request.path not in OPEN:
            with world.lock:
                sign_in()
        return None

    @app.after_request
    def tell_webhooks(response: Response) -> Response:
        deliver(world, faults, g.pop("events", []))
        if g.get("failure") == LOST:
            return _hang_up()
        if g.get("failure") == FAILED_LATE:
            return reply({"detail": "a fault that a test asked for"}, 500)
        return response

    app.register_error_handler(Refusal, lambda refusal: refusal.reply())
    app.register_error_handler(NotFound, lambda _: unknown_address())
    return app


def _locked(world: World, view: Callable[..., Any]) -> Callable[..., Any]:
    """One request at a time touches the world."""
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with world.lock:
            return view(*args, **kwargs)
    return wrapped


def _hang_up() -> Response:
    """Close the connection under the request, as a crashed server does; the reply meets a closed door."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response()
