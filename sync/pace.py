"""How fast a pull goes: small requests, and pauses while there is much to fetch: people at work come first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

SMALLEST, LARGEST = 20, 100
"""Tasks a request. The ids travel in the address, so 100 is also what one request can carry."""
START = 50
FREE = 1_000
"""Tasks that a pull may fetch before it begins to pause: what is new in live work never waits."""
AIM_SECONDS = 1.0
"""Longest that one batch of a pull should keep one of Label Studio's threads busy."""
LONGEST_PAUSE = 5.0

Pause = Callable[[float], None]


@dataclass
class Pace:
    """Finds the number of tasks that Label Studio serves within AIM_SECONDS, and leaves it as long a rest again."""

    pause: Pause | None = None
    """Called after each request with the seconds to wait, perhaps 0; it may raise, to end. None: no pauses."""
    size: int = START
    fetched: int = 0

    def after(self, tasks: int, seconds: float) -> None:
        """Learn from a request that took `seconds` for `tasks` tasks, and pause as long as it took."""
        if self.pause is None:
            self.size = LARGEST
        elif tasks and seconds > 0:
            wanted = int(tasks * AIM_SECONDS / seconds)
            self.size = max(SMALLEST, min(LARGEST, (self.size + wanted) // 2 + 1))
        self.fetched += tasks
        if self.pause is not None:
            self.pause(min(seconds, LONGEST_PAUSE) if self.fetched > FREE else 0.0)
