"""Asks an instance of a team's class about tasks, so that a failure costs only the tasks that it is about."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cueloop import logs
from ml_backend.answering.proposal import Proposal
from ml_backend.compat.instance import Instance
from ml_backend.compat.problems import Problems
from ml_backend.compat.said import Unreadable, read
from ml_backend.compat.trouble import place

BATCH = 256
"""Tasks of one call of `predict`."""

PATIENCE_SECONDS = 30.0
"""How long after a failure the tasks of a request are asked about one by one. Label Studio waits 100 seconds."""

log = logs.get(__name__)


def ask_all(
    instance: Instance, tasks: Sequence[Any], params: Mapping[str, Any], problems: Problems,
) -> list[list[Proposal]]:
    """Proposals of each task, by place; [] for what is no task, and for what the class has no readable answer to."""
    whole = [at for at, task in enumerate(tasks) if isinstance(task, dict) and isinstance(task.get("data"), dict)]
    found: list[list[Proposal]] = [[] for _ in tasks]
    attempt = _Attempt(instance, params, problems)
    for start in range(0, len(whole), BATCH):
        some = whole[start:start + BATCH]
        for at, said in zip(some, attempt.batch([tasks[at] for at in some]), strict=True):
            found[at] = said
    if attempt.faults:
        log.warning("class failed", tasks=len(whole),
                    faults=[f"{fault} ({count})" for fault, count in attempt.faults.most_common(5)])
    return found


@dataclass(slots=True)
class _Attempt:
    """The calls for one request."""

    instance: Instance
    params: Mapping[str, Any]
    problems: Problems
    until: float = math.inf
    faults: Counter[str] = field(default_factory=Counter)

    def batch(self, tasks: Sequence[Any]) -> list[list[Proposal]]:
        """One call; where it fails, or answers another number of tasks, one call for each."""
        found = self._call(tasks)
        if found is not None and len(found) == len(tasks):
            return found
        if found == []:  # it has nothing to say about any of them, as without a context
            return [[] for _ in tasks]
        if found is not None:
            self._note("predict gave another number of answers than there were tasks")
        if len(tasks) == 1:
            return [[]]
        self.until = min(self.until, time.monotonic() + PATIENCE_SECONDS)
        return [self.batch([task])[0] if time.monotonic() < self.until else [] for task in tasks]

    def _call(self, tasks: Sequence[Any]) -> list[list[Proposal]] | None:
        try:
            returned = self.instance.ask(tasks, self.params)
            if returned is None:  # taken for "nothing to say", but more often a `return` was forgotten
                self._note("predict returned None, not a list of predictions")
            return read(returned)
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a team's code raises costs those tasks only
            # Where and what kind, never the message: it may quote a task.
            told = str(error) if isinstance(error, Unreadable) else type(error).__name__
            self._note(f"predict failed: {place(error, self.instance.author.file.parent)}{told}")
            return None

    def _note(self, fault: str) -> None:
        self.faults[fault] += 1
        self.problems.note(fault)
