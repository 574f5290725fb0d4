"""What an instance of a team's class remembers: its key-value strings and what its `fit` returned.

Both lie as JSON in the folder of its version. Paths into that folder are written with a placeholder, for a version
is read from another folder than the one it was trained in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VALUES = "cueloop-values.json"
"""What `set` kept (2.x)."""
OUTPUT = "cueloop-train-output.json"
"""What `fit` returned (1.0.9): the next instance's `train_output`."""
HERE = "{cueloop:here}"
"""Stands for the folder of the version."""
OF_CONFIG = frozenset({"label_config", "parsed_label_config", "extra_params"})
"""Keys that say what an instance was asked for, not what it learned."""


def read(folder: Path) -> tuple[dict[str, str], Any]:
    """(values, train output) of a version; empty before the first training."""
    return {str(key): value for key, value in _load(folder, VALUES, {}).items()}, _load(folder, OUTPUT, None)


def write(folder: Path, values: Mapping[str, Any], output: Any) -> None:
    """Keep both in the folder. Raises TypeError when they are no JSON."""
    learned = {key: value for key, value in values.items() if key not in OF_CONFIG}
    for name, content in ((VALUES, learned), (OUTPUT, output)):
        if content:
            told = json.dumps(_moved(content, str(folder), HERE), sort_keys=True, allow_nan=False)
            (folder / name).write_text(told, encoding="utf-8")


def _load(folder: Path, name: str, otherwise: Any) -> Any:
    file = folder / name
    if not file.exists():
        return otherwise
    return _moved(json.loads(file.read_text(encoding="utf-8")), HERE, str(folder))


def _moved(value: Any, before: str, after: str) -> Any:
    """The value with each string's `before` replaced."""
    if isinstance(value, str):
        return value.replace(before, after)
    if isinstance(value, Mapping):
        return {key: _moved(item, before, after) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(item, before, after) for item in value]
    return value
