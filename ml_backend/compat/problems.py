"""What went wrong in a team's code, for `/health`: each kind of trouble once, without a word of the data."""

from __future__ import annotations

import threading
from collections import OrderedDict

MOST = 10
"""Kinds of trouble that are remembered."""


class Problems:
    """Safe to share between threads."""

    def __init__(self, what: str) -> None:
        """`what` has these problems."""
        self._what = what
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, problem: str) -> None:
        """Remember one, and drop the one that was not seen for longest."""
        with self._lock:
            self._counts[problem] = self._counts.pop(problem, 0) + 1
            while len(self._counts) > MOST:
                self._counts.popitem(last=False)

    def told(self) -> list[str]:
        """In sentences, newest last."""
        with self._lock:
            return [f"{self._what}: {problem}" + (f" ({count} times)" if count > 1 else "")
                    for problem, count in self._counts.items()]
