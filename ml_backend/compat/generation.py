"""For which generation of label-studio-ml a class was written, read from its signatures, and how to call it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

OLD, NEW = "1.0.9", "2.x"


def generation(found: type[Any]) -> str:
    """1.0.9 or 2.x. What fits both is called 1.0.9: its arguments are those of 2.x and more."""
    made, predicts, fits = (_parameters(found, name) for name in ("__init__", "predict", "fit"))
    if getattr(found, "_functions", None) or "event" in fits:
        return NEW
    if "train_output" in made or {"workdir", "tasks", "completions", "annotations"} & set(fits):
        return OLD
    return NEW if _overrides(found, "setup") or "project_id" in made or "context" in predicts else OLD


def trains(found: type[Any]) -> bool:
    """Whether the class has something to train."""
    return (_overrides(found, "fit") or _overrides(found, "fit2")
            or "update" in getattr(found, "_functions", {}))


def suited(function: Callable[..., Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the named arguments that a function takes."""
    known = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in known.values()):
        return dict(named)
    return {name: value for name, value in named.items() if name in known}


def first(function: Callable[..., Any]) -> str | None:
    """Name of the first argument that may be given by position."""
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            return name
    return None


def _parameters(found: type[Any], name: str) -> tuple[str, ...]:
    """Of a method that the team's code defines."""
    return tuple(inspect.signature(getattr(found, name)).parameters) if _overrides(found, name) else ()


def _overrides(found: type[Any], name: str) -> bool:
    """Whether the team's code defines this, not the base class of label-studio-ml or its helpers."""
    for parent in found.__mro__:
        if name in vars(parent):
            return parent.__module__.partition(".")[0] not in ("label_studio_ml", "ml_backend", "builtins", "abc")
    return False
