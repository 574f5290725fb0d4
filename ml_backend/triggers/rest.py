"""Whether training rests: one is under way, the last ones failed, or a person cancelled the last. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

UNDER_WAY = ("queued", "running")
MAYBE_DEAD = timedelta(minutes=10)
"""Age from which a job that has not ended may have lost its worker or its Redis: the queue knows, so it is asked."""
LONGEST = timedelta(days=1)
"""Longest pause after trainings that failed."""


@dataclass(frozen=True, slots=True)
class Job:
    """What counts of a row of `jobs`."""

    state: str
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None = None
    cancel: str | None = None


def rests(jobs: Sequence[Job], pause: timedelta, now: datetime) -> str | None:
    """Why nothing is to be trained now, in one sentence; None: nothing speaks against it. `jobs`: newest first."""
    if not jobs:
        return None
    newest = jobs[0]
    if newest.state in UNDER_WAY:
        if not now - MAYBE_DEAD < (newest.started_at or newest.queued_at) <= now:   # or the clock was set back since
            return None
        return "a training waits for a worker" if newest.state == "queued" else "a training runs"
    if newest.state != "failed" or newest.ended_at is None or newest.ended_at > now:
        return None
    until = newest.ended_at + pause_after(jobs, pause)
    if until <= now:
        return None
    return f"the last training failed ({newest.error or 'unknown why'}); the next try is at {until:%Y-%m-%d %H:%M} UTC"


def pause_after(jobs: Sequence[Job], pause: timedelta) -> timedelta:
    """After one failure `pause`, after each further one in a row twice as long, up to a day."""
    failures = next((at for at, job in enumerate(jobs) if job.state != "failed"), len(jobs))
    return min(pause * float(2 ** max(failures - 1, 0)), max(LONGEST, pause))


def cancelled(jobs: Sequence[Job]) -> Job | None:
    """The newest training if a person cancelled it."""
    return jobs[0] if jobs and jobs[0].state == "cancelled" else None
