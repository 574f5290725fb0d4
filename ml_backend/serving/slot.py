"""Models in service: follows the champion alias, loads a new version beside the old one and swaps them at once.

A request takes the loaded version once and keeps it to its end, so none fails and none sees half a model.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cueloop import logs
from cueloop.errors import CueloopError, NotFound
from cueloop.store import Store
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.registry import Loaded
from ml_backend.serving.asking import Asking, StoreAway

MEANT = "SELECT version FROM aliases WHERE name = ? AND alias = ?"
POLL_SECONDS = 1.0
"""Pause between two looks at the alias."""
FRESH_SECONDS = 1.0
"""Longest wait for another version, twice: Label Studio waits three seconds for `/setup`."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before a version that could not be loaded is tried again, the first time and after many."""

log = logs.get(__name__)


class Watcher(Protocol):
    """Is told what happens to the models in service."""

    def swapped(self, name: str, old: str | None, new: str | None) -> None:
        """Another version of a model is in service; None: none."""

    def loaded(self, outcome: str = "loaded") -> None:
        """A version was loaded, or could not be: then the name of the error's class."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A version that should be in service and cannot be loaded."""

    version: ModelVersion
    reason: str
    since: datetime
    pause: float
    """Seconds from one attempt to the next."""


class Slot:
    """One model in service, named by a reference: NAME follows the champion, NAME@VERSION stays."""

    def __init__(self, ask: Asking, artifacts: Artifacts, reference: str, *, poll_seconds: float = POLL_SECONDS,
                 clock: Callable[[], float] = time.monotonic, watcher: Watcher | None = None,
                 ours_only: bool = False) -> None:
        """Loads nothing yet. `ours_only`: before processes are made of this one, no version is loaded that is not a
        bundle of ours: the libraries of others may have threads and devices that do not survive it."""
        self._watcher, self._ours_only = watcher, ours_only
        self._ask, self._artifacts, self.reference = ask, artifacts, reference
        self.trouble: Trouble | None = None
        """Why the version that is wanted is not in service."""
        self._again = 0.0
        self._poll_seconds, self._clock = poll_seconds, clock
        self._loaded: Loaded | None = None
        self._looked = -float("inf")
        self._looking = threading.Lock()

    @property
    def now(self) -> Loaded | None:
        """What is in service at this moment, without a look."""
        return self._loaded

    def get(self) -> Loaded | None:
        """The loaded version; None while nothing is in service. The very first call loads, later ones never wait."""
        if self._clock() - self._looked < self._poll_seconds:
            return self._loaded
        if self._looked < 0:
            with self._looking:
                if self._looked < 0:
                    self._refresh()
        elif self._looking.acquire(blocking=False):
            self._looked = self._clock()
            threading.Thread(target=self._look, name=f"load {self.reference}", daemon=True).start()
        return self._loaded

    def fresh(self) -> Loaded | None:
        """What the reference means at this moment, loaded before it is told.

        For questions whose answers Label Studio keeps: it may ask one process for the version and another one for
        predictions, and would store those of an old version a second time. What takes long to load is not waited for.
        """
        loaded = self._loaded
        if loaded is not None and self._is(loaded.version.version):
            return loaded
        if self._looked < 0:
            return self.get()
        if self._looking.acquire(timeout=FRESH_SECONDS):
            look = threading.Thread(target=self._look, name=f"load {self.reference}", daemon=True)
            look.start()
            look.join(FRESH_SECONDS)
        return self._loaded

    def _is(self, version: str) -> bool:
        """Whether the reference surely means that version now."""
        name, _, which = self.reference.partition("@")
        rows = self._ask.at_once(MEANT, (name, which or registry.CHAMPION))
        return rows is not None and (rows[0][0] if rows else which) == version

    def _look(self) -> None:
        try:
            self._refresh()
        finally:
            self._looking.release()

    def _refresh(self) -> None:
        """Load what the reference means now. What cannot be loaded leaves the old one in service."""
        try:
            wanted = self._ask(_resolved, self.reference)
            if self._ours_only and wanted.kind in registry.LOADERS:
                return
            if self._loaded is not None and self._loaded.version.version == wanted.version:
                self.trouble = None
            elif self.trouble is None or self.trouble.version.version != wanted.version or self._clock() >= self._again:
                self._load(wanted)
        except NotFound:
            self.trouble = None
            self._put(None)
        except StoreAway:  # told by `Asking`, once
            return
        finally:
            self._looked = self._clock()

    def _load(self, wanted: ModelVersion) -> None:
        """Put it in service, or remember why not: an altered file is tried again, ever more rarely, until it is whole.
        """
        try:
            found = registry.load(self._artifacts, wanted, self._ask.store)
        except Exception as error:  # noqa: BLE001  whatever a loader raises, what is in service stays
            self._failed(wanted, error)
            return
        self.trouble = None
        self._put(found)
        log.info("model in service", model=wanted.name, version=wanted.version)

    def _failed(self, wanted: ModelVersion, error: Exception) -> None:
        if self._watcher:
            self._watcher.loaded(type(error).__name__)
        before = self.trouble if self.trouble and self.trouble.version.version == wanted.version else None
        reason = str(error) if isinstance(error, CueloopError) else _where(error)
        if before is None or before.reason != reason:
            log.error("model cannot be loaded; the old one stays", model=self.reference, version=wanted.version,
                      error=reason)
        pause = min(before.pause * 2, LONGEST_PAUSE) if before else FIRST_PAUSE
        self.trouble = Trouble(wanted, reason, before.since if before else now(), pause)
        self._again = self._clock() + pause

    def _put(self, found: Loaded | None) -> None:
        """Put a version, or none, in service."""
        before, self._loaded = self._loaded, found
        if self._watcher is None:
            return
        if found is not None:
            self._watcher.loaded()
        if one := found or before:
            self._watcher.swapped(one.version.name, before.version.version if before else None,
                                  found.version.version if found else None)

    def forked(self) -> None:
        """Look at the alias again, in a process made a moment ago: the one it was made from may have old models."""
        self._looking, self._ours_only = threading.Lock(), False
        self._refresh()
        if self._watcher and self._loaded:
            self._watcher.swapped(self._loaded.version.name, None, self._loaded.version.version)

    def forking(self) -> None:
        """This process answers nobody: it only makes others, which have these models in service."""
        if self._watcher and self._loaded:
            self._watcher.swapped(self._loaded.version.name, self._loaded.version.version, None)


class Serving:
    """All models in service of this process, loaded when first asked for."""

    def __init__(self, ask: Asking, artifacts: Artifacts, *, poll_seconds: float = POLL_SECONDS,
                 watcher: Watcher | None = None) -> None:
        """Loads nothing yet."""
        self._ask, self._artifacts, self._poll_seconds = ask, artifacts, poll_seconds
        self._watcher = watcher
        self.ours_only = False
        """See `Slot`, of those to come."""
        self._slots: dict[str, Slot] = {}
        self._lock = threading.Lock()

    def get(self, reference: str, *, fresh: bool = False) -> Loaded | None:
        """The version in service under that reference, or None. `fresh`: see `Slot.fresh`."""
        slot = self._slots.get(reference)
        if slot is None:
            with self._lock:
                slot = self._slots.setdefault(
                    reference, Slot(self._ask, self._artifacts, reference, poll_seconds=self._poll_seconds,
                                    watcher=self._watcher, ours_only=self.ours_only))
        return slot.fresh() if fresh else slot.get()

    def forget(self, reference: str) -> None:
        """Let go of a model; whoever asks for it again has it loaded."""
        with self._lock:
            self._slots.pop(reference, None)

    def in_service(self) -> dict[str, str]:
        """{model: version} of what is loaded."""
        loaded = [slot.get() for slot in list(self._slots.values())]
        return {one.version.name: one.version.version for one in loaded if one}

    def slots(self) -> list[Slot]:
        """All models that were asked for."""
        return list(self._slots.values())

    def forked(self) -> None:
        """See `Slot.forked`, of all models."""
        self._lock, self.ours_only = threading.Lock(), False
        for slot in self._slots.values():
            slot.forked()

    def forking(self) -> None:
        """See `Slot.forking`, of all models."""
        for slot in self._slots.values():
            slot.forking()


def _resolved(store: Store, reference: str) -> ModelVersion:
    with store.read() as conn:
        return registry.resolve(conn, reference)


def _where(error: Exception) -> str:
    """An error that nobody foresaw, without its message: it may quote what it read."""
    frames = traceback.extract_tb(error.__traceback__)[-1:]
    return type(error).__name__ + "".join(f" at {frame.filename}:{frame.lineno}" for frame in frames)
