"""A team's own file: finds the class in it and imports it, as often as instances need a copy of their own.

Model files keep models in globals of the module. So that no project and no version sees another's, each instance is
made from a fresh copy of the file and of the modules beside it; the libraries that they import are shared.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from cueloop.errors import ModelError
from ml_backend.compat import base, supply
from ml_backend.compat.generation import NEW, generation
from ml_backend.compat.trouble import place

importing = threading.RLock()
"""Imports of a team's files happen one after the other: they share sys.path and sys.modules."""
_beside: dict[Path, set[str]] = {}
"""{folder: modules beside a file of ours that were imported from it}."""


class WrongFile(ModelError):
    """Raised when the file that is named cannot be served: it is not there, or has no class or several."""


@dataclass(frozen=True, slots=True)
class Author:
    """Which class of which file."""

    file: Path
    name: str = ""
    """Of the class; empty: the only one."""

    @classmethod
    def of(cls, reference: str) -> Author:
        """From `FILE.py` or `FILE.py:Class`. Raises WrongFile."""
        path, colon, name = reference.rpartition(":")
        if not colon or not path.endswith(".py"):
            path, name = reference, ""
        file = Path(path).expanduser().resolve()
        if not file.is_file() or file.suffix != ".py":
            raise WrongFile(f"{path} is no Python file. Name the file of your LabelStudioMLBase subclass.")
        return cls(file, name)

    def print_(self) -> str:
        """SHA-256 of the file: another one answers otherwise, and is another version."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()

    def __str__(self) -> str:
        """As it is told."""
        return f"{self.file.name}:{self.name}" if self.name else self.file.name

    def load(self) -> type[Any]:
        """Import a fresh copy and find the class. Raises WrongFile or ModelError that names file and line."""
        with importing:
            if supply.installed():
                try:
                    found = self._copy(real=True)
                except ModelError as error:
                    if isinstance(error, WrongFile) or not isinstance(error.__cause__, ImportError):
                        raise
                else:
                    if generation(found) != NEW:
                        return found
            return self._copy(real=False)

    def _copy(self, *, real: bool) -> type[Any]:
        supply.supply(real=real)
        base.registered.clear()
        with _on_path(self.file.parent):
            module = self._executed()
        return self._class_in(module)

    def _executed(self) -> ModuleType:
        name = self.file.stem
        spec = spec_from_file_location(name, self.file)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[name] = module  # so that its classes can be pickled, as when label-studio-ml imports it
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            missing = " Install it beside Cueloop." if isinstance(error, ModuleNotFoundError) else ""
            raise ModelError(f"{self.file.name} cannot be imported: {place(error, self.file.parent)}"
                             f"{type(error).__name__}: {error}.{missing}") from error
        return module

    def _class_in(self, module: ModuleType) -> type[Any]:
        classes = {name: found for name, found in vars(module).items() if _serves(found)}
        if self.name:
            if self.name not in classes:
                raise WrongFile(f"{self.file.name} has no LabelStudioMLBase subclass {self.name!r}. "
                                f"It has: {', '.join(classes) or 'none'}.")
            return _with_functions(classes[self.name])
        own = {n: c for n, c in classes.items() if c.__module__ == module.__name__} or classes
        leaves = {n: c for n, c in own.items() if not any(c is not o and issubclass(o, c) for o in own.values())}
        if not leaves and base.registered:
            return _with_functions(type(self.file.stem, (base.LabelStudioMLBase,), {}))
        if len(leaves) != 1:
            raise WrongFile(f"{self.file.name} has {'no LabelStudioMLBase subclass' if not leaves else 'several'}"
                            + (f": {', '.join(leaves)}. Name one as {self.file.name}:CLASS." if leaves else
                               ". Name the file of a class that inherits from it."))
        return _with_functions(next(iter(leaves.values())))


def _serves(found: Any) -> bool:
    """A subclass of any class that is called LabelStudioMLBase, by whoever supplied it."""
    return (inspect.isclass(found) and found.__module__.partition(".")[0] not in (supply.PACKAGE, "ml_backend")
            and any(parent.__name__ == "LabelStudioMLBase" for parent in found.__mro__[1:]))


def _with_functions(found: type[Any]) -> type[Any]:
    """The class with the functions that its file registered, if it did."""
    if not base.registered:
        return found
    return type(found.__name__, (found,), {"_functions": dict(base.registered), "__module__": found.__module__})


@contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    """The folder first on sys.path during the import, and last from then on, for imports within functions."""
    for name in _beside.get(folder, set()):
        sys.modules.pop(name, None)
    before, entry = set(sys.modules), str(folder)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)
        if entry not in sys.path:
            sys.path.append(entry)
        _beside[folder] = {name for name in set(sys.modules) - before if _lies_in(sys.modules[name], folder)}


def _lies_in(module: Any, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and folder in Path(file).parents and "site-packages" not in file
