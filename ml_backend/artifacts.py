"""Files of model versions under an fsspec URL: a folder today, object storage when one machine is outgrown.

Each content is kept once, under its SHA-256, as `blobs/ab/abcdef...`: versions with equal files share them. A version
lists {file: SHA-256}. Versions that were kept before have folders `models/NAME/VERSION` and stay readable.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cueloop import logs
from cueloop.errors import ModelError
from ml_backend.versions.content import Content, Hashing, digest, durable, opened, sha256, size, within

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["BLOBS", "Artifacts", "Content", "sha256"]

BLOBS = "blobs"
"""Folder of the contents, and what a version's row names as the place of its files."""
HASH = re.compile("[0-9a-f]{64}")
WRITING = ".writing-"
"""How files begin that are being written."""
PIECE = 2**23
"""Bytes that are in memory at once while a big file is copied, and asked for at once."""
OBJECTS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "r2", "memory"})
"""Storages without folders: asked for one, they make a bucket."""

log = logs.get(__name__)


class Artifacts:
    """A place for files that are written once, whole or not at all, and checked whenever they are read."""

    def __init__(self, url: str) -> None:
        """Name the place; nothing is created before the first write. Raises ModelError for a bad URL."""
        self._url = url
        self._open()

    def write(self, files: Mapping[str, Content]) -> dict[str, str]:
        """Keep the contents of a version's files. Returns {name: SHA-256}. What is there already is not sent again.

        A content becomes visible whole: it is written beside and renamed, or put by one call where the storage cannot
        rename. The row in the store, written afterwards, is what makes a version exist. Raises ModelError.
        """
        for name in files:
            within(name)
        try:
            hashes = {name: digest(content) for name, content in files.items()}
            for name, content in files.items():
                self._put(hashes[name], content)
        except Exception as error:  # noqa: BLE001  any storage's error: a full disk, a bucket that is closed to us
            raise ModelError(f"The model's files cannot be kept among the artifacts ({_why(error)}). Make room or "
                             "check CUELOOP_ARTIFACTS_URL and its credentials, then train again.") from None
        return hashes

    def read(self, path: str, hashes: Mapping[str, str]) -> dict[str, bytes]:
        """The named files of a version at `path`. Raises ModelError when one is missing or not what was written."""
        found = {}
        for name, expected in hashes.items():
            pieces: list[bytes] = []
            self._copy(path, name, expected, pieces.append)
            found[name] = b"".join(pieces)
        return found

    def fetch(self, path: str, name: str, expected: str, into: Path) -> None:
        """Write one file of a version to `into`, which must not exist, in bounded memory. Raises as `read`."""
        self._place(path, name, expected)
        try:
            with into.open("xb") as file:
                self._copy(path, name, expected, file.write)
        except ModelError:
            into.unlink()
            raise

    def missing(self, hashes: Iterable[str]) -> set[str]:
        """Those of the contents that are not there. Raises ModelError when the storage does not answer."""
        places = {hash_: self._blob(hash_) for hash_ in hashes}
        self._fs.invalidate_cache()
        try:
            return {hash_ for hash_, place in places.items() if not self._fs.exists(place)}
        except Exception as error:  # noqa: BLE001  any storage's error
            raise self._away(error) from None

    def contents(self) -> dict[str, int]:
        """{SHA-256: bytes} of all contents that are there, needed or not. Raises ModelError."""
        self._fs.invalidate_cache()
        try:
            found = self._fs.find(f"{self._root}/{BLOBS}", detail=True)
        except FileNotFoundError:
            return {}
        except Exception as error:  # noqa: BLE001  any storage's error
            raise self._away(error) from None
        sizes = {place.rpartition("/")[2]: int(info.get("size") or 0) for place, info in found.items()}
        return {hash_: bytes_ for hash_, bytes_ in sizes.items() if not hash_.startswith(WRITING)}

    def remove(self, hash_: str) -> None:
        """Take a content away that no version needs; it may be gone. Raises ModelError."""
        self._take(self._blob(hash_), recursive=False)

    def remove_folder(self, path: str) -> None:
        """Take away the folder of a version that has one of its own; it may be gone. Raises ModelError."""
        within(path)
        self._take(f"{self._root}/{path}", recursive=True)

    def holds(self, path: str, hashes: Mapping[str, str]) -> bool:
        """Whether a version's files are there. Object storage is believed: asking it takes long."""
        return not self._local or all(self._fs.exists(self._place(path, *file)) for file in hashes.items())

    @property
    def folder(self) -> Path | None:
        """Where they are on this machine; None for object storage."""
        return Path(self._root) if self._local else None

    def _open(self) -> None:
        from fsspec.core import url_to_fs

        try:
            found: tuple[AbstractFileSystem, str] = url_to_fs(self._url)
        except (ValueError, ImportError) as error:
            raise ModelError(f"CUELOOP_ARTIFACTS_URL: {error}. Use e.g. file:///folder or s3://bucket/folder "
                             "(with the extra `s3`).") from None
        self._system, root = found
        self._root, self._process = root.rstrip("/"), os.getpid()

    @property
    def _fs(self) -> AbstractFileSystem:
        """Connections to object storage do not survive a fork: a process made of this one opens its own."""
        if self._process != os.getpid():
            self._open()
        return self._system

    @property
    def _local(self) -> bool:
        return "file" in self._protocols

    @property
    def _protocols(self) -> set[str]:
        found = self._fs.protocol
        return {found} if isinstance(found, str) else set(found)

    def _blob(self, hash_: str) -> str:
        if not HASH.fullmatch(hash_):
            raise ModelError(f"{hash_[:200]!r} cannot be a file of a model version: it is no SHA-256. The version's "
                             "row was altered: roll back.")
        return f"{self._root}/{BLOBS}/{hash_[:2]}/{hash_}"

    def _place(self, path: str, name: str, expected: str) -> str:
        within(f"{path}/{name}")
        if path == BLOBS:
            return self._blob(expected)
        return f"{self._root}/{path}/{name}"

    def _put(self, hash_: str, content: Content) -> None:
        """Write a content unless it is there as it should be: half of one, left by a storage that cannot rename, is
        written again."""
        target = self._blob(hash_)
        if self._sound(target, hash_, size(content)):
            return
        if not OBJECTS & self._protocols:
            self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
        beside = f"{target.rpartition('/')[0]}/{WRITING}{uuid.uuid4().hex}" if self._local else target
        try:
            if isinstance(content, Path):
                self._fs.put_file(str(content), beside)
            else:
                self._fs.pipe_file(beside, content)
            if beside != target:
                durable(beside)
                self._fs.mv(beside, target)
                for folder in (target.rpartition("/")[0], f"{self._root}/{BLOBS}"):
                    durable(folder)
        except Exception:
            if beside != target:
                self._forget(beside)
            raise
        if not self._sized(target, size(content)):
            raise OSError(None, "what was written is not there whole")

    def _sound(self, target: str, hash_: str, bytes_: int) -> bool:
        if not self._sized(target, bytes_):
            return False
        found = Hashing()
        self._pieces(target, found.add)
        return found.hex() == hash_

    def _sized(self, target: str, bytes_: int) -> bool:
        self._fs.invalidate_cache()
        try:
            return bool(self._fs.info(target)["size"] == bytes_)
        except FileNotFoundError:
            return False

    def _forget(self, half: str) -> None:
        """What was written of a content that could not be written whole; nobody refers to it."""
        try:
            if self._fs.exists(half):
                self._fs.rm(half)
        except Exception as error:  # noqa: BLE001  any storage's error: what is left takes room and harms nobody
            log.warning("a half-written file was left among the artifacts", kind=type(error).__name__)

    def _copy(self, path: str, name: str, expected: str, into: Callable[[bytes], Any]) -> None:
        place, found = self._place(path, name, expected), Hashing(into)
        try:
            self._pieces(place, found.add)
        except Exception as error:  # noqa: BLE001  any storage's error
            raise ModelError(f"Model file {name} cannot be read ({_why(error)}). Check CUELOOP_ARTIFACTS_URL, or roll "
                             "back to a version that is whole.") from None
        if found.hex() != expected:
            raise ModelError(f"Model file {name} is not the one that was written: its SHA-256 differs. It is not "
                             "loaded. Restore it from a backup or roll back.")

    def _pieces(self, place: str, into: Callable[[bytes], Any]) -> None:
        with opened(self._fs, place, PIECE) as file:
            while piece := file.read(PIECE):
                into(piece)

    def _take(self, place: str, *, recursive: bool) -> None:
        self._fs.invalidate_cache()
        try:
            if recursive:
                self._fs.rm(place, recursive=True)
            else:
                self._fs.rm_file(place)
        except FileNotFoundError:
            return
        except Exception as error:  # noqa: BLE001  any storage's error
            raise self._away(error) from None

    def _away(self, error: Exception) -> ModelError:
        return ModelError(f"The artifacts cannot be reached ({_why(error)}). Check CUELOOP_ARTIFACTS_URL and its "
                          "credentials.")


def _why(error: Exception) -> str:
    """An error in words that hold no address and no key."""
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    if isinstance(error, PermissionError):
        return "access is denied"
    return error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
