"""Concurrent requests of few tasks are answered as one batch, and few predictions run at a time.

Whoever comes first leads and answers at once: nobody ever waits for others to come. Those who come while a prediction
runs wait, and the next batch is the one that waited longest with all that go with it. So an idle server answers as
fast as ever and a busy one pays the price of a prediction once for many. Threads that only wait need no processor,
which leaves it to `/health` and to whatever else is asked meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cueloop.errors import CueloopError
from cueloop.types import Control
from ml_backend.answering.proposal import Proposal
from ml_backend.registry import Loaded

if TYPE_CHECKING:
    from ml_backend.protocol import Asked

TOGETHER = 256
"""Most tasks of a batch that is put together. A request of more is a batch of its own."""
AT_ONCE = 1
"""Predictions of our own models at a time in one process: they hold Python's lock, more at a time only disturb."""

OTHERS_AT_ONCE = 8
"""Predictions of a team's own class at a time: it may ask a service far away, which takes time and no processor.
As many as label-studio-ml's own server has threads."""


class Busy(CueloopError):
    """Raised when so many requests wait already that one more would leave no thread for anything else."""


@dataclass(slots=True, eq=False)
class _Request:
    """One request's part of a batch."""

    loaded: Loaded
    asked: Asked
    controls: tuple[Control, ...]
    at: Sequence[int]
    batch: list[_Request] | None = None
    """Set when it is this request's turn to answer these, itself among them."""
    found: list[list[Proposal]] | None = None
    error: Exception | None = None
    turn: threading.Event = field(default_factory=threading.Event)

    def goes_with(self, other: _Request) -> bool:
        """Whether both may be answered by one prediction: they ask the same of the same version."""
        try:
            return (self.loaded is other.loaded and self.controls == other.controls
                    and replace(self.asked, tasks=()) == replace(other.asked, tasks=()))
        except RecursionError:  # contexts that can just be read are nested too deeply to compare
            return False


class Gather:
    """Thread-safe. One for each process."""

    def __init__(self, *, at_once: int = AT_ONCE, together: int = TOGETHER, most: int = 1_000_000,
                 answered: Callable[[int, int], None] = lambda requests, tasks: None,
                 waits: Callable[[int], None] = lambda change: None) -> None:
        """`most` requests may run and wait; `answered` is told the size of each batch, `waits` who comes and goes."""
        self._at_once, self._together, self._most = at_once, together, most
        self._answered, self._waits = answered, waits
        self._lock = threading.Lock()
        self._waiting: deque[_Request] = deque()
        self._running = 0

    def propose(self, loaded: Loaded, asked: Asked, controls: Sequence[Control],
                at: Sequence[int]) -> list[list[Proposal]]:
        """See `Answering.propose`. Raises what the model raises for these tasks, and Busy."""
        own = _Request(loaded, asked, tuple(controls), at)
        with self._lock:
            if self._running + len(self._waiting) >= self._most:
                raise Busy(f"{self._most} predictions run or wait in this process. Ask again in a second.")
            leads = self._running < self._at_once
            if leads:
                self._running += 1
                own.batch = [own]
            else:
                self._waiting.append(own)
        if not leads:
            self._waits(1)
            own.turn.wait()
            self._waits(-1)
        if own.batch is not None:
            try:
                self._answer(own.batch)
            finally:
                own.batch = None  # it holds `own`: in such a circle all texts and answers stay until Python looks
                self._pass_on()
        if own.error is not None:
            error, own.error = own.error, None
            try:
                raise error
            finally:
                del error  # its traceback holds this frame and `own`: the same circle
        assert own.found is not None
        return own.found

    def _pass_on(self) -> None:
        """Let the one that waited longest lead the next batch."""
        with self._lock:
            if not self._waiting:
                self._running -= 1
                return
            leader = self._waiting.popleft()
            leader.batch, left, room = [leader], deque[_Request](), self._together - len(leader.at)
            for one in self._waiting:
                if len(one.at) <= room and leader.goes_with(one):
                    leader.batch.append(one)
                    room -= len(one.at)
                else:
                    left.append(one)
            self._waiting = left
        leader.turn.set()

    def _answer(self, batch: list[_Request]) -> None:
        """Answer all of a batch, together or, when that fails, one by one: nobody suffers for another's input."""
        try:
            if len(batch) == 1:
                _alone(batch[0])
                return
            first = batch[0]
            tasks = tuple(one.asked.tasks[place] for one in batch for place in one.at)
            try:
                found = first.loaded.answering.propose(replace(first.asked, tasks=tasks), first.controls,
                                                       range(len(tasks)))
                if len(found) != len(tasks):
                    raise ValueError(f"{len(found)} answers to {len(tasks)} tasks")
            except Exception:  # noqa: BLE001  whose it is shows when each is asked alone; that one is told
                for one in batch:
                    _alone(one)
                return
            start = 0
            for one in batch:
                one.found = found[start:start + len(one.at)]
                start += len(one.at)
        finally:
            for one in batch[1:]:
                one.turn.set()
            self._answered(len(batch), sum(len(one.at) for one in batch))


class Gathering:
    """All predictions of a process: those of our own models are gathered, those of others are asked as they come."""

    def __init__(self, *, most: int = 1_000_000,
                 answered: Callable[[int, int], None] = lambda requests, tasks: None,
                 waits: Callable[[int], None] = lambda change: None) -> None:
        """As for `Gather`."""
        self._ours = Gather(most=most, answered=answered, waits=waits)
        self._others = Gather(at_once=OTHERS_AT_ONCE, together=0, most=most, answered=answered, waits=waits)

    def propose(self, loaded: Loaded, asked: Asked, controls: Sequence[Control],
                at: Sequence[int]) -> list[list[Proposal]]:
        """See `Gather.propose`."""
        return (self._ours if loaded.other is None else self._others).propose(loaded, asked, controls, at)


def _alone(one: _Request) -> None:
    try:
        one.found = one.loaded.answering.propose(one.asked, one.controls, one.at)
    except Exception as error:  # noqa: BLE001  raised again in the thread of its own request
        one.error = error
