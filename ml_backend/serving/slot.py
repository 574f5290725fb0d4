"""Models in service: follows the champion alias, loads a new version beside the old one and swaps them at once.

A request takes the loaded version once and keeps it to its end, so none fails and none sees half a model.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from cueloop import logs
from cueloop.errors import CueloopError, NotFound
from cueloop.store import Store
from ml_backend import registry
from ml_backend.artifacts import Artifacts
from ml_backend.registry import Loaded

POLL_SECONDS = 1.0
"""Pause between two looks at the alias."""

log = logs.get(__name__)


class Watcher(Protocol):
    """Is told what happens to the models in service."""

    def swapped(self, name: str, old: str | None, new: str | None) -> None:
        """Another version of a model is in service; None: none."""

    def loaded(self, outcome: str = "loaded") -> None:
        """A version was loaded, or could not be: then the name of the error's class."""


class Slot:
    """One model in service, named by a reference: NAME follows the champion, NAME@VERSION stays."""

    def __init__(self, store: Store, artifacts: Artifacts, reference: str, *, poll_seconds: float = POLL_SECONDS,
                 clock: Callable[[], float] = time.monotonic, watcher: Watcher | None = None) -> None:
        """Loads nothing yet."""
        self._watcher = watcher
        self._store, self._artifacts, self.reference = store, artifacts, reference
        self._poll_seconds, self._clock = poll_seconds, clock
        self._loaded: Loaded | None = None
        self._looked = -float("inf")
        self._looking = threading.Lock()

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

    def _look(self) -> None:
        try:
            self._refresh()
        finally:
            self._looking.release()

    def _refresh(self) -> None:
        """Load what the reference means now. What cannot be loaded leaves the old one in service."""
        try:
            with self._store.read() as conn:
                wanted = registry.resolve(conn, self.reference)
            if self._loaded is None or self._loaded.version.version != wanted.version:
                self._put(registry.load(self._artifacts, wanted, self._store))
                log.info("model in service", model=wanted.name, version=wanted.version)
        except NotFound:
            self._put(None)
        except CueloopError as error:
            if self._watcher:
                self._watcher.loaded(type(error).__name__)
            log.error("model cannot be loaded; the old one stays", model=self.reference, error=str(error))
        finally:
            self._looked = self._clock()

    def _put(self, found: Loaded | None) -> None:
        """Put a version, or none, in service."""
        before, self._loaded = self._loaded, found
        if self._watcher is None:
            return
        if found is not None:
            self._watcher.loaded()
        version, old = found and found.version, before and before.version
        if version or old:
            name = (version or old).name  # type: ignore[union-attr]
            self._watcher.swapped(name, old and old.version, version and version.version)

    def forked(self) -> None:
        """Look at the alias again, in a process made a moment ago: the one it was made from may have old models."""
        self._looking = threading.Lock()
        self._refresh()
        if self._watcher and self._loaded:
            self._watcher.swapped(self._loaded.version.name, None, self._loaded.version.version)

    def forking(self) -> None:
        """This process answers nobody: it only makes others, which have these models in service."""
        if self._watcher and self._loaded:
            self._watcher.swapped(self._loaded.version.name, self._loaded.version.version, None)


class Serving:
    """All models in service of this process, loaded when first asked for."""

    def __init__(self, store: Store, artifacts: Artifacts, *, poll_seconds: float = POLL_SECONDS,
                 watcher: Watcher | None = None) -> None:
        """Loads nothing yet."""
        self._store, self._artifacts, self._poll_seconds = store, artifacts, poll_seconds
        self._watcher = watcher
        self._slots: dict[str, Slot] = {}
        self._lock = threading.Lock()

    def get(self, reference: str) -> Loaded | None:
        """The version in service under that reference, or None."""
        slot = self._slots.get(reference)
        if slot is None:
            with self._lock:
                slot = self._slots.setdefault(
                    reference, Slot(self._store, self._artifacts, reference, poll_seconds=self._poll_seconds,
                                    watcher=self._watcher))
        return slot.get()

    def forget(self, reference: str) -> None:
        """Let go of a model; whoever asks for it again has it loaded."""
        with self._lock:
            self._slots.pop(reference, None)

    def in_service(self) -> dict[str, str]:
        """{model: version} of what is loaded."""
        loaded = [slot.get() for slot in list(self._slots.values())]
        return {one.version.name: one.version.version for one in loaded if one}

    def forked(self) -> None:
        """See `Slot.forked`, of all models."""
        self._lock = threading.Lock()
        for slot in self._slots.values():
            slot.forked()

    def forking(self) -> None:
        """See `Slot.forking`, of all models."""
        for slot in self._slots.values():
            slot.forking()
