"""How the fake answers: JSON with Label Studio's dates, its errors, and its HTML page for unknown addresses."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import Response, json

HTML_404 = "<!doctype html><html><head><title>404 | Label Studio</title></head><body>" + " " * 20_000 + "</body></html>"


class Refusal(Exception):
    """Raised by a view to answer with a status and a detail, as Label Studio's API does."""

    def __init__(self, status: int, detail: str, problems: dict[str, list[str]] | None = None):
        super().__init__(detail)
        self.status, self.problems = status, problems

    def reply(self) -> Response:
        """The JSON error that Label Studio sends."""
        body: dict[str, Any] = {"id": str(uuid.uuid4()), "status_code": self.status, "version": "1.23.2",
                                "detail": str(self), "exc_info": None}
        return reply(body | ({"validation_errors": self.problems} if self.problems else {}), self.status)


def missing(noun: str) -> Refusal:
    """404 for a row that does not exist."""
    return Refusal(404, f"No {noun} matches the given query.")


def invalid(where: str, problem: str) -> Refusal:
    """400 for a value that does not pass."""
    return Refusal(400, "Validation error", {where: [problem]})


def reply(body: Any, status: int = 200) -> Response:
    """JSON, with moments as Label Studio writes them."""
    return Response(json.dumps(body, default=_moment), status, content_type="application/json")


def nothing() -> Response:
    """204."""
    return Response(status=204)


def unknown_address() -> Response:
    """Label Studio's page for an address it does not know, under /api too."""
    return Response(HTML_404, 404, content_type="text/html; charset=utf-8")


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    raise TypeError(f"{type(value)} is no JSON")
