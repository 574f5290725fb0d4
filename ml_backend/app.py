"""The ML backend that Label Studio talks to: a Flask app in front of the models in service.

Trains nothing itself: a training event or the Start Training button enqueues a job and is answered at once.
"""

from __future__ import annotations

import time
import traceback
from importlib import import_module
from typing import Any

from flask import Flask, Response, g, jsonify, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from cueloop import logs
from cueloop.errors import NotFound, QueueUnavailable
from cueloop.queue import Jobs
from cueloop.settings import Settings
from cueloop.store import Store
from ml_backend import protocol
from ml_backend.answering.gather import Gather
from ml_backend.artifacts import Artifacts
from ml_backend.jobs import TRAIN
from ml_backend.protocol import BadRequest
from ml_backend.registry import Loaded
from ml_backend.serving import store_facts
from ml_backend.serving.auth import admits
from ml_backend.serving.metrics import Metrics
from ml_backend.serving.rate import Bucket
from ml_backend.serving.slot import POLL_SECONDS, Serving

LARGEST_BODY = 128 * 2**20
"""Bytes of a body: Label Studio sends all tasks that somebody selected in one request."""
EVENTS = {"ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "ANNOTATIONS_CREATED",
          "ANNOTATIONS_DELETED", "START_TRAINING"}
"""Webhook actions that are answered 201, as label-studio-ml does; others 200."""

log = logs.get(__name__)


def create_app(
    settings: Settings, store: Store, model: str | None = None, *, poll_seconds: float = POLL_SECONDS,
    warm: bool = False,
) -> Flask:
    """The app. `model` (NAME, NAME@ALIAS or NAME@VERSION) answers for every project; None: each project's own.

    `warm` loads what is in service now: Label Studio waits three seconds for an answer to its first question.
    """
    app = Flask("ml_backend")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.json = DefaultJSONProvider(app)
    app.json.sort_keys = False  # half the time of a large answer
    backend = Backend(settings, store, model, poll_seconds)
    if warm:
        backend.warm()
    app.before_request(backend.admit)
    app.after_request(backend.count)
    app.register_error_handler(Exception, _problem)
    for rule, view, methods in (
            ("/", backend.health, ["GET"]), ("/health", backend.health, ["GET"]),
            ("/metrics", backend.metrics_text, ["GET"]), ("/setup", backend.setup, ["POST"]),
            ("/predict", backend.predict, ["POST"]), ("/webhook", backend.webhook, ["POST"]),
            ("/versions", backend.versions, ["GET", "POST"]), ("/job_status", backend.job_status, ["POST"])):
        app.add_url_rule(rule, endpoint=rule, view_func=view, methods=methods)
    return app


class Backend:
    """The routes."""

    def __init__(self, settings: Settings, store: Store, model: str | None, poll_seconds: float) -> None:
        """`model` as in `create_app`."""
        self._settings, self._store, self._model = settings, store, model
        self._serving = Serving(store, Artifacts(settings.artifacts), poll_seconds=poll_seconds)
        self._jobs = Jobs(settings.redis_url, store)
        self._names: dict[int | None, tuple[str, float]] = {}
        self._poll_seconds = poll_seconds
        self._metrics = Metrics()
        self._gather = Gather(answered=self._metrics.batch, waits=self._metrics.waits)
        self._events, self._trainings = Bucket(200, 50), Bucket(5, 0.1)

    def warm(self) -> None:
        """Load the models in service, and the libraries that those to come will need."""
        for module in ("sklearn.feature_extraction.text", "scipy.sparse"):
            import_module(module)
        for name in [self._model] if self._model else store_facts.model_names(self._store):
            self._serving.get(name)

    def admit(self) -> Response | None:
        """Ask for the password everywhere but at /webhook, where Label Studio sends none: a hint, and rationed."""
        g.began = time.perf_counter()
        header = request.headers.get("Authorization")
        if request.path == "/webhook" or admits(
                header, self._settings.ml_user, self._settings.ml_password.get_secret_value()):
            return None
        refused = _error(401, "User name and password of the ML backend are needed (CUELOOP_ML_USER, "
                              "CUELOOP_ML_PASSWORD).")
        refused.headers["WWW-Authenticate"] = 'Basic realm="cueloop"'
        return refused

    def count(self, response: Response) -> Response:
        """Note that a request was answered."""
        route = request.url_rule.rule if request.url_rule else "other"
        self._metrics.request(route, response.status_code, time.perf_counter() - g.get("began", time.perf_counter()))
        return response

    def health(self) -> Response:
        """It is up; whether there is a model is told by its version."""
        return jsonify(status="UP", model_class="Cueloop", models=self._serving.in_service())

    def metrics_text(self) -> Response:
        """For Prometheus."""
        return Response(self._metrics.render(), mimetype="text/plain")

    def setup(self) -> Response:
        """The version that predictions carry: Label Studio asks again only for tasks that lack this one."""
        body = _body()
        loaded = self._loaded(protocol.project_id(body.get("project") if isinstance(body, dict) else None))
        return jsonify(model_version=loaded.version.version if loaded else protocol.UNTRAINED)

    def predict(self) -> Response:
        """Answer tasks. The version is taken once, so that all answers of a request are of one model."""
        asked = protocol.asked(_body(), request.headers.get("User-Agent", ""))
        loaded = self._loaded(asked.project_id)
        brought = asked.config or store_facts.config(self._store, asked.project_id)
        controls = protocol.controls_of(loaded, brought)
        ids = [found for task in asked.tasks if (found := protocol.task_id(task)) is not None]
        blind = store_facts.blind(self._store, asked.project_id, ids)
        results = protocol.answers(asked, loaded and self._gather.of(loaded), controls, blind)
        self._metrics.predicted(len(results))
        return jsonify(results=results)

    def webhook(self) -> tuple[Response, int] | Response:
        """A hint. Only the Start Training button starts something; polling finds all else."""
        if not self._events.take():
            return _error(429, "Too many events: they are hints only, nothing is lost.")
        body = _body()
        action = body.get("action") if isinstance(body, dict) else None
        if not isinstance(action, str):
            raise BadRequest("`action` must name an event.")
        if action != "START_TRAINING":
            return jsonify(result={}, status="ok"), 201 if action in EVENTS else 200
        return self._start_training(protocol.project_id(body.get("project")))

    def _start_training(self, project_id: int | None) -> tuple[Response, int] | Response:
        project_id = store_facts.known_project(self._store, project_id)
        if not self._trainings.take():
            return _error(429, "Training was asked for several times just now. Wait a minute.")
        self._jobs.enqueue_once("train", project_id, TRAIN, project_id)
        return jsonify(job=str(store_facts.newest_job(self._store, "train", project_id)), result={}, status="ok"), 201

    def versions(self) -> Response:
        """All versions of the model that answers for a project, newest first."""
        body = request.get_json(silent=True)
        project_id = protocol.project_id(body.get("project") if isinstance(body, dict) else None)
        return jsonify(versions=store_facts.versions(self._store, self._reference(project_id)))

    def job_status(self) -> Response:
        """How a training that the button started fares; 410 for one that is unknown."""
        body = _body()
        state = store_facts.job_state(self._store, body.get("job") if isinstance(body, dict) else None)
        if state is None:
            return _error(410, "There is no such job.")
        return jsonify(job_status=state)

    def _reference(self, project_id: int | None) -> str | None:
        if self._model:
            return self._model
        name, looked = self._names.get(project_id, ("", float("-inf")))
        if time.monotonic() - looked <= self._poll_seconds:
            return name
        found = store_facts.model_name(self._store, project_id)
        if found is not None:  # else anybody's numbers would fill the memory
            self._names[project_id] = (found, time.monotonic())
        return found

    def _loaded(self, project_id: int | None) -> Loaded | None:
        reference = self._reference(project_id)
        return self._serving.get(reference) if reference else None


def _body() -> Any:
    """The JSON body. Werkzeug's own errors say 400, 413 or 415."""
    return request.get_json()


def _error(status: int, message: str) -> Response:
    response = jsonify(error=message)
    response.status_code = status
    return response


def _problem(error: Exception) -> Response:
    """Every failure as JSON, without a traceback and without a word of the body."""
    if isinstance(error, BadRequest):
        return _error(400, str(error))
    if isinstance(error, NotFound):
        return _error(404, str(error))
    if isinstance(error, QueueUnavailable):
        return _error(503, str(error))
    if isinstance(error, HTTPException):
        return _error(error.code or 500, error.name)
    # Where, not what: an exception's message may quote the body.
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    log.error("request failed", route=request.path, kind=type(error).__name__,
              where=[f"{frame.filename}:{frame.lineno}" for frame in frames])
    return _error(500, "The ML backend failed; its log says why.")
