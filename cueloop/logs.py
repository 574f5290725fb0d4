"""Structured logs: one JSON object a line on standard error. No bodies, no tokens.

Nothing should ever be logged that is a secret; should it happen, this is the last net: fields by their name, secrets of
the settings wherever they stand, and what looks like credentials. Tracebacks of libraries tell where, not what: an
error's message may quote a body or a query's values.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

SECRET_WORDS = ("token", "password", "secret", "authorization", "api_key", "cookie")
"""A field whose name has one of these is written as stars."""
BODY_WORDS = ("body", "payload", "result", "data")
"""A field of such a name is somebody's text: only its size is written."""
SHORTEST = 6
"""Characters of the shortest secret that is masked wherever it stands: shorter ones are parts of words."""
CREDENTIALS = re.compile(
    r"(?P<url>[a-z][a-z0-9+.-]{1,20}://)[^\s/@\"'\\]{1,500}@"                # user:password@ of an address
    r"|(?P<word>\b(?:Token|Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{6,}"          # the value of an Authorization header
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"       # a JSON web token
    r"|(?P<query>[?&][^=\s&]{0,40}(?:token|signature|secret|password|key|sig|credential)[^=\s&]{0,20}=)[^&\s\"'\\]+",
    re.IGNORECASE)
"""What looks like credentials."""

_hidden: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """Mask these values from now on in every line of this process, also as they stand in headers and in JSON."""
    for secret in secrets:
        if len(secret) >= SHORTEST:
            _hidden.update({secret, json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()})


def mask(text: str) -> str:
    """The text without what `hide` was told and without what looks like credentials."""
    for secret in sorted(_hidden, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, "***")
    return CREDENTIALS.sub(_stars, text)


def _stars(match: re.Match[str]) -> str:
    if match["url"]:
        return f"{match['url']}***@"
    return f"{match['word'] or match['query'] or ''}***"


def setup(level: str, process: str) -> None:
    """Make every log line of this process JSON with `process` in it. `level`: debug, info, warning, error."""
    number = getattr(logging, level.upper(), logging.INFO)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True), _redact,
                    structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str),
                    lambda _logger, _method, line: mask(str(line))],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr), cache_logger_on_first_use=False)
    structlog.contextvars.bind_contextvars(process=process)
    # Libraries: warnings only, whatever our own level. httpx and alembic tell every request and every migration at
    # info; at debug some quote whole requests.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    handler.addFilter(lambda record: record.levelno >= logging.WARNING)  # some libraries set a level of their own
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    threading.excepthook = _ended


class _Line(logging.Formatter):
    """A library's record as a line of ours."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {"level": record.levelname.lower(), "logger": record.name, "event": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            told |= _where(record.exc_info[1])
        return mask(json.dumps(told, default=str))


def _ended(ended: threading.ExceptHookArgs) -> None:
    """A thread that nobody waits for ended with an error that nobody foresaw."""
    if ended.exc_value is not None and not isinstance(ended.exc_value, SystemExit):
        name = ended.thread.name if ended.thread else ""
        get(__name__).error("a thread ended", thread=name, **_where(ended.exc_value))


def _where(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return {"kind": type(error).__name__, "where": [f"{frame.filename}:{frame.lineno}" for frame in frames]}


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
