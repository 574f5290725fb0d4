"""Packages that only some kinds of models need: which, whether they are here, and how to get them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cueloop.errors import ModelError


@dataclass(frozen=True, slots=True)
class Extra:
    """One extra of Cueloop's package."""

    name: str
    training: tuple[str, ...]
    """Modules that training needs; answering needs some of them only."""

    def bring(self, module: str) -> Any:
        """The module, imported now. Raises ModelError with the command that installs it.

        Its types are nobody's business here: a checker must not need the package.
        """
        # Threads of a tokenizer do not survive a fork, and texts are short: they only warn and wait for each other.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            return import_module(module)
        except ImportError:
            raise ModelError(self.missing(module)) from None

    def here(self) -> bool:
        """Whether everything that training needs is installed; nothing is imported for the answer."""
        return all(package_folder(module) is not None for module in self.training)

    def missing(self, module: str = "") -> str:
        """What to do where it is not installed."""
        package = module.partition(".")[0] or "what its models need"
        return (f"The extra {self.name!r} is not installed here ({package} is missing). In Cueloop's folder: "
                f"sh tools/install.sh {self.name}")

    def folder(self, module: str) -> Path:
        """Where a package that carries weights lies; none of its code runs. Raises ModelError as `bring`."""
        found = package_folder(module)
        if found is None:
            raise ModelError(self.missing(module))
        return found


STATIC = Extra("static", ("tokenizers", "safetensors", "wordllama"))
ENCODER = Extra("encoder", ("tokenizers", "safetensors", "onnx", "onnxruntime"))
TRANSFORMER = Extra("transformer", ("tokenizers", "safetensors", "torch", "transformers"))
OF_KIND = {"static-linear": STATIC, "encoder-linear": ENCODER, "transformer": TRANSFORMER}
"""{kind of model: the extra that it needs}; other kinds need none."""


def package_folder(name: str) -> Path | None:
    """Where an installed package lies; None if it is not installed. Nothing of it runs."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None
