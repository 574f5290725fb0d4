"""The ML backend that Label Studio talks to: a Flask app in front of the models in service.

Trains nothing itself: a training event or the Start Training button enqueues a job and is answered at once.
"""

from __future__ import annotations

from flask import Flask

from cueloop.settings import Settings
from cueloop.store import Store
from ml_backend.routes import Backend
from ml_backend.serving.parts import build
from ml_backend.serving.refusals import of_error
from ml_backend.serving.slot import POLL_SECONDS

LARGEST_BODY = 128 * 2**20
"""Bytes of a body: Label Studio sends all tasks that somebody selected in one request."""


def create_app(
    settings: Settings, store: Store, model: str | None = None, *, poll_seconds: float = POLL_SECONDS,
    warm: bool = False,
) -> Flask:
    """The app. `model` (NAME, NAME@ALIAS or NAME@VERSION) answers for every project; None: each project's own.

    `warm` loads what is in service now: Label Studio waits three seconds for an answer to its first question.
    """
    app = Flask("ml_backend", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.merge_slashes = False  # a redirect would lose the body
    backend = Backend(build(settings, store, model, poll_seconds))
    app.extensions["ml_backend"] = backend
    if warm:
        backend.warm()
    app.before_request(backend.admit)
    app.after_request(backend.count)
    app.register_error_handler(Exception, of_error)
    for rule, view, methods in backend.routes():
        app.add_url_rule(rule, endpoint=rule, view_func=view, methods=methods, provide_automatic_options=False)
    return app
