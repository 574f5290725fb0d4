"""What a team's code finds in the environment while it runs: its folder, and Label Studio with a key.

Model files read MODEL_DIR when they are imported, made or asked. The environment belongs to the whole process, where
instances of several versions and projects work side by side, so this one name is looked up per thread of work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from cueloop.settings import Settings

FOLDER = "MODEL_DIR"
"""Variable that model files read to find their files."""

_folder: ContextVar[str] = ContextVar("folder", default="")


class _Environment(type(os.environ)):  # type: ignore[misc]
    """The environment, but for MODEL_DIR within `within`."""

    def __getitem__(self, key: str) -> str:
        if key == FOLDER and _folder.get():
            return _folder.get()
        value: str = super().__getitem__(key)
        return value


@contextmanager
def within(folder: Path) -> Iterator[None]:
    """MODEL_DIR is this folder. Threads that the code starts by itself see the folder that was used first."""
    if not isinstance(os.environ, _Environment):
        os.environ.__class__ = _Environment
    os.environ.setdefault(FOLDER, str(folder))
    token = _folder.set(str(folder))
    try:
        yield
    finally:
        _folder.reset(token)


def tell_label_studio(settings: Settings) -> None:
    """Let model files find Label Studio under the names that they look for; what is set already stays."""
    key = settings.label_studio_api_key.get_secret_value()
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_HOST"):
        if settings.label_studio_url:
            os.environ.setdefault(name, settings.label_studio_url)
    for name in ("LABEL_STUDIO_API_KEY", "LABEL_STUDIO_ACCESS_TOKEN"):
        if key:
            os.environ.setdefault(name, key)
