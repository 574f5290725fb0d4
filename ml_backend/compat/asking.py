"""Asks an instance of a team's class about tasks, so that a failure costs only the tasks that it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cueloop import logs
from ml_backend.answering.proposal import Proposal
from ml_backend.compat.instance import Instance
from ml_backend.compat.problems import Problems
from ml_backend.compat.said import Unreadable, read
from ml_backend.compat.trouble import place

BATCH = 256
"""Tasks of one call of `predict`."""

log = logs.get(__name__)


def ask_all(
    instance: Instance, tasks: Sequence[Any], params: Mapping[str, Any], problems: Problems,
) -> list[list[Proposal]]:
    """Proposals of each task, by place; [] for what is no task, and for what the class has no readable answer to."""
    whole = [at for at, task in enumerate(tasks) if isinstance(task, Mapping) and isinstance(task.get("data"), Mapping)]
    found: list[list[Proposal]] = [[] for _ in tasks]
    for start in range(0, len(whole), BATCH):
        some = whole[start:start + BATCH]
        for at, said in zip(some, _batch(instance, [tasks[at] for at in some], params, problems), strict=True):
            found[at] = said
    return found


def _batch(
    instance: Instance, tasks: Sequence[Any], params: Mapping[str, Any], problems: Problems,
) -> list[list[Proposal]]:
    """One call; where it fails, or answers another number of tasks, one call for each."""
    try:
        found = read(instance.ask(tasks, params))
    except Exception as error:
        _note(error, instance, problems, len(tasks))
        found = None
    if found is not None and len(found) == len(tasks):
        return found
    if found == []:  # it has nothing to say about any of them, as without a context
        return [[] for _ in tasks]
    if found is not None:
        problems.note(f"predict gave {len(found)} answers to {len(tasks)} tasks" if len(tasks) == 1 else
                      "predict gave another number of answers than there were tasks; they are asked one by one")
        log.warning("class answered another number of tasks", asked=len(tasks), answered=len(found))
    if len(tasks) == 1:
        return [[]]
    return [said for task in tasks for said in _batch(instance, [task], params, problems)]


def _note(error: Exception, instance: Instance, problems: Problems, count: int) -> None:
    """Where and what kind, never the message: it may quote a task."""
    where = place(error, instance.author.file.parent) or place(error, instance.author.file.parent.parent)
    told = str(error) if isinstance(error, Unreadable) else type(error).__name__
    problems.note(f"predict failed: {where}{told}")
    log.warning("class failed", tasks=count, where=where.rstrip(": "), kind=type(error).__name__)
