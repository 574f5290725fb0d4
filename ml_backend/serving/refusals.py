"""Every failure as JSON: what is wrong and where, without a traceback and without a word of the body."""

from __future__ import annotations

import traceback

from flask import Response, jsonify, request
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException

from cueloop import logs
from cueloop.errors import Conflict, CueloopError, NotFound, QueueUnavailable
from ml_backend.answering.gather import Busy
from ml_backend.protocol import BadRequest
from ml_backend.serving.asking import StoreAway
from ml_backend.serving.body import Unsupported

STATUS: dict[type[CueloopError], int] = {
    BadRequest: 400, NotFound: 404, Conflict: 409, Unsupported: 415, QueueUnavailable: 503, StoreAway: 503, Busy: 503}
"""Errors of ours that tell the client what to do."""
AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
"""What a store raises that does not answer; one that is damaged a plain DatabaseError."""
BASIC = 'Basic realm="cueloop", charset="UTF-8"'
"""How to ask for user name and password."""
AGAIN_SECONDS = "2"
"""When to ask again after a 503."""

log = logs.get(__name__)


def refusal(status: int, message: str, **headers: str) -> Response:
    """An answer that says no."""
    response = jsonify(error=message)
    response.status_code = status
    response.headers.update(headers)
    return response


def of_error(error: Exception) -> Response:
    """What is answered when a view raises."""
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return refusal(status, str(error), **({"Retry-After": AGAIN_SECONDS} if status == 503 else {}))
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, AWAY) or type(error) is exc.DatabaseError:  # of a write: it is all undone
        return refusal(503, "The store does not take this now. Nothing was changed; try again.",
                       **{"Retry-After": AGAIN_SECONDS})
    # Where, not what: an exception's message may quote the body.
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    log.error("request failed", route=request.url_rule.rule if request.url_rule else "other",
              kind=type(error).__name__, where=[f"{frame.filename}:{frame.lineno}" for frame in frames])
    return refusal(500, "The ML backend failed; its log says why.")


def _of_http(error: HTTPException) -> Response:
    """What Werkzeug raises: no such route, the wrong method, a body that is too large or cut off."""
    methods = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    if error.code == 405:
        return refusal(405, f"This route takes {methods}.", Allow=methods)
    if error.code == 404:
        return refusal(404, "There is no such route. GET /openapi.json lists them.")
    if error.code == 413:
        most = (request.max_content_length or 0) // 2**20
        return refusal(413, f"The body is larger than {most} MB. Send fewer tasks at a time.")
    return refusal(error.code or 500, "The request cannot be read." if error.code == 400 else error.name)
