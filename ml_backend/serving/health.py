"""What one serving process knows of itself and the parts it stands on: ready or not, degraded and why.

Looked up in the background and told from memory, so that it is answered in milliseconds whatever hangs. Several
processes each tell of themselves.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cueloop.errors import QueueUnavailable
from cueloop.queue import Jobs
from cueloop.store.columns import now
from ml_backend.answering.proposal import Troubled
from ml_backend.serving import store_facts
from ml_backend.serving.asking import Asking, StoreAway
from ml_backend.serving.blind import Blind
from ml_backend.serving.choice import Choice
from ml_backend.serving.disk import Disk
from ml_backend.serving.hands import Hands
from ml_backend.serving.slot import Serving, Slot

SLOW_SECONDS = 5.0
"""Pause between two looks at Redis and the disk."""
REDIS_SECONDS = 2.0
"""Longest that Redis may take to answer."""
WAIT_SECONDS = 0.25
"""Longest that /health waits for a first look, or for a fresh one when nobody had asked anything for a while."""
OLD_SECONDS = 30.0
"""A look at the store that is older is told as a reason."""
FAILURES_SECONDS = 300.0
"""For so long a model's failures on tasks are told."""


@dataclass(slots=True)
class Seen:
    """What was found at the last looks."""

    looked: float = -float("inf")
    """When the store last answered."""
    asked_for: dict[int | None, str] | None = None
    """{project: model}, None as project for the one model that serves all; None: not known yet."""
    troubles: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """{part: (since, reason)} of Redis and the disk."""


class Health:
    """Thread-safe."""

    def __init__(self, ask: Asking, blind: Blind, serving: Serving, choice: Choice, jobs: Jobs, disk: Disk, *,
                 poll_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Looks when it is touched, every `poll_seconds` at most."""
        self._ask, self._blind, self._serving, self._choice = ask, blind, serving, choice
        self._jobs, self._disk, self._poll, self._clock = jobs, disk, poll_seconds, clock
        self._seen, self._hands = Seen(), Hands()
        self._failures: deque[tuple[float, str, int]] = deque(maxlen=1_000)
        self._refusals: deque[tuple[float, str, Counter[str]]] = deque(maxlen=1_000)
        self._begin()

    def _begin(self) -> None:
        self._pid, self._begun, self._slow = os.getpid(), -float("inf"), -float("inf")
        self._ended, self._lock, self._done = -float("inf"), threading.Lock(), threading.Event()

    def touch(self) -> None:
        """Somebody asked something: look in the background, if the last look is old. Takes no time."""
        if self._pid != os.getpid():  # threads do not survive a fork
            self._begin()
        if self._clock() - self._begun < self._poll or not self._lock.acquire(blocking=False):
            return
        self._begun = self._clock()
        self._done.clear()
        self._hands.start(self._look)

    def failed(self, version: str, tasks: int) -> None:
        """A model raised for so many tasks of a request."""
        if tasks:
            self._failures.append((self._clock(), version, tasks))

    def refused(self, version: str, proposals: Counter[str]) -> None:
        """A model proposed what the label config does not have, by the reason."""
        if proposals:
            self._refusals.append((self._clock(), version, proposals))

    def report(self) -> dict[str, Any]:
        """Everything, as JSON has it. `status` and `ready` may be told to anybody."""
        self.touch()
        if self._clock() - self._ended > 3 * self._poll + 1:  # the first question, or the first after a while
            self._done.wait(max(0.0, WAIT_SECONDS - (self._clock() - self._begun)))
        age = self._clock() - self._seen.looked
        models = {slot.now.version.name: slot.now.version.version for slot in self._serving.slots() if slot.now}
        return {"status": "UP", "ready": self._ready(), "degraded": list(self._degraded(age)),
                "waiting": list(self._waiting()), "model_class": "Cueloop", "models": models, "process": os.getpid(),
                "looked_seconds_ago": round(age, 1) if age < float("inf") else None}

    def _ready(self) -> bool:
        """A model answers; before the first look, one that was loaded when the process was made."""
        asked_for = self._seen.asked_for
        return any(slot.now is not None and (asked_for is None or slot.reference in asked_for.values())
                   for slot in self._serving.slots())

    def _waiting(self) -> Iterator[str]:
        """What has no model, and why."""
        if self._seen.asked_for is None:
            yield "It is not known yet which models are to be served."
            return
        if not self._seen.asked_for:
            yield "No project is connected yet: run `cueloop connect --project ID`."
        served = {slot.reference: slot for slot in self._serving.slots()}
        for project, name in self._seen.asked_for.items():
            slot = served.get(name)
            if slot is None or (slot.now is None and slot.trouble is None):
                yield (f"There is no version of model {name} in service yet." if project is None else
                       f"There is no trained model for project {project} yet.")

    def _degraded(self, age: float) -> Iterator[str]:
        """What is not as it should be, as sentences."""
        if away := self._ask.away:
            yield (f"The store does not answer since {_at(away.since)} ({away.reason}). Serving goes on with what was "
                   "known then; training and new versions wait.")
        elif OLD_SECONDS < age < float("inf"):
            yield f"The last look at the store was {age:.0f} s ago."
        yield from (told for slot in self._serving.slots() if (told := _trouble(slot)))
        for since, reason in list(self._seen.troubles.values()):
            yield f"Since {_at(since)}: {reason}"
        for slot in self._serving.slots():
            if slot.now is not None and isinstance(slot.now.other, Troubled):
                yield from slot.now.other.problems()
        yield from self._said()

    def _said(self) -> Iterator[str]:
        """What models did lately that costs people their suggestions."""
        since = self._clock() - FAILURES_SECONDS
        failed: Counter[str] = Counter()
        refused: Counter[tuple[str, str]] = Counter()
        for at, version, tasks in list(self._failures):
            failed[version] += tasks if at > since else 0
        for at, version, proposals in list(self._refusals):
            if at > since:
                refused.update({(version, why): count for why, count in proposals.items()})
        for version, tasks in failed.items():
            if tasks:
                yield f"Version {version} failed on {tasks} tasks in the last five minutes; the log says where."
        for (version, why), count in refused.most_common(10):
            yield (f"Version {version} proposed {count} answers in the last five minutes that the label config does "
                   f"not allow ({why}); they were not passed on.")

    def _look(self) -> None:
        try:
            self._look_at_store()
            if self._clock() - self._slow >= SLOW_SECONDS:
                self._slow = self._clock()
                self._tell("redis", self._redis())
                for place, trouble in self._disk.troubles(self._serving.slots()):
                    self._tell(place, trouble)
        finally:
            self._ended = self._clock()
            self._lock.release()
            self._done.set()

    def _look_at_store(self) -> None:
        model = self._choice.model
        if model:
            self._seen.asked_for = {None: model}
        try:
            if not model:
                self._seen.asked_for = self._ask(store_facts.models_by_project)
                self._choice.learn(self._seen.asked_for)
            self._blind.look()
            self._seen.looked = self._clock()
        except StoreAway:  # `Asking` knows since when
            pass
        for name in set((self._seen.asked_for or {}).values()):
            self._serving.get(name)

    def _redis(self) -> str:
        if not self._jobs.redis_url:
            return ""  # none is wanted here
        try:
            self._hands.run(self._jobs.ping, REDIS_SECONDS)
        except (QueueUnavailable, TimeoutError):
            return "Redis does not answer. The Start Training button does not work; predictions do."
        return ""

    def _tell(self, part: str, reason: str) -> None:
        """Remember since when something is wrong; an empty reason: it is well again."""
        if not reason:
            self._seen.troubles.pop(part, None)
        else:
            since, _ = self._seen.troubles.get(part, (now(), ""))
            self._seen.troubles[part] = since, reason


def _trouble(slot: Slot) -> str:
    if (trouble := slot.trouble) is None:
        return ""
    loaded = slot.now
    rest = f"Version {loaded.version.version} stays in service." if loaded else "No other version is in service."
    return (f"Version {trouble.version.version} of model {trouble.version.name} cannot be loaded since "
            f"{_at(trouble.since)}: {trouble.reason} {rest}")


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
