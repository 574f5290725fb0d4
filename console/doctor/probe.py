"""Tries, on a project made for it, the undocumented behaviours of Label Studio that Cueloop rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from console.connect import backend, hook
from console.connect.site import Site
from console.doctor.finding import Finding, bad, doubtful, good
from cueloop.errors import CueloopError, LabelStudioError
from cueloop.label_studio import LabelStudio
from cueloop.settings import Settings
from cueloop.store import Store

TITLE = "Cueloop probe (can be deleted)"
CONFIG = ('<View><Text name="text" value="$text"/><Choices name="answer" toName="text">'
          '<Choice value="yes"/><Choice value="no"/></Choices></View>')
YES = [{"from_name": "answer", "to_name": "text", "type": "choices", "value": {"choices": ["yes"]}}]
QUEUE = "probe"
ADVICE = "This Label Studio differs from the versions that Cueloop knows: do not connect real projects to it yet."


class Surprise(Exception):
    """Raised when Label Studio does something else than Cueloop relies on."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """The project that is tried on: five tasks without annotations."""

    client: LabelStudio
    project: int
    tasks: list[int]

    def served(self) -> int | None:
        """The task that the probe's queue serves now."""
        from routing.showing.queues import next_task_body

        task = self.client.next_task(self.project, next_task_body(self.project, QUEUE))
        return None if task is None else int(task["id"])

    def queue(self, task: int, queue: str, priority: float, **fields: Any) -> None:
        """Put a task into queues."""
        self.client.patch_task(task, data={"text": "x", "cue_queue": queue, "cue_priority": priority}, **fields)

    def state(self, task: int) -> dict[str, Any]:
        """How a task stands."""
        return self.client.task_data(self.project, [task])[0]


def live_queue(on: Scratch) -> None:
    """A queue's filter and order are heeded, and a task that is moved leaves it at once."""
    first, second = on.tasks[:2]
    on.queue(first, f",{QUEUE},", 1)
    on.queue(second, f",other,{QUEUE},", 2.5)
    expect(on.served(), second, "served by priority")
    on.queue(second, ",other,", 2.5)
    expect(on.served(), first, "served after a task was moved away")


def never_twice(on: Scratch) -> None:
    """Nobody is served a task that they answered."""
    task = on.tasks[0]
    on.queue(task, f",{QUEUE},", 1, overlap=9)
    on.client.annotate(task, YES)
    expect(on.served(), None, "served to its own annotator")


def patch_replaces(on: Scratch) -> None:
    """PATCH of a task's data replaces all of it, and its reply shows the task as it is now."""
    reply = on.client.patch_task(on.tasks[2], data={"only": 1}, overlap=3, is_labeled=True)
    expect((reply["data"], reply["overlap"], reply["is_labeled"]), ({"only": 1}, 3, True), "the reply to a PATCH")
    expect(on.state(on.tasks[2])["updated_at"], reply["updated_at"], "`updated_at` after a PATCH")


def close_and_reopen(on: Scratch) -> None:
    """A task is closed and opened by `is_labeled`."""
    task = on.tasks[3]
    on.queue(task, f",{QUEUE},", 99, overlap=2, is_labeled=True)
    if on.served() == task:
        raise Surprise("a task that was closed is still served")
    on.queue(task, f",{QUEUE},", 99, overlap=3, is_labeled=False)
    expect(on.served(), task, "served after it was opened again")


def bulk_acceptance(on: Scratch) -> None:
    """Predictions become annotations in bulk, once, and close tasks of overlap 1."""
    one, many = on.tasks[3:5]
    on.client.patch_task(one, overlap=1, is_labeled=False)
    on.client.patch_task(many, overlap=2, is_labeled=False)
    on.client.import_predictions(on.project, [
        {"task": task, "result": YES, "score": 0.9, "model_version": "probe"} for task in (one, many)])
    expect(on.client.accept_predictions(on.project, [one, many], "probe"), 2, "accepted")
    expect(on.client.accept_predictions(on.project, [one, many], "probe"), 0, "accepted a second time")
    expect([on.state(task)["is_labeled"] for task in (one, many)], [True, False], "closed")


def dropped_predictions(on: Scratch) -> None:
    """A prediction that does not fit is not stored, and the count says so."""
    odd = [{**YES[0], "value": {"choices": ["perhaps"]}}]
    try:
        on.client.import_predictions(on.project, [
            {"task": on.tasks[0], "result": odd, "score": 0.9, "model_version": "odd"}])
    except LabelStudioError:
        return
    raise Surprise("a prediction with a label that is not in the config was stored")


def moments(on: Scratch) -> None:
    """An annotation bumps its task's `updated_at`, by which changes are found."""
    before = datetime.fromisoformat(on.client.changed_task_ids(on.project, datetime.fromisoformat(
        on.state(on.tasks[1])["updated_at"]))[-1][1])
    on.client.annotate(on.tasks[1], YES)
    changed = [number for number, _ in on.client.changed_task_ids(on.project, before + timedelta(microseconds=1))]
    expect(changed, [on.tasks[1]], "changed since the last change")


PROBES: tuple[Callable[[Scratch], None], ...] = (
    live_queue, never_twice, patch_replaces, close_and_reopen, bulk_acceptance, dropped_predictions, moments)


def probe(settings: Settings, store: Store, client: LabelStudio) -> list[Finding]:
    """Try everything on a fresh project and delete it again."""
    with scratch(client) as on:
        return [*(_try(attempt, on) for attempt in PROBES), *_addresses(Site(settings, store, client, on.project))]


@contextmanager
def scratch(client: LabelStudio) -> Iterator[Scratch]:
    """A project with five tasks, deleted at the end, however that comes."""
    project = int(client.create_project(title=TITLE, label_config=CONFIG)["id"])
    try:
        yield Scratch(client, project, client.import_tasks(project, [{"data": {"text": "x"}} for _ in range(5)]))
    finally:
        client.delete_project(project)


def expect(found: Any, wanted: Any, what: str) -> None:
    """Raise Surprise unless both are the same."""
    if found != wanted:
        raise Surprise(f"{what}: {found}, not {wanted}")


def _try(attempt: Callable[[Scratch], None], on: Scratch) -> Finding:
    name, does = f"probe {attempt.__name__.replace('_', ' ')}", (attempt.__doc__ or "").strip()
    try:
        attempt(on)
    except Surprise as surprise:
        return bad(name, f"{does} Not here: {surprise}.", ADVICE)
    except CueloopError as error:
        return bad(name, f"{does} Could not be tried: {error}", ADVICE)
    return good(name, does)


def _addresses(site: Site) -> list[Finding]:
    """Whether Label Studio may call the addresses of our webhook and backend."""
    found = []
    for name, module in (("webhook address", hook), ("backend address", backend)):
        for step in module.plan(site):
            try:
                step.act()
                found.append(good(f"probe {name}", f"Label Studio takes {step.target}."))
            except CueloopError as error:
                found.append(doubtful(f"probe {name}", str(error), step.otherwise))
    return found
