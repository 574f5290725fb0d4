"""What went wrong in a team's code, for `/health`: each kind of trouble once, without a word of the data."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST = 10
"""Kinds of trouble that are remembered."""
OVER_SECONDS = 900.0
"""Trouble that was not seen for so long is not told any more."""


class Problems:
    """Safe to share between threads."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`what` has these problems."""
        self._what, self._clock = what, clock
        self._seen: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, problem: str) -> None:
        """Remember one, and drop the one that was not seen for longest."""
        with self._lock:
            count, _ = self._seen.pop(problem, (0, 0.0))
            self._seen[problem] = count + 1, self._clock()
            while len(self._seen) > MOST:
                self._seen.popitem(last=False)

    def told(self) -> list[str]:
        """In sentences, newest last; what was not seen for a while is over."""
        with self._lock:
            return [f"{self._what}: {problem}" + (f" ({count} times)" if count > 1 else "")
                    for problem, (count, at) in self._seen.items() if self._clock() - at < OVER_SECONDS]
