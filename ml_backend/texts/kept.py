"""Texts that were fetched, in memory and as files in the home, so that a retraining fetches only what is new."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from cueloop import logs
from ml_backend.texts.fetch import write_whole

DAY = 86_400.0
MEMORY_BYTES = 64 * 2**20
"""Bytes of texts that a process keeps in memory."""
DISK_BYTES = 2 * 2**30
"""Bytes of texts that the home keeps."""
EVICT_EVERY = 200
"""Files that are written between two looks at what they take altogether."""

log = logs.get(__name__)


class Kept:
    """{address: text}, bounded; a text is fetched anew when it is a day old. Thread-safe, shared between processes.

    Files are named by a hash: an address may carry a signature.
    """

    def __init__(self, folder: Path, *, of: str = "", memory: int = MEMORY_BYTES, disk: int = DISK_BYTES,
                 clock: Callable[[], float] = time.time) -> None:
        """`folder` is made when it is needed; `memory` and `disk` in bytes.

        `of`: where they may come from. What was fetched by other settings is not given: a host may be allowed no
        more, and a path is another Label Studio's.
        """
        self._of, self._folder, self._memory, self._disk, self._clock = of, folder, memory, disk, clock
        self._texts: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._size, self._written, self._lock = 0, 0, threading.Lock()

    def get(self, address: str) -> str | None:
        """The text, if it was fetched within a day."""
        with self._lock:
            at, text = self._texts.get(address, (0.0, ""))
            if self._clock() - at < DAY:
                self._texts.move_to_end(address)
                return text
        file = self._file(address)
        try:
            at = file.stat().st_mtime
            if self._clock() - at >= DAY:
                return None
            text = file.read_text(encoding="utf-8", errors="surrogatepass")
        except (OSError, UnicodeError):
            return None
        self._remember(address, text, at)
        return text

    def put(self, address: str, text: str) -> None:
        """Keep a text. A disk that takes no more costs speed, nothing else."""
        self._remember(address, text, self._clock())
        file = self._file(address)
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(file, text.encode("utf-8", errors="surrogatepass"))
        except OSError as error:
            log.warning("a fetched text cannot be kept on disk", reason=error.strerror)
            return
        with self._lock:
            self._written += 1
            due = self._written % EVICT_EVERY == 1
        if due:
            self._evict()

    def _remember(self, address: str, text: str, at: float) -> None:
        with self._lock:
            _, old = self._texts.pop(address, (0.0, ""))
            self._texts[address] = (at, text)
            self._size += len(text) - len(old)
            while self._size > self._memory and self._texts:
                self._size -= len(self._texts.popitem(last=False)[1][1])

    def _evict(self) -> None:
        """Remove the oldest files until there is room again."""
        found = []
        for file in self._folder.glob("??/*.txt"):
            try:
                told = file.stat()
            except OSError:  # another process removed it
                continue
            found.append((told.st_mtime, told.st_size, file))
        size = sum(one for _, one, _ in found)
        for _, one, file in sorted(found):
            if size <= self._disk:
                return
            file.unlink(missing_ok=True)
            size -= one

    def _file(self, address: str) -> Path:
        name = hashlib.sha256(f"{self._of}\0{address}".encode(errors="surrogatepass")).hexdigest()
        return self._folder / name[:2] / f"{name[2:42]}.txt"
