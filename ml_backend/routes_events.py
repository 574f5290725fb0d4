"""What Label Studio tells: events, the Start Training button, and its question how that training fares."""

from __future__ import annotations

from threading import BoundedSemaphore

from flask import Response, g, jsonify, request

from ml_backend import protocol
from ml_backend.jobs import TRAIN
from ml_backend.protocol import BadRequest
from ml_backend.serving import body, store_facts
from ml_backend.serving.parts import Parts
from ml_backend.serving.refusals import BASIC, refusal

EVENTS = {"ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATION_DELETED", "ANNOTATIONS_CREATED",
          "ANNOTATIONS_DELETED", "START_TRAINING"}
"""Webhook actions that are answered 201, as label-studio-ml does; others 200."""
LARGEST_HINT = 2**20
"""Bytes of an event from somebody without the password. Nothing but its action is read."""
STRANGERS = 2
"""Events of people without the password that are read at a time: slowly sent ones hold a thread each."""


class Events:
    """Routes that come from events."""

    def __init__(self, parts: Parts) -> None:
        """Over the parts of a process."""
        self._parts = parts
        self._strangers = BoundedSemaphore(STRANGERS)

    def webhook(self) -> tuple[Response, int] | Response:
        """A hint. Only the Start Training button starts something; polling finds all else."""
        if not g.stranger:
            return self._event()
        request.max_content_length = LARGEST_HINT
        if not self._strangers.acquire(blocking=False):
            return _too_many()
        try:
            return self._event()
        finally:
            self._strangers.release()

    def _event(self) -> tuple[Response, int] | Response:
        if not self._parts.events[g.stranger].take():
            return _too_many()
        sent = body.read(request)
        action = sent.get("action")
        if not isinstance(action, str):
            raise BadRequest("`action` must name an event.")
        if action != "START_TRAINING":
            return jsonify(result={}, status="ok"), 201 if action in EVENTS else 200
        if g.stranger:  # the button brings the password that connected the backend; who has none has no button
            return refusal(401, "Start Training needs the user name and password of the ML backend: connect it in "
                                "Label Studio with basic auth.", **{"WWW-Authenticate": BASIC})
        return self._start_training(protocol.project_id(sent.get("project")))

    def _start_training(self, project_id: int | None) -> tuple[Response, int] | Response:
        parts = self._parts
        project_id = parts.ask(store_facts.known_project, project_id)
        if not parts.trainings.take():
            return refusal(429, "Training was asked for several times just now. Wait a minute.",
                           **{"Retry-After": "60"})
        parts.jobs.enqueue_once("train", project_id, TRAIN, project_id,
                                why="Start Training was pressed in Label Studio")
        job = parts.ask(store_facts.newest_job, "train", project_id)
        return jsonify(job=str(job), result={}, status="ok"), 201

    def job_status(self) -> Response:
        """How a training that the button started fares; 410 for one that is unknown."""
        job = request.args.get("job") if request.method == "GET" else body.read(request).get("job")
        state = self._parts.ask(store_facts.job_state, job)
        if state is None:
            return refusal(410, "There is no such job.")
        return jsonify(job_status=state)


def _too_many() -> Response:
    return refusal(429, "Too many events: they are hints only, nothing is lost.", **{"Retry-After": "1"})
