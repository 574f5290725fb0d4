"""Reads the text that a control shows: the value itself, or where the tag says so what lies behind it as an address.

All that read texts read them here: serving, bulk prediction and training. HyperText is read as a person reads it,
without its tags: what a model learns then are words, whether the HTML stands in the task or behind an address.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from cueloop import logs
from cueloop.settings import Settings
from cueloop.types import Control
from ml_backend.dataset import text_of
from ml_backend.texts.decode import plain, text_in
from ml_backend.texts.fetch import Fetcher
from ml_backend.texts.hosts import NotFetched
from ml_backend.texts.kept import Kept

if TYPE_CHECKING:
    from ml_backend.protocol import Asked

AT_A_TIME = 8
"""Addresses that are fetched at a time."""
REST_SECONDS = 60.0
"""For so long what failed is not tried again, nor a host that did not answer `MISSES` times in a row."""
MISSES = 3
MOST_FAILURES = 10_000
"""Failures that are remembered."""
SERVING_SECONDS = 20.0
"""Longest that one request waits for its texts; Label Studio waits 100 s for an answer."""
FOLDER = "texts"
"""Folder of the home that fetched texts are kept in."""

log = logs.get(__name__)


class Read(Protocol):
    """Something that reads texts."""

    def __call__(self, control: Control, values: Sequence[object]) -> list[str | None]:
        """The text of each value; None where there is none. Never raises for a value."""
        ...


def inline(control: Control, values: Sequence[object]) -> list[str | None]:
    """Texts that stand in the task itself; None for every address: it is never taken for a text."""
    if control.linked:
        return [None] * len(values)
    return [_shown(control, text_of(value)) for value in values]


class Texts:
    """Reads texts and fetches those behind addresses. Thread-safe; one a process."""

    def __init__(self, settings: Settings, *, seconds: float | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds`: longest that one call may fetch; None: as long as it takes. Raises SettingsError."""
        self._fetcher = Fetcher(settings)
        self._kept = Kept(settings.home / FOLDER, of=f"{settings.label_studio_url} {settings.fetch_hosts}")
        self._seconds, self._clock = seconds, clock
        self._failed: dict[str, tuple[float, NotFetched]] = {}
        self._misses: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        """Addresses `kept` already, `fetched` and `failed` since the start."""

    def __call__(self, control: Control, values: Sequence[object]) -> list[str | None]:
        """See `Read`. Addresses are fetched several at a time, each once."""
        if not control.linked:
            return inline(control, values)
        addresses = [value.strip() if isinstance(value, str) else "" for value in values]
        wanted = dict.fromkeys(filter(None, addresses))
        found = {address: self._kept.get(address) for address in wanted}
        with self._lock:
            self.counts["kept"] += sum(text is not None for text in found.values())
        found |= self._fetched([address for address, text in found.items() if text is None])
        return [_shown(control, found.get(address)) for address in addresses]

    def inlined(self, asked: Asked, controls: Iterable[Control]) -> Asked:
        """The same question with texts in the place of addresses and HTML; a task whose text is not there lacks it.

        Where two controls show one field, the first says how it is read.
        """
        special = {c.value: c for c in reversed(tuple(controls)) if c.value and (c.linked or c.shows == "HyperText")}
        if not special:
            return asked
        fields = [dict(data) if isinstance(data := _data(task), Mapping) else {} for task in asked.tasks]
        for field, control in special.items():
            for data, text in zip(fields, self(control, [data.get(field) for data in fields]), strict=True):
                data[field] = text
        tasks = tuple({**task, "data": data} if isinstance(_data(task), Mapping) else task
                      for task, data in zip(asked.tasks, fields, strict=True))
        return replace(asked, tasks=tasks)

    def _fetched(self, addresses: Sequence[str]) -> dict[str, str | None]:
        if not addresses:
            return {}
        end = self._clock() + self._seconds if self._seconds is not None else float("inf")
        with ThreadPoolExecutor(min(AT_A_TIME, len(addresses)), thread_name_prefix="fetch") as pool:
            said = list(pool.map(lambda address: self._one(address, end), addresses))
        failed = Counter(str(one) for one in said if isinstance(one, NotFetched))
        with self._lock:
            self.counts["failed"] += sum(failed.values())
            self.counts["fetched"] += len(said) - sum(failed.values())
        for reason, count in failed.items():
            log.warning("texts behind addresses were not fetched; their tasks are passed over",
                        reason=reason, addresses=count)
        return {address: one if isinstance(one, str) else None for address, one in zip(addresses, said, strict=True)}

    def _one(self, address: str, end: float) -> str | NotFetched:
        """One text, or why it was not fetched; that is remembered for a while."""
        host = ""
        try:
            host = self._fetcher.hosts.whole(address).host
            if self._clock() > end:
                return NotFetched("there was no time left in this request", host)
            self._rested(address)
            self._rested(host)
            text = text_in(self._fetcher.get(address))
        except NotFetched as error:
            self._remember(address, host, error)
            return error.at(host)
        with self._lock:
            self._misses.pop(host, None)
        self._kept.put(address, text)
        return text

    def _rested(self, key: str) -> None:
        at, error = self._failed.get(key, (-float("inf"), None))
        if error is not None and self._clock() - at < REST_SECONDS:
            raise error.again()

    def _remember(self, address: str, host: str, error: NotFetched) -> None:
        if error.repeated:
            return
        with self._lock:
            if len(self._failed) > MOST_FAILURES:
                self._failed.clear()
                self._misses.clear()
            self._failed[address] = (self._clock(), error)
            self._misses[host] += error.silent
            if error.silent and self._misses[host] >= MISSES:
                self._failed[host] = (self._clock(), error)


def _data(task: Any) -> Any:
    return task.get("data") if isinstance(task, dict) else None


def _shown(control: Control, text: str | None) -> str | None:
    return plain(text) if text is not None and control.shows == "HyperText" else text
