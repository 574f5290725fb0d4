"""Structured logs: one JSON object a line on standard error. No bodies, no tokens."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_WORDS = ("token", "password", "secret", "authorization", "api_key", "cookie")
"""A field whose name has one of these is written as stars."""
BODY_WORDS = ("body", "payload", "result", "data")
"""A field of such a name is somebody's text: only its size is written."""


def setup(level: str, process: str) -> None:
    """Make every log line of this process JSON with `process` in it. `level`: debug, info, warning, error."""
    number = getattr(logging, level.upper(), logging.INFO)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True), _redact,
                    structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr), cache_logger_on_first_use=False)
    structlog.contextvars.bind_contextvars(process=process)
    # Libraries: warnings only. httpx and alembic tell every request and every migration at info.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True,
                        format='{"level": "%(levelname)s", "logger": "%(name)s", "event": "%(message)s"}')


def get(name: str) -> Any:
    """A logger; `name` is the room's module."""
    return structlog.get_logger(module=name)


def _redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        lower = key.lower()
        if any(word in lower for word in SECRET_WORDS):
            event[key] = "***"
        elif lower in BODY_WORDS:
            event[key] = f"<{len(str(value))} characters>"
    return event
