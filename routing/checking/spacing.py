"""Where in somebody's work a check on them stands: one in each run of 1/share tasks, at a drawn place, well apart.

Pure. Runs count from 0; `done` is how many tasks somebody has done in all, checks included. A place is drawn from
the middle half of its run, so that two neighbours are at least half a run apart and nobody can count them out.
"""

from __future__ import annotations

from math import floor

from cueloop.sampling import uniform

EARLY, LATE = 0.25, 0.75
"""Part of a run from which its place is drawn."""


def place(run: int, share: float, salt: str) -> int:
    """How many tasks somebody does before the check of this run."""
    return floor((run + EARLY + (LATE - EARLY) * uniform(run, salt)) / share)


def between(share: float) -> int:
    """Tasks that lie at least between two checks."""
    return max(0, floor((1 - LATE + EARLY) / share) - 1)


def next_run(done: int, share: float, salt: str, last: int | None) -> int:
    """The run of somebody's next check. `last` is that of their last one, None before the first.

    What was missed is not made up for, or a month of holidays would end in a day of checks.
    """
    now = floor(done * share)
    if last is None:
        return now if place(now, share, salt) >= done else now + 1
    return min(max(now, last + 1), now + 1)


def rank(done: int, since: int | None, share: float, salt: str, run: int) -> int | None:
    """How many tasks come before the check of `run`; None: it is too early to put it in the queue.

    It is put there once enough tasks lie between it and the last one (`since` so many tasks; None: there was none),
    for what stands before it in the queue may go to others.
    """
    if since is not None and since < between(share):
        return None
    return max(0, place(run, share, salt) - done)


def priority(ahead: int, others: list[float]) -> float:
    """A priority that lets `ahead` of the tasks with the priorities `others` come first.

    Where some of them are equal, nobody knows in which order they come: then rather after all of those than too
    soon. It is rounded as all priorities are.
    """
    down = sorted(others, reverse=True)
    if ahead <= 0 or not down:
        return round(down[0] + STEP, 4) if down else 1.0
    above = down[min(ahead, len(down)) - 1]
    below = next((other for other in down if other < above), above - 2 * STEP)
    return max(0.0, round((above + below) / 2, 4))      # no other task has less than 0


STEP = 0.0005
"""By how much a check stands above the first task of a queue: little, for it shall look like the others."""
