"""Kinds of models. A kind is a class with `fit`, `logits`, `to_files` and `from_files` (see `kind.py`)."""

from __future__ import annotations

from importlib import import_module

from cueloop.errors import NotFound
from ml_backend.models.kind import Classifier

KINDS = {
    "text-linear": "ml_backend.models.text_linear:TextLinear",
    "static-linear": "ml_backend.models.static_linear:StaticLinear",
    "encoder-linear": "ml_backend.models.encoder_linear:EncoderLinear",
    "transformer": "ml_backend.models.transformer:Transformer",
}
"""Kind -> class, imported when it is first asked for."""


def kind(name: str) -> type[Classifier]:
    """The class of a kind. Raises NotFound that lists the kinds."""
    if name not in KINDS:
        raise NotFound(f"There is no model kind {name!r}. Kinds: {', '.join(sorted(KINDS))}.")
    module, _, attribute = KINDS[name].partition(":")
    found: type[Classifier] = getattr(import_module(module), attribute)
    return found
