"""Output files: never overwritten unasked, never half written."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from cueloop.errors import Conflict, DataError


@contextmanager
def new_file(path: Path, *, force: bool) -> Iterator[TextIO]:
    """A text file that appears at `path` only when everything was written; on an error nothing is left.

    Raises Conflict when something is there already (unless `force`), DataError when the folder is missing.
    """
    refuse_existing(path, force=force)
    if not path.parent.is_dir():
        raise DataError(f"{path}: the folder {path.parent} does not exist. Create it first.")
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raises Conflict when `path` exists (an empty folder does not count), unless `force`."""
    try:
        taken = path.exists() and not (path.is_dir() and not any(path.iterdir()))
    except OSError as error:
        raise DataError(f"{path}: cannot be used as --out: {error.strerror}.") from None
    if taken and not force:
        raise Conflict(f"{path} exists already. Choose another --out, or overwrite it with --force.")


def writable_folder(path: Path, *, force: bool) -> None:
    """Raises Conflict or DataError now for a folder that could not be written later (`new_folder`)."""
    refuse_existing(path, force=force)
    above = next(one for one in (path, *path.absolute().parents) if one.exists())
    if not above.is_dir():
        raise DataError(f"{path}: {above} is no folder. Choose another --out.")
    if not os.access(above, os.W_OK | os.X_OK):
        raise DataError(f"{path}: nothing may be written to {above}. Choose another --out.")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """An empty folder whose files go to `path` when everything was written; on an error nothing is left.

    Files of the same names are replaced, others stay. Raises DataError when nothing can be written there.
    """
    try:
        above = next(one for one in (path, *path.absolute().parents) if one.is_dir())
        beside = Path(tempfile.mkdtemp(dir=above, prefix=".cueloop."))
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}.") from None
    try:
        yield beside
        for file in sorted(one for one in beside.rglob("*") if one.is_file()):
            there = path / file.relative_to(beside)
            there.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, there)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
