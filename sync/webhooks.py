"""Where Label Studio says that something happened. Only ever a hint: what it sends is not read, let alone believed.

Label Studio delivers inside the annotator's request, so every answer takes well under a millisecond.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable

from flask import Flask, Response, jsonify, request

from cueloop import logs
from cueloop.errors import SettingsError
from cueloop.settings import Settings

PATH = "/hooks/label-studio"
SECRET_HEADER = "X-Cueloop-Secret"  # noqa: S105  its name, not its value
BODY_BYTES = 1_000_000
"""Longest body that is let in. Ours are asked for without a payload and have 40 bytes."""
A_SECOND, AT_ONCE = 50.0, 200.0
"""Calls that are taken, on average and in a burst; a hint more or less makes no difference."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
log = logs.get(__name__)

Hint = Callable[[int | None], None]


class Bucket:
    """A token bucket: lets through so many calls a second, and a burst. Thread-safe."""

    def __init__(self, rate: float, burst: float):
        """`rate` calls a second on average, `burst` at once."""
        self._rate, self._burst, self._tokens, self._at = rate, burst, burst, time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether one more call may pass."""
        with self._lock:
            at = time.monotonic()
            self._tokens = min(self._burst, self._tokens + (at - self._at) * self._rate)
            self._at = at
            if self._tokens < 1.0:
                return False
            self._tokens -= 1.0
            return True


def create_app(settings: Settings, hint: Hint) -> Flask:
    """The webhook receiver; `hint(project id or None)` must return at once.

    Raises SettingsError when it would listen beyond this machine without a secret.
    """
    secret = settings.hook_secret.get_secret_value()
    if not secret and settings.hook_host not in LOOPBACK:
        raise SettingsError(f"The webhook listens on {settings.hook_host} and has no secret: anybody could call it. "
                            "Set CUELOOP_HOOK_SECRET, or CUELOOP_HOOK_HOST=127.0.0.1.")
    app, bucket = Flask("cueloop-sync"), Bucket(A_SECOND, AT_ONCE)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES

    @app.post(PATH)
    def hook() -> tuple[str, int]:
        if not bucket.take():
            return "", 429
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode()):
            log.warning("webhook refused", why="wrong secret", sender=request.remote_addr)
            return "", 403
        if (request.content_length or 0) > BODY_BYTES:
            return "", 413
        hint(request.args.get("project", type=int))
        return "", 204

    @app.get("/health")
    def health() -> Response:
        return jsonify(status="UP")

    return app
