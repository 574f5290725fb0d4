"""Whether the folders that we write to can be written, and the files of what is in service are still there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from ml_backend.artifacts import Artifacts
from ml_backend.serving.slot import Slot

LEAST_FREE = 64 * 2**20
"""Free bytes below which a disk counts as full: the next model version may not fit."""


class Disk:
    """The home and, where they are files on this machine, the artifacts."""

    def __init__(self, home: Path, artifacts: Artifacts) -> None:
        """Nothing is looked at yet."""
        self._artifacts = artifacts
        self._places = {"the home folder (CUELOOP_HOME)": home}
        if artifacts.folder is not None:
            self._places["the folder of the artifacts (CUELOOP_ARTIFACTS_URL)"] = artifacts.folder

    def troubles(self, slots: Sequence[Slot]) -> Iterator[tuple[str, str]]:
        """(place, what is wrong with it or nothing)."""
        for name, folder in self._places.items():
            yield name, _trouble(name, folder)
        served = [one.version for slot in slots if (one := slot.now) and one.version.sha256]
        gone = [version.version for version in served if not self._artifacts.holds(version.path, version.sha256)]
        yield "files", (f"The files of {', '.join(gone)} are gone. What is in memory goes on; after a restart there is "
                        "nothing to load. Restore them from a backup, or train again.") if gone else ""


def _trouble(name: str, folder: Path) -> str:
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return f"{name} cannot be looked at ({error.strerror})."
    if free < LEAST_FREE:
        return (f"The disk under {name} is full: {free / 2**20:.0f} MB are left. Trained models cannot be kept; "
                "predictions go on.")
    if not os.access(there, os.W_OK):
        return f"{name} cannot be written. Trained models cannot be kept; predictions go on."
    return ""
