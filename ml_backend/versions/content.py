"""Contents of files: as bytes, or as a file on this machine that is too big to be held in memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cueloop.errors import ModelError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Content = bytes | Path
"""What a file of a version holds, or the file on this machine that holds it."""


class Hashing:
    """SHA-256 of what goes through."""

    def __init__(self, into: Callable[[bytes], Any] = lambda piece: None) -> None:
        """Each piece is handed on to `into`."""
        self._into, self._found = into, hashlib.sha256()

    def add(self, piece: bytes) -> None:
        """The next piece."""
        self._found.update(piece)
        self._into(piece)

    def hex(self) -> str:
        """Of all that went through."""
        return self._found.hexdigest()


def sha256(data: bytes) -> str:
    """Hash of a file's content."""
    return hashlib.sha256(data).hexdigest()


def digest(content: Content) -> str:
    """Its SHA-256; files are read in pieces. Raises OSError."""
    if isinstance(content, bytes):
        return sha256(content)
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size(content: Content) -> int:
    """Bytes. Raises OSError."""
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def durable(place: str) -> None:
    """Have what a file or folder of this machine holds on the disk, not only in memory: the row that names it will be,
    and a power cut must not leave a version whose files are empty. Raises OSError."""
    opened_ = os.open(place, os.O_RDONLY)
    try:
        os.fsync(opened_)
    finally:
        os.close(opened_)


def opened(system: AbstractFileSystem, place: str, piece: int) -> AbstractContextManager[IO[bytes]]:
    """A file of a storage, read from its beginning, `piece` bytes at a time and no further ahead."""
    found: AbstractContextManager[IO[bytes]] = system.open(place, "rb", block_size=piece, cache_type="readahead")
    return found


def within(path: str) -> None:
    """Names come from folders that others wrote, and from the store's rows. Raises ModelError for one that leads away.
    """
    parts = path.split("/")
    if not path.isprintable() or "\\" in path or "://" in path or {"", ".", ".."} & set(parts):
        raise ModelError(f"{path[:200]!r} cannot be a file of a model version: its name could lead out of the "
                         "artifacts. Rename the file; or if the store names it so, its row was altered: roll back.")
