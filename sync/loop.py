"""The sync loop: for each connected project pull, then the steps, for as long as it may run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cueloop import logs
from cueloop.errors import CueloopError, LabelStudioUnreachable
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store, projects
from cueloop.store.projects import Project
from sync import follow
from sync.fetch import Pulled
from sync.hints import Hints
from sync.pace import Pause
from sync.pull import OVERLAP_SECONDS, pull
from sync.steps import Backoff, Step, Steps
from sync.sweep import sweep, sweeping

SETTLE_SECONDS = 0.1
"""Rest after a hint: Label Studio sends it from inside the request that it tells of, and more often follow."""
WIDE_SECONDS = 120.0
"""How far the first pull of every minute looks back, for what took Label Studio long to commit. With it the label
config is looked at."""
WIDE_EVERY = 60.0
PULL_SECONDS = 15.0
"""A pull that has more to fetch makes way for the steps and for other projects after so long."""
SWEEP_SHARE = 30
"""A sweep rests at least so many times as long as it took: it is to be 3 % of Label Studio's work at most."""
log = logs.get(__name__)


class Stopped(Exception):
    """Raised inside a pause when the loop is to end."""


@dataclass
class State:
    """What the loop remembers of one project; all of it may be lost."""

    steps: Steps
    backoff: Backoff = field(default_factory=Backoff)
    wide_at: float = 0.0
    sweep_at: float = 0.0
    sweep: Iterator[Pulled] | None = None
    """A sweep under way: one page a round, so that it holds up no pull."""
    swept_seconds: float = 0.0


def run(settings: Settings, store: Store, client: LabelStudio, *, steps: Sequence[Step], stop: threading.Event,
        hints: Hints | None = None) -> None:
    """Work until `stop` is set, looking at least every `settings.sync_seconds`, and at once on a hint.

    A project that fails is left alone for a while and stops no other; so does a step of it. When Label Studio is
    away, that is logged once and tried again ever more rarely, at least every minute.
    """
    hints = hints or Hints()
    states: dict[int, State] = {}
    while not stop.is_set():
        said = round_(settings, store, client, steps=steps, states=states, stop=stop)
        if not all(what.get("complete", True) for what in said.values()):
            hints.hint()
        if hints.wait(settings.sync_seconds, stop):
            stop.wait(SETTLE_SECONDS)
            for state in states.values():   # whoever calls us is not away
                state.backoff.until = 0.0


def once(settings: Settings, store: Store, client: LabelStudio, *, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """One round to the end for every connected project: all pulled, all swept, every step run; what happened."""
    with store.read() as conn:
        live = projects.live(conn)
    said = []
    for project in live:
        began = time.monotonic()
        try:
            found = pull(store, client, project.id, overlap=WIDE_SECONDS) + sweep(store, client, project.id)
            steps_said = Steps(store, client, project.id, steps).run()
        except CueloopError as error:
            said.append({"project": project.id, "error": str(error)})
        else:
            said.append({"project": project.id, **_tell(found, began), "steps": steps_said})
    return said


def round_(settings: Settings, store: Store, client: LabelStudio, *, steps: Sequence[Step],
           states: dict[int, State], stop: threading.Event) -> dict[int, dict[str, Any]]:
    """One look at every connected project; {project id: what happened}, for people to read."""
    said: dict[int, dict[str, Any]] = {}
    with store.read() as conn:
        live = projects.live(conn)
    for project in live:
        state = states.setdefault(project.id, State(Steps(store, client, project.id, steps)))
        if stop.is_set() or not state.backoff.ready():
            continue
        try:
            said[project.id] = _look(settings, store, client, project, state, stop)
        except Stopped:
            break
        except Exception as error:  # noqa: BLE001  one project's fault must not stop the others
            state.sweep = None
            said[project.id] = {"error": str(error)}
            _failed(project, state, error)
        else:
            if state.backoff.succeeded():
                log.info("pulling again", project=project.id)
    return said


def _look(settings: Settings, store: Store, client: LabelStudio, project: Project, state: State,
          stop: threading.Event) -> dict[str, Any]:
    """Pull, sweep when it is due, run the steps; what happened."""
    def rest(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped

    began = time.monotonic()
    wide = began >= state.wide_at
    found = pull(store, client, project.id, pause=rest, seconds=PULL_SECONDS,
                 overlap=WIDE_SECONDS if wide else OVERLAP_SECONDS)
    if wide:
        found += Pulled(changed=follow.project(store, client, project.id))
        state.wide_at = began + WIDE_EVERY
    if found.complete:
        found += _sweep_on(settings, store, client, project, state, rest)
    told = _tell(found, began)
    steps = state.steps.run()
    if found != Pulled():
        log.info("pulled", project=project.id, **told, steps=state.steps.seconds)
    return {**told, "complete": found.complete, "steps": steps}


def _tell(found: Pulled, began: float) -> dict[str, Any]:
    """What was found since `began`, as numbers."""
    return {"changed": len(found.changed), "tasks": found.tasks, "annotations": found.annotations,
            "deleted_tasks": found.deleted_tasks, "deleted_annotations": found.deleted_annotations,
            "seconds": round(time.monotonic() - began, 3)}


def _sweep_on(settings: Settings, store: Store, client: LabelStudio, project: Project, state: State,
              rest: Pause) -> Pulled:
    """The next page of the sweep under way, or of a new one when it is due."""
    began = time.monotonic()
    if state.sweep is None:
        if began < state.sweep_at:
            return Pulled()
        state.sweep, state.swept_seconds = sweeping(store, client, project.id, rest), 0.0
    found = next(state.sweep, None)
    state.swept_seconds += time.monotonic() - began
    if found is None:
        state.sweep = None
        state.sweep_at = time.monotonic() + max(settings.sweep_seconds, SWEEP_SHARE * state.swept_seconds)
    return found or Pulled()


def _failed(project: Project, state: State, error: Exception) -> None:
    """Log the first failure of a row, with its traceback when nobody foresaw it, and wait."""
    first = state.backoff.failures == 0
    wait = state.backoff.failed()
    if not first:
        return
    away = isinstance(error, LabelStudioUnreachable)
    log.error("Label Studio does not answer" if away else "pull failed", project=project.id, retry_in=wait,
              error=f"{type(error).__name__}: {error}", exc_info=not isinstance(error, CueloopError))
