"""Files of model versions under an fsspec URL: a folder today, object storage when one machine is outgrown."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cueloop import logs
from cueloop.errors import ModelError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

log = logs.get(__name__)


class Artifacts:
    """A place for files that are written once, whole or not at all, and checked whenever they are read."""

    def __init__(self, url: str) -> None:
        """Name the place; nothing is created before the first write. Raises ModelError for a bad URL."""
        from fsspec.core import url_to_fs

        try:
            found: tuple[AbstractFileSystem, str] = url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ModelError(f"CUELOOP_ARTIFACTS_URL: {error}. Use e.g. file:///folder or s3://bucket/folder "
                             "(with s3fs installed).") from None
        self._fs, root = found
        self._root = root.rstrip("/")

    def write(self, path: str, files: Mapping[str, bytes]) -> dict[str, str]:
        """Keep files as the folder `path`, which must not exist. Returns {name: sha256}.

        On a file system they are written beside and renamed. Object stores cannot rename: there the row in the
        store, written afterwards, is what makes a version exist.
        """
        for name in files:
            _within(f"{path}/{name}")
        target = f"{self._root}/{path}"
        if self._fs.exists(target):
            raise ModelError(f"{path} exists among the artifacts already: versions are never overwritten.")
        beside = f"{self._root}/.writing-{uuid.uuid4().hex}" if self._local else target
        try:
            self._write(files, beside, target)
        except Exception as error:  # noqa: BLE001  any storage's error: a full disk, a bucket that is closed to us
            self._remove(beside)
            why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            raise ModelError(f"{path} cannot be kept among the artifacts ({why}). Make room or check "
                             "CUELOOP_ARTIFACTS_URL, then train again.") from None
        return {name: sha256(data) for name, data in files.items()}

    def _write(self, files: Mapping[str, bytes], beside: str, target: str) -> None:
        for name, data in files.items():
            place = f"{beside}/{name}"
            self._fs.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(place, data)
        if self._local:
            self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._fs.mv(beside, target, recursive=True)

    def _remove(self, half: str) -> None:
        """What was written of a folder that could not be written whole; nobody refers to it."""
        try:
            if self._fs.exists(half):
                self._fs.rm(half, recursive=True)
        except Exception as error:  # noqa: BLE001  any storage's error: what is left takes room and harms nobody
            log.warning("half-written files were left among the artifacts", kind=type(error).__name__)

    def read(self, path: str, hashes: Mapping[str, str]) -> dict[str, bytes]:
        """The named files of folder `path`. Raises ModelError when one is missing or not what was written."""
        return {name: self._read(f"{path}/{name}", expected) for name, expected in hashes.items()}

    def _read(self, path: str, expected: str) -> bytes:
        _within(path)
        try:
            data: Any = self._fs.cat_file(f"{self._root}/{path}")
        except Exception as error:  # noqa: BLE001  any storage's error
            raise ModelError(f"Model file {path} cannot be read ({type(error).__name__}). Check CUELOOP_ARTIFACTS_URL, "
                             "or roll back to a version that is whole.") from None
        if sha256(data) != expected:
            raise ModelError(f"Model file {path} is not the one that was written: its SHA-256 differs. "
                             "It is not loaded. Restore it from a backup or roll back.")
        return bytes(data)

    def holds(self, path: str) -> bool:
        """Whether the folder of a version is there. Object storage is believed: asking it takes long."""
        return not self._local or bool(self._fs.isdir(f"{self._root}/{path}"))

    @property
    def folder(self) -> Path | None:
        """Where they are on this machine; None for object storage."""
        return Path(self._root) if self._local else None

    @property
    def _local(self) -> bool:
        return "file" in self._fs.protocol


def _within(path: str) -> None:
    """Names come from folders that others wrote, and from the store's rows. Raises ModelError for one that leads away.
    """
    parts = path.split("/")
    if not path.isprintable() or "\\" in path or "://" in path or {"", ".", ".."} & set(parts):
        raise ModelError(f"{path[:200]!r} cannot be a file of a model version: its name could lead out of the "
                         "artifacts. Rename the file; or if the store names it so, its row was altered: roll back.")


def sha256(data: bytes) -> str:
    """Hash of a file's content."""
    return hashlib.sha256(data).hexdigest()
