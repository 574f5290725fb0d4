"""Replays recorded answers through Label Studio's own API, each as the annotator who gives it.

A few people work at a time. Each asks for the next task exactly as their queue link would, looks at what Label
Studio serves, and submits the recorded answer as themselves, the way the label stream does: with the time it
took and the suggestion it started from. Who has nothing to do gives up the seat and comes back later.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from console.demo.people import Person
from console.demo.ratings import Ratings
from cueloop.errors import DataError, PartFailed
from cueloop.label_config import answer, to_result
from cueloop.types import Control

TURN = 8
"""Answers that somebody gives before the next person takes the seat."""
PAUSES = (0.2, 0.4, 0.8, 1.6)
"""Seconds before a seat asks again, the more often in a row its people had nothing to do."""
PATIENCE = 120.0
"""Seconds without any answer after which the replay is taken for stuck."""


@dataclass(frozen=True, slots=True)
class Served:
    """One answer of the replay: what was served to whom, with which suggestion, and what they said."""

    task: int
    """Index of the sentence."""
    annotator: int
    label: str
    suggestion: str | None
    version: str | None
    lead_time: float
    """Seconds between serving and submitting; machine time here, no person's."""
    asked_for: float
    """Seconds that Label Studio took to find the next task."""


@dataclass
class Replay:
    """The room of annotators. `tasks` maps Label Studio's ids to indices of sentences.

    `finished` is asked when somebody has nothing to do: True ends the replay.
    """

    project_id: int
    control: Control
    ratings: Ratings
    tasks: Mapping[int, int]
    budget: int
    finished: Callable[[int], bool]
    on_answer: Callable[[Served], None] = lambda _: None
    log: list[Served] = field(default_factory=list)
    _left: int = field(init=False)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is used up yet."""
        self._left = self.budget
        self._last = time.monotonic()

    def run(self, people: Sequence[Person], seats: int = 5) -> list[Served]:
        """Let `people` work, `seats` at a time, until the router has no more work or the budget is used."""
        waiting: queue.SimpleQueue[Person] = queue.SimpleQueue()
        for person in people:
            waiting.put(person)
        self._last = time.monotonic()
        with ThreadPoolExecutor(max_workers=seats, thread_name_prefix="seat") as pool:
            try:
                done, _ = wait([pool.submit(self._seat, waiting) for _ in range(min(seats, len(people)))])
            finally:
                self._stop.set()
        for seat in done:
            seat.result()
        return self.log

    def _seat(self, waiting: queue.SimpleQueue[Person]) -> None:
        try:
            idle = 0
            while not self._stop.is_set():
                person = waiting.get()
                worked = self._turn(person)
                waiting.put(person)
                idle = 0 if worked else idle + 1
                if idle and not self._stop.is_set():
                    self._idle(PAUSES[min(idle, len(PAUSES)) - 1])
        finally:
            self._stop.set()

    def _turn(self, person: Person) -> bool:
        """Some tasks in a row by one person; False when there was none."""
        for done in range(TURN):
            if self._stop.is_set():
                return True
            if not self._reserve():
                return done > 0
            served = self._one(person)
            if served is None:
                return done > 0
            with self._lock:
                self.log.append(served)
                self._last = time.monotonic()
                if len(self.log) >= self.budget:
                    self._stop.set()
            self.on_answer(served)
        return True

    def _reserve(self) -> bool:
        """Whether an answer of the budget is left; who finds no task for theirs gives it back."""
        with self._lock:
            if self._left == 0:
                return False
            self._left -= 1
            return True

    def _one(self, person: Person) -> Served | None:
        began = time.monotonic()
        task = person.client.next_task(self.project_id, person.body)
        if task is None:
            with self._lock:
                self._left += 1
            return None
        served, started_at = time.monotonic(), datetime.now(UTC)
        index = self._index(task)
        label = self.ratings.label(index, person.annotator)
        prediction = shown(task)
        lead_time = time.monotonic() - served
        submit(person, self.control, task, label, prediction, lead_time, started_at)
        return Served(index, person.annotator, label,
                      answer(self.control, prediction["result"]) if prediction else None,
                      prediction.get("model_version") if prediction else None,
                      lead_time=lead_time, asked_for=served - began)

    def _index(self, task: Mapping[str, Any]) -> int:
        index = self.tasks.get(int(task["id"]))
        if index is None or task["data"].get("text") != self.ratings.texts[index]:
            raise DataError(f"Task {task['id']} of project {self.project_id}: not one of the demo's sentences. "
                            "Nobody else may add tasks to the demo's project while it runs.")
        return index

    def _idle(self, pause: float) -> None:
        if self.finished(len(self.log)):
            self._stop.set()
        elif time.monotonic() - self._last > PATIENCE:
            raise PartFailed(f"Replay: nobody was served a task for {PATIENCE:.0f} s though work is left. "
                             "Look into the logs of sync and worker in the home folder.")
        else:
            self._stop.wait(pause)


def shown(task: Mapping[str, Any]) -> dict[str, Any] | None:
    """The prediction that the label stream applies to a served task: the newest of those it was given."""
    predictions = task.get("predictions") or []
    return max(predictions, key=lambda p: p["id"], default=None)


def submit(person: Person, control: Control, task: Mapping[str, Any], label: str,
           prediction: Mapping[str, Any] | None, lead_time: float, started_at: datetime) -> dict[str, Any]:
    """Submit an answer as the front end does: what it kept of a suggestion says so, what it changed too."""
    suggested = answer(control, prediction["result"]) if prediction else None
    kept = prediction is not None and suggested == label
    if prediction is not None and kept:
        result = [{**item, "origin": "prediction"} for item in prediction["result"]]
    else:
        origin = "manual" if suggested is None else "prediction-changed"
        result = [{**item, "origin": origin} for item in to_result(control, label)]
    return person.client.annotate(int(task["id"]), result, lead_time=lead_time, draft_id=0,
                                  parent_prediction=prediction["id"] if prediction else None,
                                  parent_annotation=None, started_at=started_at.isoformat())
