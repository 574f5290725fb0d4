"""Follows a training that runs elsewhere, until it has ended or was stopped."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from console.bars import bar
from console.training_facts import job
from cueloop.cancelling import NotCancelled, cancel
from cueloop.errors import QueueUnavailable
from cueloop.queue import Jobs
from cueloop.settings import Settings
from cueloop.store import Store

LOOK_SECONDS = 0.3
STOP_SECONDS = 4.0
"""How long a job that was cancelled is waited for before it is asked whether its worker still lives."""
UNDER_WAY = ("queued", "running")

__all__ = ["NotCancelled", "follow", "stop"]


def follow(settings: Settings, store: Store, project_id: int) -> dict[str, Any] | None:
    """Show the newest training's progress until it has ended; how it ended. None: there never was one."""
    found = job(settings, store, project_id)
    with bar(f"training of project {project_id}") as tell:
        while found is not None and found["state"] in UNDER_WAY:
            progress = found.get("progress") or {"done": 0, "total": 0, "what": found["state"]}
            tell(progress["done"], progress["total"], progress["what"])
            time.sleep(LOOK_SECONDS)
            found = job(settings, store, project_id)
    return found


def stop(settings: Settings, store: Store, project_id: int, actor: str) -> dict[str, Any]:
    """Cancel the training that waits or runs, and wait a moment for its end; the job as it is then.

    Raises NotCancelled when there is none, or when it is too late.
    """
    cancel(store, "train", project_id, actor=actor)
    until = time.monotonic() + STOP_SECONDS
    found = job(settings, store, project_id)
    while found is not None and found["state"] in UNDER_WAY and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        found = job(settings, store, project_id)
    if found is not None and found["state"] in UNDER_WAY:
        with suppress(QueueUnavailable):    # then nobody can say whether its worker lives
            Jobs(settings.redis_url, store).bury("train", project_id)
        found = job(settings, store, project_id)
    return found or {}
