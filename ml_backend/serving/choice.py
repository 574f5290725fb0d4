"""Which model answers for a project: the one that was named for all, or the project's own. Never another project's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ml_backend.registry import Loaded
from ml_backend.serving import store_facts
from ml_backend.serving.asking import Asking, StoreAway
from ml_backend.serving.slot import Serving


class Choice:
    """Thread-safe. Remembers a project's model for as long as the alias of a model is remembered."""

    def __init__(self, ask: Asking, serving: Serving, model: str | None, remember: float,
                 clock: Callable[[], float] = time.monotonic) -> None:
        """`model` (NAME, NAME@ALIAS or NAME@VERSION) answers for every project; `remember` in seconds."""
        self._ask, self._serving, self.model = ask, serving, model
        self._remember, self._clock = remember, clock
        self._names: dict[int | None, tuple[str, float]] = {}

    def loaded(self, project_id: int | None, *, fresh: bool = False) -> Loaded | None:
        """The version in service for a project; None while there is none. `fresh`: in all processes the same."""
        reference = self.reference(project_id)
        return self._serving.get(reference, fresh=fresh) if reference else None

    def reference(self, project_id: int | None) -> str | None:
        """Name of the model; None for a project that is not connected. Raises StoreAway if it was never known."""
        if self.model:
            return self.model
        name, looked = self._names.get(project_id, ("", float("-inf")))
        if self._clock() - looked <= self._remember:
            return name
        try:
            found = self._ask(store_facts.model_name, project_id)
        except StoreAway:
            if not name:
                raise
            return name  # what was in service stays in service
        if found is not None:  # else anybody's numbers would fill the memory
            self._names[project_id] = (found, self._clock())
        return found

    def learn(self, names: Mapping[int | None, str]) -> None:
        """What a look at the store found: {project: name of its model}."""
        at = self._clock()
        self._names.update({project: (name, at) for project, name in names.items()})

    def forget(self, project_id: int) -> None:
        """What is known of a project, and its model unless another project uses it too."""
        name, _ = self._names.pop(project_id, ("", 0.0))
        if name and name not in {other for other, _ in self._names.values()}:
            self._serving.forget(name)

    def warm(self) -> None:
        """Load what is in service now."""
        for name in [self.model] if self.model else self._ask(store_facts.model_names):
            self._serving.get(name)
