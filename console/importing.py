"""Puts tasks into a connected project, with the first queues riding in the import instead of a PATCH a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cueloop.errors import CueloopError, LabelStudioError
from cueloop.label_studio import LabelStudio
from cueloop.store import Store, annotators, projects

BATCH = 500


def put(store: Store, client: LabelStudio, project_id: int, tasks: Sequence[dict[str, Any]], *,
        progress: Callable[[int], None] = lambda _: None) -> list[int]:
    """Import tasks in batches; their ids in Label Studio, in order.

    Raises LabelStudioError that says how many are in when it stops half-way: nothing is imported twice by itself.
    """
    ready = [task | {"data": task["data"] | cue}
             for task, cue in zip(tasks, first_queues(store, project_id, len(tasks)), strict=True)]
    made: list[int] = []
    for start in range(0, len(ready), BATCH):
        try:
            made += client.import_tasks(project_id, ready[start:start + BATCH])
        except CueloopError as error:
            raise LabelStudioError(f"{error} The first {len(made)} of {len(ready)} tasks are in; look in Label Studio "
                                   f"whether more are, and go on with --skip {len(made)}.") from None
        progress(len(made))
    return made


def first_queues(store: Store, project_id: int, count: int) -> list[dict[str, Any]]:
    """Our keys for so many new tasks. A pilot, and a project without people, gets none: the router asks later."""
    from routing.showing.queues import initial_cue

    with store.read() as conn:
        mode = projects.get(conn, project_id).mode
        queues = [person.queue for person in annotators.people(conn)]
    if mode != "connected" or not queues:
        return [{} for _ in range(count)]
    return initial_cue(count, queues)
