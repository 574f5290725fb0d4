"""Supplies `label_studio_ml` to a team's file: a 1.0.x that is installed, else modules of ours under its names.

Only a process that serves or trains such a class ever has these modules. `label_studio_ml.api` is never supplied: the
server is Cueloop. Its old companions `label_studio_tools` and `label_studio_converter`, where they are not installed,
are the parts of label-studio-sdk that they became.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, version
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

PACKAGE = "label_studio_ml"
OURS = {"model": "base", "response": "response", "utils": "utils", "helpers": "helpers"}
"""Module of label_studio_ml -> module beside this one."""
SAYS = "it is the server of label-studio-ml, which Cueloop takes the place of: remove that import"
BECAME = {"label_studio_tools": "label_studio_sdk._extensions.label_studio_tools",
          "label_studio_converter": "label_studio_sdk.converter"}
"""Package of old -> where it lives now."""


def supply(*, real: bool) -> None:
    """Put `label_studio_ml` in place. `real`: the one that is installed (see `installed`)."""
    if not any(isinstance(finder, Moved) for finder in sys.meta_path):
        sys.meta_path.append(Moved())
    if real:
        withdraw()
    elif not _supplied():
        withdraw(also_real=True)
        sys.modules.update(_modules())


def withdraw(*, also_real: bool = False) -> None:
    """Take away what was supplied."""
    if also_real or _supplied():
        for name in [name for name in sys.modules if name == PACKAGE or name.startswith(PACKAGE + ".")]:
            del sys.modules[name]


def installed() -> bool:
    """Whether a label-studio-ml 1.x is installed; later ones keep their state where versions cannot hold it."""
    try:
        return version("label-studio-ml").startswith("1.")
    except PackageNotFoundError:
        return False


def _supplied() -> bool:
    return bool(getattr(sys.modules.get(PACKAGE), "__cueloop__", False))


def _modules() -> dict[str, ModuleType]:
    """{name: module}: views of ours, so that nobody changes ours by way of them."""
    package = ModuleType(PACKAGE, "label_studio_ml as Cueloop supplies it.")
    package.__path__ = []
    package.__dict__.update(__cueloop__=True, __version__="2.0.0+cueloop", package_name="label-studio-ml")
    made = {PACKAGE: package}
    for name, own in OURS.items():
        module = _View(f"{PACKAGE}.{name}")
        module.__dict__.update(__cueloop__=True, _own=f"ml_backend.compat.{own}")
        made[f"{PACKAGE}.{name}"] = module
        setattr(package, name, module)
    return made


class _View(ModuleType):
    """A module whose names are looked up in one of ours when they are first asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        own = import_module(self.__dict__["_own"])
        if hasattr(own, name):
            found = getattr(own, name)
        elif self.__name__.endswith(".model") and name in _ELSEWHERE:
            found = getattr(import_module(_ELSEWHERE[name]), name)
        else:
            raise AttributeError(f"{self.__name__} has no {name!r}")
        setattr(self, name, found)
        return found


_ELSEWHERE = {
    "ModelResponse": "ml_backend.compat.response",
    "LabelInterface": "label_studio_sdk.label_interface",
    "LabelStudio": "label_studio_sdk",
    "parse_config": "label_studio_sdk._extensions.label_studio_tools.core.label_config"}
"""What upstream's model module has because it imports it."""


class Moved(MetaPathFinder, Loader):
    """Finds packages that became parts of label-studio-sdk, and tells why the server is not there."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """A spec for a module of old; asked last, so installed packages win."""
        first = name.partition(".")[0]
        if name in (f"{PACKAGE}.api", f"{PACKAGE}.server"):
            raise ImportError(f"{name}: {SAYS}", name=name)
        return spec_from_loader(name, self, is_package=True) if first in BECAME else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module that it became."""
        first, dot, rest = spec.name.partition(".")
        return import_module(BECAME[first] + dot + rest)

    def exec_module(self, module: ModuleType) -> None:
        """It has been executed."""
