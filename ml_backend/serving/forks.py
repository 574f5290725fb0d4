"""What happens when processes are made of the one that loaded the models."""

from __future__ import annotations

import gc
import sys

from ml_backend.serving.parts import Parts

SWITCH_SECONDS = 0.001
"""How long a thread that computes may keep the others waiting; Python's default is five times as long. `/health` waits
so long several times."""


class Forks:
    """The parts of the process that makes others, which serve while it answers nobody."""

    def __init__(self, parts: Parts) -> None:
        """Models may be loaded already."""
        self._parts, self._frozen = parts, False

    def forking(self) -> None:
        """Before: no connection may be shared, and what is in service is so in the others."""
        self._parts.serving.forking()
        self._parts.store.close()
        if not self._frozen:  # else every large body has Python look through all libraries for garbage, and copy them
            gc.collect()
            gc.freeze()
            self._frozen = True

    def forked(self) -> None:
        """After, in the new process, before it answers: connections, locks and counts of its own, and the models that
        are in service now. The one it was made of may have been started many versions ago."""
        sys.setswitchinterval(SWITCH_SECONDS)
        self._parts.store.engine.dispose(close=False)
        self._parts.metrics.forked()
        self._parts.serving.forked()
