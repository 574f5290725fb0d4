"""A SQLite file asked right away: what is asked at every prediction should cost next to nothing.

The answer is the store's of this moment. A file that cannot be read within a moment says nothing here; the slower way,
which knows what to do then, is taken (`ml_backend.serving.asking`).
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cueloop.store import Store

PATIENCE_SECONDS = 0.2
"""Readers of a WAL file wait for nobody but whoever locks it as a whole."""

Place = tuple[int, int, int]
"""Process, device and inode: a connection serves the process that opened it, and the file that is there now."""


class Direct:
    """Thread-safe. A connection is used by one thread at a time and kept for the next."""

    def __init__(self, store: Store) -> None:
        """Opens nothing yet."""
        path = store.url.database if store.is_sqlite else None
        self._path = path if path and path != ":memory:" else None
        self._idle: deque[tuple[Place, sqlite3.Connection]] = deque()

    def rows(self, query: str, given: Sequence[Any]) -> list[Any] | None:
        """What a query says; None when the file does not say, or the store is no file."""
        if self._path is None:
            return None
        try:
            place, connection = self._take(self._path)
            found = connection.execute(query, given).fetchall()
        except (OSError, sqlite3.Error):  # the slower way finds out and tells
            return None
        self._idle.append((place, connection))
        return found

    def _take(self, path: str) -> tuple[Place, sqlite3.Connection]:
        there = os.stat(path)
        place = (os.getpid(), there.st_dev, there.st_ino)
        while self._idle:
            try:
                known, connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if known == place:
                return place, connection
            if known[0] == place[0]:  # the file is another one now, say a restored one
                connection.close()
        return place, sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=rw", uri=True, timeout=PATIENCE_SECONDS,
                                      isolation_level=None, check_same_thread=False)
