"""Asks the store for at most a second, and leaves it alone for a while when it does not answer.

A store that refuses raises; one that hangs (a dead network, a file that somebody else holds) would hold every request
for as long as its driver waits. So a question runs in a thread of its own: who asks waits a second, once, and after
that nobody waits until a look from the background found the store there again.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from cueloop import logs
from cueloop.errors import CueloopError
from cueloop.store import Store
from cueloop.store.columns import now
from cueloop.store.schema import projects
from ml_backend.serving.direct import Direct
from ml_backend.serving.hands import Hands

LIMIT_SECONDS = 1.0
"""Longest that a question to the store holds a request."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds until somebody looks again after the first failure, and after many."""
MOST_LOOKING = 3
"""Looks that may hang at a time."""
AWAY = (exc.DBAPIError, exc.TimeoutError, OSError)
"""What is raised when a store refuses, is damaged or is no store."""

T = TypeVar("T")
log = logs.get(__name__)


class StoreAway(CueloopError):
    """Raised when the store does not answer, or did not a moment ago."""


@dataclass(frozen=True, slots=True)
class Away:
    """The store does not answer."""

    since: datetime
    reason: str
    """In a few words, without addresses and values."""


class Asking:
    """The store as requests see it. Thread-safe; nothing runs between questions, so a fork does no harm."""

    def __init__(self, store: Store, *, limit: float = LIMIT_SECONDS, pause: float = FIRST_PAUSE,
                 clock: Callable[[], float] = time.monotonic) -> None:
        """`limit` and `pause` in seconds."""
        self._store, self._limit, self._first, self._clock = store, limit, pause, clock
        self._away: Away | None = None
        self._pause, self._until, self._looking, self._pid = pause, 0.0, 0, os.getpid()
        self._file: tuple[int, int] | None = None
        self._lock, self._hands = threading.Lock(), Hands()
        self._direct = Direct(store)

    def at_once(self, query: str, given: Sequence[Any]) -> list[Any] | None:
        """Rows of a query, asked of a SQLite file in the caller's own thread. None where that is not possible now: ask
        by a question then.
        """
        return self._direct.rows(query, given) if self._away is None else None

    @property
    def store(self) -> Store:
        """For what is done in the background and may wait."""
        return self._store

    @property
    def away(self) -> Away | None:
        """Since when and why the store does not answer; None while it does."""
        return self._away

    def __call__(self, question: Callable[..., T], *given: Any) -> T:
        """What `question(store, *given)` says. Raises StoreAway at once while the store is known to be away."""
        if self._pid != os.getpid():
            self._forked()
        if self._away is not None:
            self._look_again()
            raise StoreAway(_told(self._away or Away(now(), "a moment ago")))
        try:
            answer: T = self._hands.run(partial(self._answer, question, given), self._limit)
        except TimeoutError:
            raise self._gone(f"no answer within {self._limit:g} s") from None
        except AWAY as error:
            raise self._gone(type(getattr(error, "orig", None) or error).__name__) from None
        return answer

    def check(self) -> None:
        """Before something is written, which may wait for long. Raises StoreAway."""
        self(_anything)

    def _look_again(self) -> None:
        """When the pause is over, have somebody look whether the store is there again; nobody waits for them."""
        with self._lock:
            if self._clock() < self._until or self._looking >= MOST_LOOKING:
                return
            self._until = self._clock() + self._pause
            self._looking += 1
        self._hands.start(self._look)

    def _look(self) -> None:
        if self._store.is_sqlite:
            self._store.engine.dispose()  # connections to a file that was moved or damaged stay so
        try:
            self._answer(_anything, ())
        except AWAY as error:
            self._gone(type(getattr(error, "orig", None) or error).__name__)
        else:
            self._back()
        finally:
            with self._lock:
                self._looking -= 1

    def _forked(self) -> None:
        """A new process has none of the old one's threads, and tries for itself."""
        self._pid, self._lock, self._looking, self._file = os.getpid(), threading.Lock(), 0, None
        self._away, self._pause, self._until = None, self._first, 0.0

    def _answer(self, question: Callable[..., T], given: tuple[Any, ...]) -> T:
        self._same_file()
        return question(self._store, *given)

    def _same_file(self) -> None:
        """A SQLite file that was taken away still answers through connections that are open, with what it was."""
        if not self._store.is_sqlite or self._store.url.database in (None, "", ":memory:"):
            return
        seen = os.stat(str(self._store.url.database))
        if not stat.S_ISREG(seen.st_mode):
            raise IsADirectoryError
        found = (seen.st_dev, seen.st_ino)
        if self._file is not None and self._file != found:
            self._store.engine.dispose()  # another file, say a restored one: old connections still read the old one
        self._file = found

    def _gone(self, reason: str) -> StoreAway:
        with self._lock:
            if self._away is None:
                self._away, self._pause = Away(now(), reason), self._first
                log.error("the store does not answer; serving goes on with what it knows", reason=reason)
            else:
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
            self._until = self._clock() + self._pause
            return StoreAway(_told(self._away))

    def _back(self) -> None:
        with self._lock:
            if self._away is not None:
                log.warning("the store answers again", since=self._away.since.isoformat(timespec="seconds"))
            self._away, self._pause, self._until = None, self._first, 0.0


def _anything(store: Store) -> None:
    with store.read() as conn:
        conn.execute(sa.select(projects.c.id).limit(1)).first()


def _told(away: Away) -> str:
    return (f"The store does not answer since {away.since:%Y-%m-%d %H:%M:%S} UTC ({away.reason}). "
            "What needs no store goes on; check CUELOOP_DATABASE_URL and its server.")
