"""How fast a pull goes: small requests, and pauses while there is much to fetch: people at work come first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

SMALLEST, LARGEST = 20, 100
"""Tasks a request. The ids travel in the address, so 100 is also what one request can carry."""
START = 50
AIM_SECONDS = 0.5
"""Longest that one batch of a pull should keep one of Label Studio's threads busy."""
REST = 2.0
"""Seconds of rest for each second that Label Studio worked for us: a third of its time at most is ours."""
LONGEST_PAUSE = 5.0

Pause = Callable[[float], None]


@dataclass
class Pace:
    """Finds the number of tasks that Label Studio serves within AIM_SECONDS, and leaves it time for others."""

    pause: Pause | None = None
    """Called after each request with the seconds to wait, perhaps 0; it may raise, to end. None: no pauses."""
    size: int = START
    """Tasks a request while gentle."""
    gentle: bool = False
    """There is much to fetch: small requests, and rest after each. What is new in live work never waits."""

    @property
    def batch(self) -> int:
        """Tasks for the next request."""
        return self.size if self.gentle and self.pause is not None else LARGEST

    def after(self, tasks: int, seconds: float) -> None:
        """Learn from a request that took `seconds` for `tasks` tasks, and pause."""
        if self.gentle and tasks and seconds > 0:
            wanted = int(tasks * AIM_SECONDS / seconds)
            self.size = max(SMALLEST, min(LARGEST, (self.size + wanted) // 2 + 1))
        if self.pause is not None:
            self.pause(min(REST * seconds, LONGEST_PAUSE) if self.gentle else 0.0)
