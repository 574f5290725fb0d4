"""Reads training.yaml. Every mistake is told at once, with its line and column.

    version: 1
    train: {growth: 25%, every: 7d}
    gate:
      protected: {hate: 2%}
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode

from cueloop.language.mistakes import FileRefused
from cueloop.language.reader import Reader, text_of
from cueloop.language.shapes import Field, Shape, schema_of
from ml_backend.policy.fields import SECTIONS
from ml_backend.policy.policy import Policy

LARGEST = 1_000_000
"""Bytes of a training file: more is some other file."""


def load(path: Path) -> tuple[Policy, str]:
    """Read a training file and its text. Raises FileRefused listing every mistake, FileError if it cannot be read."""
    text = text_of(path, "training file", LARGEST)
    return parse(text, str(path)), text


def parse(text: str, file: str = "training.yaml") -> Policy:
    """Read a policy from a text; `file` names it in mistakes. Raises FileRefused listing every mistake."""
    reader, values = Reader(), {}
    root = reader.root(text)
    if root is not None:
        fields = reader.mapping(root, ("version", *SECTIONS), "a training file")
        if isinstance(root, MappingNode) and "version" not in fields:
            reader.refuse(root, "a training file needs `version: 1`")
        elif "version" in fields and str(fields["version"].value) != "1":
            reader.refuse(fields["version"], f"this Cueloop reads version 1 of training files, not "
                                             f"`{str(fields['version'].value)[:20]}`")
        values = {SECTIONS[name].into or name: SECTIONS[name].shape.read(reader, node, f"`{name}`")
                  for name, node in fields.items() if name in SECTIONS}
    if reader.mistakes:
        raise FileRefused(file, reader.mistakes)
    return Policy(**values, hash=hashlib.sha256(text.encode()).hexdigest())


def schema() -> dict[str, Any]:
    """What an editor needs to check a training file."""
    version = Field(Shape(lambda *_: 1, {"const": 1}), "1: the version of this format", needed=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Training policy of Cueloop",
            **schema_of({"version": version, **SECTIONS})}
