"""Things that are big to make and are kept once per user: built beside, renamed when complete, under a lock."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cueloop.errors import PartFailed


def folder() -> Path:
    """The user's cache folder of Cueloop: `$XDG_CACHE_HOME/cueloop`, or `~/.cache/cueloop`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cueloop"


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the file lock at `path`; waits for whoever holds it, and ends with the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def once(name: str, build: Callable[[Path], None]) -> Path:
    """The folder `name` in the cache, made by `build(empty folder)` when it is not there yet.

    Whoever comes second waits for the first; a build that fails or is killed leaves nothing that counts.
    """
    ready = folder() / name
    if ready.is_dir():
        return ready
    with lock(folder() / f"{name}.lock"):
        if ready.is_dir():
            return ready
        for leftover in folder().glob(f"{name}.building-*"):
            shutil.rmtree(leftover)
        building = Path(tempfile.mkdtemp(prefix=f"{name}.building-", dir=folder()))
        try:
            build(building)
            building.rename(ready)
        finally:
            shutil.rmtree(building, ignore_errors=True)  # already renamed, or of no use
    return ready


def need_space(gigabytes: float) -> None:
    """Raise PartFailed unless the cache's disk has that much room."""
    folder().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder()).free / 1e9
    if free < gigabytes:
        raise PartFailed(f"{folder()} needs {gigabytes:.1f} GB of free disk and has {free:.1f}: "
                         "free some, or point XDG_CACHE_HOME at a larger disk.")
