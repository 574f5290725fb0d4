"""Label configs of projects, for callers who bring none: asked of the store, and remembered for when it is away."""

from __future__ import annotations

from cueloop.types import LabelConfig
from ml_backend.serving import store_facts
from ml_backend.serving.asking import Asking, StoreAway


class Configs:
    """Thread-safe. Holds one config for each connected project that somebody asked about."""

    def __init__(self, ask: Asking) -> None:
        """Nothing is known yet."""
        self._ask = ask
        self._known: dict[int, LabelConfig] = {}

    def of(self, project_id: int | None) -> LabelConfig | None:
        """The config of a connected project; None otherwise. Raises StoreAway when it was never seen."""
        if project_id is None:
            return None
        try:
            found = self._ask(store_facts.config, project_id)
        except StoreAway:
            if project_id not in self._known:
                raise
            return self._known[project_id]
        if found is not None:
            self._known[project_id] = found
        return found
