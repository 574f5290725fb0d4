"""Hints that something happened: coalesced, from any thread, and never more than "look now"."""

from __future__ import annotations

import threading
import time

LISTEN_SECONDS = 0.2
"""How often a waiting loop looks whether it should stop."""


class Hints:
    """Where webhooks leave word and the loop waits for it."""

    def __init__(self) -> None:
        """No hints yet."""
        self._wake = threading.Event()

    def hint(self, project_id: int | None = None) -> None:
        """Something happened, perhaps in this project. Returns at once; a thousand hints are one."""
        self._wake.set()

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait for a hint, at most `seconds`, less when `stop` is set. True: there was a hint, and it is taken."""
        until = time.monotonic() + seconds
        while not stop.is_set():
            left = until - time.monotonic()
            if self._wake.wait(max(0.0, min(LISTEN_SECONDS, left))):
                self._wake.clear()
                return True
            if left <= 0:
                return False
        return False
