"""What the loop does with changes: steps that stand on their own, so that one that fails stops no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cueloop import logs
from cueloop.errors import LabelStudioUnreachable
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, projects

Step = Callable[[Store, LabelStudio, int, frozenset[int]], None]
"""Works on the tasks (keys) of a project that changed. It must be safe to repeat."""

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds until something that failed is tried again: doubled each time, up to a minute."""
log = logs.get(__name__)


@dataclass
class Backoff:
    """When to try again something that keeps failing."""

    failures: int = 0
    until: float = 0.0

    def ready(self) -> bool:
        """Whether it is time to try."""
        return time.monotonic() >= self.until

    def failed(self) -> float:
        """Note a failure; the seconds to wait."""
        wait = min(FIRST_WAIT * 2.0 ** min(self.failures, 30), LONGEST_WAIT)
        self.failures += 1
        self.until = time.monotonic() + wait
        return wait

    def succeeded(self) -> bool:
        """Note a success; True when failures came before it."""
        recovered, self.failures, self.until = self.failures > 0, 0, 0.0
        return recovered


@dataclass
class StepState:
    """How far one step is for one project."""

    backoff: Backoff = field(default_factory=Backoff)
    seen: set[int] = field(default_factory=set)
    """Marks of the changes that it saw and that other steps have not all seen yet."""


class Steps:
    """Runs the steps of one project on what changed, also on what an earlier process left undone."""

    def __init__(self, store: Store, client: LabelStudio, project_id: int, steps: Sequence[Step]):
        self._store, self._client, self._project = store, client, project_id
        self._steps = [(step, StepState()) for step in steps]
        self.seconds: dict[str, float] = {}
        """How long each step took at its last run."""

    def run(self) -> dict[str, str]:
        """Run every step whose time it is; {step: "done", "waiting" or the error's one sentence}.

        A change is forgotten when all steps have seen it: until then it is kept in the store.
        """
        with self._store.read() as conn:
            pending = projects.pending_changes(conn, self._project)
        said = {name(step): self._run(step, state, pending) for step, state in self._steps}
        done = set(pending).intersection(*(state.seen for _, state in self._steps))
        if done:
            with self._store.write() as conn:
                projects.forget_changes(conn, done)
            for _, state in self._steps:
                state.seen -= done      # SQLite gives the marks of forgotten changes to the next ones
        return said

    def _run(self, step: Step, state: StepState, pending: dict[int, int]) -> str:
        state.seen &= pending.keys()
        if not state.backoff.ready():
            return "waiting"
        changed = frozenset(task for mark, task in pending.items() if mark not in state.seen)
        began = time.monotonic()
        try:
            step(self._store, self._client, self._project, changed)
        except LabelStudioUnreachable:
            raise           # not the step's fault: the loop waits for Label Studio
        except Exception as error:
            wait = state.backoff.failed()
            log.error("step failed", step=name(step), project=self._project, error=f"{type(error).__name__}: {error}",
                      retry_in=wait, exc_info=state.backoff.failures == 1)
            return f"{type(error).__name__}: {error}"
        self.seconds[name(step)] = round(time.monotonic() - began, 3)
        if state.backoff.succeeded():
            log.info("step works again", step=name(step), project=self._project)
        state.seen |= pending.keys()
        return "done"


def name(step: Step) -> str:
    """How a step is called in logs: its module and function."""
    return f"{step.__module__}.{getattr(step, '__name__', type(step).__name__)}"
