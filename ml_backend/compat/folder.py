"""The files of a version of a team's class: gathered after training, laid out in a folder before it is loaded.

They are never opened by us, only hashed: what is a pickle is unpickled by the team's own code or not at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from cueloop.errors import ModelError
from ml_backend.artifacts import Artifacts, sha256

LARGEST = 4 * 2**30
"""Bytes of all files of a version."""
MOST = 20_000
"""Files of a version."""
KEPT = "class-files"
"""Folder in the home where versions are laid out."""
IGNORED = frozenset({"__pycache__"})
"""Folders that are no part of a version."""


def gather(folder: Path) -> dict[str, bytes]:
    """{path in the folder: content}. Raises ModelError for links and for more than can be kept."""
    return {name: file.read_bytes() for name, file in _files(folder).items()}


def prints(folder: Path) -> dict[str, str]:
    """{path in the folder: SHA-256}. Raises as `gather`."""
    return {name: _print(file) for name, file in _files(folder).items()}


def _files(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    total = 0
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if IGNORED & set(PurePosixPath(name).parts):
            continue
        if file.is_symlink():
            raise ModelError(f"The trained files contain a link, {name}: a version holds files only. Copy it instead.")
        if file.is_dir():
            continue
        if not file.is_file():
            raise ModelError(f"The trained files contain {name}, which is no regular file. Remove it after training.")
        total += file.stat().st_size
        if total > LARGEST or len(found) >= MOST:
            raise ModelError(f"The trained files are more than {LARGEST // 2**30} GB or {MOST} files. Leave out what "
                             "is not needed to predict, e.g. checkpoints.")
        found[name] = file
    return found


def _print(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def lay_out(artifacts: Artifacts, path: str, hashes: Mapping[str, str], below: Path) -> Path:
    """A folder with exactly these files: the one laid out before if it is still as it was, else a new one.

    Raises ModelError when an artifact is missing or not what was written.
    """
    for name in hashes:
        _check(name)
    target = below / KEPT / sha256("\0".join(f"{name}\0{hashes[name]}" for name in sorted(hashes)).encode())[:32]
    if target.is_dir() and _is(target, hashes):
        return target
    beside = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
    try:
        fill(beside, artifacts, path, hashes)
        if target.exists() and not _is(target, hashes):  # spoilt, e.g. written to by the class itself
            with suppress(FileNotFoundError):  # another process was faster
                target.rename(beside.with_name(f".spoilt-{beside.name}"))
        with suppress(OSError):  # another process has just laid it out
            beside.rename(target)
        if not _is(target, hashes):
            raise ModelError(f"The files of {path} in {target} change while they are laid out. Does another program "
                             "write there?")
        return target
    except OSError as error:
        raise ModelError(f"The files of {path} cannot be laid out below {below}: {error.strerror}. Make room there, "
                         "or check its permissions.") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(beside.with_name(f".spoilt-{beside.name}"), ignore_errors=True)


def fill(folder: Path, artifacts: Artifacts, path: str, hashes: Mapping[str, str]) -> None:
    """Write the files into a new folder, each checked against its hash. Nobody else may read or change them there."""
    folder.mkdir(parents=True, mode=0o700)
    for name in hashes:
        _check(name)
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        artifacts.fetch(path, name, hashes[name], file)


def _is(folder: Path, hashes: Mapping[str, str]) -> bool:
    """Whether these files are in the folder as they were written. Others beside them do not matter."""
    return all((folder / name).is_file() and _print(folder / name) == expected
               for name, expected in hashes.items())


def _check(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or os.sep != "/":
        raise ModelError(f"A file of this version is named {name!r}, which would lie outside its folder.")
