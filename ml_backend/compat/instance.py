"""One object of a team's class: made for one version and one label config, asked by one thread at a time."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cueloop.errors import ModelError
from cueloop.settings import Settings
from ml_backend.compat import given, state
from ml_backend.compat.author import Author
from ml_backend.compat.generation import NEW, generation, suited
from ml_backend.compat.surroundings import tell_label_studio, within
from ml_backend.compat.trouble import place


@dataclass(frozen=True, slots=True)
class Instance:
    """The object and where it lives."""

    model: Any
    author: Author
    folder: Path
    generation: str
    forks: bool = True
    """It may be used in a process that was made of the one that made it."""
    process: int = field(default_factory=os.getpid)
    """The process that made it."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def make(cls, author: Author, folder: Path, xml: str, project_id: int | None, settings: Settings) -> Instance:
        """Import a copy of the file and construct the class. Raises ModelError that names file and line."""
        tell_label_studio(settings)
        values, output = state.read(folder)
        threads = threading.active_count()
        with within(folder):
            found = author.load()
            kind = generation(found)
            arguments: dict[str, Any] = {"label_config": xml or None}
            if kind == NEW:
                arguments["project_id"] = "" if project_id is None else str(project_id)
            else:
                arguments |= {"train_output": output or {}, "hostname": settings.label_studio_url,
                              "access_token": settings.label_studio_api_key.get_secret_value()}
            try:
                with given.giving(values):
                    model = found(**suited(found.__init__, arguments))
            except Exception as error:
                raise ModelError(f"{author} cannot be made: {place(error, author.file.parent)}"
                                 f"{type(error).__name__}: {error}") from error
        return cls(model, author, folder, kind, forks=threading.active_count() <= threads and not _on_card())

    def ask(self, tasks: Sequence[Mapping[str, Any]], params: Mapping[str, Any]) -> Any:
        """What `predict` returns. Whatever the team's code raises comes through."""
        context = params.get("context")
        named = {"context": context} | {name: value for name, value in params.items()
                                        if isinstance(name, str) and name not in ("tasks", "self", "context")}
        with self.lock, within(self.folder):
            copies = [dict(task) | {"data": dict(task["data"])} for task in tasks]  # theirs to change
            return self.model.predict(copies, **suited(self.model.predict, named))

    @property
    def usable(self) -> bool:
        """Whether this process may ask it: threads and graphics cards do not survive a fork."""
        return self.forks or self.process == os.getpid()

    def values(self) -> dict[str, Any]:
        """What it keeps under its keys; empty where its base class is not ours."""
        found = getattr(self.model, "_values", None)
        return dict(found) if isinstance(found, dict) else {}

    def own_version(self) -> str | None:
        """The version that the author gives it, told in the card only."""
        found = getattr(self.model, "model_version", None)
        return str(found) if found else None


def _on_card() -> bool:
    """Whether a graphics card is in use."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_initialized())
