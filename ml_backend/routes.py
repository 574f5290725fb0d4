"""The routes of Label Studio's ML protocol, and what happens before and after each request."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

from flask import Response, g, jsonify, request

from ml_backend import openapi, protocol, routes_events, routes_projects
from ml_backend.answering import allowed, careful, render
from ml_backend.registry import Loaded
from ml_backend.serving import body, store_facts
from ml_backend.serving.auth import Door
from ml_backend.serving.parts import Parts
from ml_backend.serving.refusals import BASIC, refusal

HEALTH = ("/", "/health")
"""May be asked without the password, and then tell no more than that: load balancers and containers have none."""
OPEN = ("/webhook", "/openapi.json")
"""Need no password: Label Studio sends none with events, and the description is no secret."""

Route = tuple[str, Callable[..., Any], list[str]]


class Backend:
    """All routes over the parts of one process."""

    def __init__(self, parts: Parts) -> None:
        """Nothing is loaded yet; see `warm`."""
        self.parts = parts
        self._door = Door(parts.settings.ml_user, parts.settings.ml_password.get_secret_value())
        self._events = routes_events.Events(parts)
        self._projects = routes_projects.Projects(parts)

    def routes(self) -> Iterator[Route]:
        """Each rule with its view and its methods."""
        yield from ((rule, self.health, ["GET"]) for rule in HEALTH)
        yield "/metrics", self.metrics, ["GET"]
        yield "/openapi.json", self.description, ["GET"]
        yield "/setup", self.setup, ["POST"]
        yield "/predict", self.predict, ["POST"]
        yield "/versions", self.versions, ["GET", "POST"]
        yield "/webhook", self._events.webhook, ["POST"]
        yield "/job_status", self._events.job_status, ["GET", "POST"]
        yield "/validate", self._projects.validate, ["POST"]
        yield "/delete", self._projects.delete, ["POST"]
        yield "/duplicate_model", self._projects.duplicate_model, ["POST"]

    def warm(self) -> None:
        """Load the models in service, and the libraries that those to come will need."""
        for module in ("sklearn.feature_extraction.text", "scipy.sparse"):
            import_module(module)
        self.parts.choice.warm()

    def admit(self) -> Response | None:
        """Ask for the password."""
        g.began = time.perf_counter()
        header = request.headers.get("Authorization")
        g.stranger = not self._door.admits(header)
        self.parts.health.touch()
        if not g.stranger:
            return None
        rule = request.url_rule.rule if request.url_rule else ""
        if rule in OPEN or (rule in HEALTH and header is None):
            return None
        return refusal(401, "User name and password of the ML backend are needed (CUELOOP_ML_USER, "
                            "CUELOOP_ML_PASSWORD).", **{"WWW-Authenticate": BASIC})

    def count(self, response: Response) -> Response:
        """Note that a request was answered."""
        route = request.url_rule.rule if request.url_rule else "other"
        began = g.get("began", None) or time.perf_counter()
        self.parts.metrics.request(route, response.status_code, time.perf_counter() - began)
        return response

    def health(self) -> tuple[Response, int]:
        """It is up; whether it can answer, and what is not as it should be. With `?ready=1` 503 while it cannot."""
        found = self.parts.health.report()
        if g.stranger:
            found = {key: found[key] for key in ("status", "ready")}
        return jsonify(found), 503 if request.args.get("ready") and not found["ready"] else 200

    def metrics(self) -> Response:
        """For Prometheus."""
        return Response(self.parts.metrics.render(), mimetype="text/plain")

    def description(self) -> Response:
        """All routes, for people and programs."""
        return jsonify(openapi.description())

    def setup(self) -> Response:
        """The version that predictions carry: Label Studio asks again only for tasks that lack this one."""
        sent = body.read(request)
        if not isinstance(sent.get("schema"), str | None):
            raise protocol.BadRequest("`schema` must be a string: the XML of the label config.")
        loaded = self.parts.choice.loaded(protocol.project_id(sent.get("project")), fresh=True)
        return jsonify(model_version=loaded.version.version if loaded else protocol.UNTRAINED)

    def predict(self) -> Response:
        """Answer tasks. The version is taken once, so that all answers of a request are of one model."""
        parts = self.parts
        asked = protocol.asked(body.read(request), request.headers.get("User-Agent", ""))
        loaded = parts.choice.loaded(asked.project_id, fresh=asked.stored)
        if asked.config is None and asked.project_id is not None:
            asked = replace(asked, config=parts.configs.of(asked.project_id))
        ids = [found for task in asked.tasks if (found := protocol.task_id(task)) is not None]
        at = render.visible(asked, parts.blind.hidden(asked.project_id, ids, stored=asked.stored))
        version = loaded.version.version if loaded else protocol.UNTRAINED
        said = self._said(loaded, asked, at) if loaded else careful.Said([[] for _ in at])
        parts.metrics.predicted(len(asked.tasks))
        parts.metrics.refused(said.refused.total())
        parts.metrics.failed(said.failed)
        parts.health.failed(version, said.failed)
        parts.health.refused(version, said.refused)
        ours = loaded is None or loaded.other is None
        answers = render.results(asked, dict(zip(at, said.proposals, strict=True)), version)
        return Response(render.dumps(answers, version, ours=ours), mimetype="application/json")

    def _said(self, loaded: Loaded, asked: protocol.Asked, at: list[int]) -> careful.Said:
        controls = protocol.controls_of(loaded, asked.config)
        if loaded.other is None:
            asked = self.parts.texts.inlined(asked, controls)
            if asked.interactive:
                controls = protocol.open_controls(controls, asked.context)
            if asked.config is not None:
                controls = allowed.sayable(controls, asked.config.controls)
        known = asked.config.controls if asked.config is not None and loaded.other else None
        return careful.propose(lambda some: self.parts.gather.propose(loaded, asked, controls, some), at, known,
                               loaded.version.version)

    def versions(self) -> Response:
        """Versions of the model that answers for a project, newest first; of all, where none is named."""
        sent = body.read(request) if request.content_length or request.method == "POST" else {}
        project = protocol.project_id(request.args.get("project", sent.get("project")))
        return jsonify(versions=self.parts.ask(store_facts.versions, self.parts.choice.model, project))
