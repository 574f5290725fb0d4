"""Output files: never overwritten unasked, never half written."""

from __future__ import annotations

import os
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
        with open(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raises Conflict when `path` exists (an empty folder does not count), unless `force`."""
    taken = path.exists() and not (path.is_dir() and not any(path.iterdir()))
    if taken and not force:
        raise Conflict(f"{path} exists already. Choose another --out, or overwrite it with --force.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
