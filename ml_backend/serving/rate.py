"""A token bucket: so many calls at once, so many a second after that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Bucket:
    """Thread-safe. `take` says whether one more call is allowed now."""

    def __init__(self, size: float, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Starts full."""
        self._size, self._rate, self._clock = size, per_second, clock
        self._left, self._at = size, clock()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one, if there is one."""
        with self._lock:
            at = self._clock()
            self._left = min(self._size, self._left + (at - self._at) * self._rate)
            self._at = at
            if self._left < 1:
                return False
            self._left -= 1
            return True
