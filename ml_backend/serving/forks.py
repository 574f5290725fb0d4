"""What happens when processes are made of the one that loaded the models."""

from __future__ import annotations

import gc
import sys

from ml_backend.routes import Backend

SWITCH_SECONDS = 0.001
"""How long a thread that computes may keep the others waiting; Python's default is five times as long. `/health` waits
so long several times."""
GARBAGE = (50_000, 20, 20)
"""How many more objects there must be before Python looks for garbage; its default is 700. An answer to 1,000 tasks has
20,000 that are no garbage before it is sent, and looking at them over and over took a third of the whole request."""


class Forks:
    """The parts of the process that makes others, which serve while it answers nobody."""

    def __init__(self, backend: Backend, *, serves: bool = False) -> None:
        """Loads our own models, which all will share; those of others each process loads for itself.

        `serves`: the process that makes others answers, too, and so loads all models.
        """
        self._parts, self._frozen = backend.parts, False
        self._parts.serving.ours_only = not serves
        backend.warm()

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
        gc.set_threshold(*GARBAGE)
        self._parts.store.engine.dispose(close=False)
        self._parts.metrics.forked()
        self._parts.serving.forked()
