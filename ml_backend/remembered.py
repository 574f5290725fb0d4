"""Remembers what costs time to read again, as long as the texts it was read from are not too long together."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """{text: what was read in it}; the one that was not asked for longest goes first. Thread-safe."""

    def __init__(self, read: Callable[[str], T], characters: int) -> None:
        """`characters`: of all texts together. Whoever asks with longer ones all the time has them read each time."""
        self._read, self._most = read, characters
        self._known: OrderedDict[str, T] = OrderedDict()
        self._size, self._lock = 0, threading.Lock()

    def __call__(self, text: str) -> T:
        """What `read(text)` says, and raises."""
        with self._lock:
            if text in self._known:
                self._known.move_to_end(text)
                return self._known[text]
        found = self._read(text)
        with self._lock:
            if text not in self._known:
                self._known[text] = found
                self._size += len(text)
            while self._size > self._most:
                self._size -= len(self._known.popitem(last=False)[0])
        return found
