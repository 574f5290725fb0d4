"""Threads that do one thing each while somebody waits for it, but no longer than they said.

Python cannot end a thread that hangs in a driver: it is left behind, daemonic, and another one takes the next thing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

IDLE_SECONDS = 10.0
"""A thread without work ends after this."""

Outcome = tuple[Any, BaseException | None]


class Hands:
    """As many threads as things that are done at a time. Thread-safe, and usable after a fork."""

    def __init__(self) -> None:
        """No thread yet."""
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()  # the old one may have been held when the process forked
        self._pid, self._free, self._work = os.getpid(), 0, SimpleQueue[Callable[[], None]]()

    def run(self, thing: Callable[[], Any], seconds: float) -> Any:
        """What `thing()` returns or raises. Raises TimeoutError when it takes longer; it then goes on unheard."""
        outcome: SimpleQueue[Outcome] = SimpleQueue()

        def tell() -> None:
            try:
                outcome.put((thing(), None))
            except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for it
                outcome.put((None, error))

        self.start(tell)
        try:
            found, error = outcome.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None
        if error is not None:
            raise error
        return found

    def start(self, thing: Callable[[], None]) -> None:
        """Have something done that nobody waits for. It must not raise."""
        if self._pid != os.getpid():  # threads do not survive a fork
            self._begin()
        with self._lock:
            free = self._free > 0
            self._free -= free
        if free:
            self._work.put(thing)
        else:
            threading.Thread(target=self._loop, args=(thing, self._work), name="hand", daemon=True).start()

    def _loop(self, thing: Callable[[], None], work: SimpleQueue[Callable[[], None]]) -> None:
        while True:
            thing()
            with self._lock:
                self._free += 1
            try:
                thing = work.get(timeout=IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._free:
                        self._free -= 1
                        return
                thing = work.get()  # promised to this one a moment ago
