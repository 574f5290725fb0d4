"""What runs for a home: one supervisor at a time, and a list of its processes for `status` and for the next start."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

import psutil

from console.parts import leash
from cueloop.errors import PartFailed

GRACE = 15.0
"""Seconds in which the processes of a supervisor that was killed end by themselves (their leash is gone)."""


class Claim:
    """The right to run things for a home. It ends with the process that holds it, however that ends."""

    def __init__(self, home: Path) -> None:
        """Take it. Raises PartFailed when another process has it."""
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file: TextIOWrapper = (home / "supervisor.lock").open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise PartFailed(f"A Cueloop already runs in {home} (process {holder}). End that one first, "
                             "or give this one a CUELOOP_HOME of its own.") from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Give it back."""
        self._file.close()


def write(home: Path, pids: dict[str, int]) -> None:
    """Note the processes that run, by the name of their part."""
    found = {}
    for name, pid in pids.items():
        with suppress(psutil.NoSuchProcess):  # it may have ended since
            found[name] = {"pid": pid, "since": psutil.Process(pid).create_time()}
    beside = home / "processes.new"
    beside.write_text(json.dumps(found))
    beside.replace(home / "processes.json")


def read(home: Path) -> dict[str, psutil.Process]:
    """The noted processes that still run; never another program that has since been given the same id."""
    path, alive = home / "processes.json", {}
    noted = json.loads(path.read_text()) if path.exists() else {}
    for name, entry in noted.items():
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(entry["pid"])
            if abs(process.create_time() - entry["since"]) < 0.1 and process.status() != psutil.STATUS_ZOMBIE:
                alive[name] = process
    return alive


def end_leftovers(home: Path) -> list[str]:
    """End what a supervisor that was killed left behind; gives the names. Hold the Claim when you call it."""
    left = read(home)
    _, stubborn = psutil.wait_procs(list(left.values()), timeout=GRACE)
    leash.end_all([child for root in stubborn for child in root.children(recursive=True)], grace=5)
    for root in stubborn:
        with suppress(psutil.NoSuchProcess):
            root.kill()
    return sorted(left)
