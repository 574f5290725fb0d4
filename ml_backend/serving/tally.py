"""The folder in which the processes of one server add up their counts."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_backend.serving.metrics import FOLDER

LOCK = "lock"


@contextmanager
def tally(home: Path) -> Iterator[Path]:
    """A new folder below the home, named to prometheus_client by the environment, until we end.

    Folders of servers that were killed are removed: nobody holds their lock any more.
    """
    above = home / "metrics"
    above.mkdir(parents=True, exist_ok=True)
    for left in above.iterdir():
        _remove_left(left)
    folder = Path(tempfile.mkdtemp(prefix="serve-", dir=above))
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.environ[FOLDER] = str(folder)
        ours = os.getpid()
        try:
            yield folder
        finally:
            if os.getpid() == ours:  # the processes made of us leave here too
                shutil.rmtree(folder, ignore_errors=True)


def _remove_left(folder: Path) -> None:
    try:
        with (folder / LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:  # it is in use, or another server removes it
        return
