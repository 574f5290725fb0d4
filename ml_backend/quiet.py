"""Remembers that a look at all tasks of a project found nothing to do, for a while and for as long as nothing happens.

Kept in memory: another process looks for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic


class Quiet:
    """Looks that found nothing."""

    def __init__(self, seconds: float) -> None:
        """A look that found nothing is not repeated for so long."""
        self._seconds = seconds
        self._found: dict[Hashable, tuple[float, Hashable]] = {}

    def look(self, what: Hashable, affairs: Hashable, find: Callable[[], bool]) -> bool:
        """What `find` says; False without a look where it just said so about `what` in the same state of affairs."""
        moment, before = self._found.get(what, (0.0, None))
        if before == affairs and monotonic() < moment + self._seconds:
            return False
        self._found.pop(what, None)
        if found := find():
            return found
        self._found[what] = monotonic(), affairs
        return False
