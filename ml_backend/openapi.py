"""The ML backend's own description, OpenAPI 3.1: every route, body, answer and error. A test holds it to the app."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from cueloop import __version__
from ml_backend.openapi_schemas import SCHEMAS, ref

ERRORS = {
    400: "The body or a field of it cannot be read.", 401: "User name and password are missing or wrong.",
    404: "There is no such project, model or route.", 405: "The route takes other methods; `Allow` names them.",
    409: "Something else stands there already, or the label sets have nothing in common.",
    410: "There is no such job.", 413: "The body is too large.", 415: "The body is not plain JSON.",
    429: "Too many at once.", 500: "The backend failed; its log says where.",
    503: "The store, the queue or all threads are away or busy: ask again."}
WITH_BODY = (400, 413, 415)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one route."""

    rule: str
    method: str
    summary: str
    body: str | None = None
    """Name of the schema of its body."""
    answers: tuple[tuple[int, str], ...] = ()
    """(status, name of the schema) when it succeeds."""
    refuses: tuple[int, ...] = ()
    """Errors beside those that every route, and every route with a body, may answer."""
    query: tuple[str, ...] = ()
    """Names of optional parameters in the address."""
    open: bool = False
    """Needs no password."""
    says_more: bool = False
    """Needs none either, and says more with it."""


OPERATIONS = (
    Operation("/", "get", "Whether it is up; the same as /health.", answers=((200, "Health"), (503, "Health")),
              query=("ready",), says_more=True),
    Operation("/health", "get", "Whether it is up and ready. Without a password it tells only that. With `ready` it "
              "answers 503 while it is not.", answers=((200, "Health"), (503, "Health")), query=("ready",),
              says_more=True),
    Operation("/metrics", "get", "Counts in Prometheus' text format.", answers=((200, "text"),)),
    Operation("/openapi.json", "get", "This description.", answers=((200, "any"),), open=True),
    Operation("/setup", "post", "The version that predictions carry.", "Setup", ((200, "Version"),)),
    Operation("/predict", "post", "One answer a task.", "Predict", ((200, "Results"),)),
    Operation("/versions", "get", "Versions of a project's model, newest first; of all without a project.",
              answers=((200, "Versions"),), refuses=(400, 415), query=("project",)),
    Operation("/versions", "post", "The same, the project in the body.", "OfProject", ((200, "Versions"),)),
    Operation("/webhook", "post", "An event, taken as a hint; START_TRAINING, with the password, queues a training.",
              "Event", ((200, "Noted"), (201, "Noted")), (401, 404, 429), open=True),
    Operation("/job_status", "get", "How a training fares.", answers=((200, "JobStatus"),), refuses=(410,),
              query=("job",)),
    Operation("/job_status", "post", "The same, the job in the body.", "Job", ((200, "JobStatus"),), (410,)),
    Operation("/validate", "post", "What of a label config the model answers.", "Config", ((200, "Fit"),)),
    Operation("/delete", "post", "Forget what the process remembers of a project; no data and no version is deleted.",
              "Forget", ((200, "Done"),)),
    Operation("/duplicate_model", "post", "Start a project with a copy of another one's model.", "Copy",
              ((200, "Copied"),), (404, 409)),
)


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.rule, {})[operation.method] = _described(operation)
    return {"openapi": "3.1.0",
            "info": {"title": "Cueloop ML backend", "version": __version__,
                     "description": "Speaks the ML protocol of Label Studio 1.23.2. See docs/ml-backend.md."},
            "security": [{"password": []}], "paths": paths,
            "components": {"schemas": SCHEMAS, "securitySchemes": {"password": {"type": "http", "scheme": "basic"}}}}


def _described(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {"summary": operation.summary,
                            "operationId": f"{operation.method}_{operation.rule.strip('/') or 'root'}",
                            "responses": _responses(operation)}
    if operation.query:
        told["parameters"] = [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
                              for name in operation.query]
    if operation.body:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": ref(operation.body)}}}
    if operation.open or operation.says_more:
        told["security"] = [{}, {"password": []}] if operation.says_more else []
    return told


def _responses(operation: Operation) -> dict[str, Any]:
    refuses = {405, 500, 503, *operation.refuses, *(WITH_BODY if operation.body else ()),
               *(() if operation.open else (401,))}
    told = {str(status): _answer(ERRORS.get(status, "It worked."), name) for status, name in operation.answers}
    return {str(status): _answer(ERRORS[status], "Error") for status in sorted(refuses)} | told


def _answer(words: str, name: str) -> dict[str, Any]:
    if name == "text":
        return {"description": words, "content": {"text/plain": {"schema": {"type": "string"}}}}
    schema = {"type": "object"} if name == "any" else ref(name)
    return {"description": words, "content": {"application/json": {"schema": schema}}}
