"""Whether what was pushed stands in Label Studio: first by its count, and where that differs task by task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cueloop import logs
from cueloop.errors import NotFound
from cueloop.store import Store, predictions, projects, tasks
from cueloop.store.predictions import ALTERNATIVE

if TYPE_CHECKING:
    from cueloop.label_studio import LabelStudio

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look showed, after what differed was put right in the store."""

    expected: int
    """Tasks that carry the version's prediction, as the store has it."""
    found: int
    """As Label Studio counts them."""
    absent: int
    """Tasks that were thought to carry one, still exist, and are to be pushed again."""


def verify(
    store: Store, client: LabelStudio, project_id: int, name: str, version: str, doubtful: Sequence[int],
) -> Verified:
    """Compare with Label Studio's count, and put the store right where it differs.

    `doubtful`: Label Studio ids of tasks that may have been pushed twice, because a process died while Label Studio
    was busy with them: what they have too much is deleted.
    """
    expected, found = _counts(store, client, project_id, name, version)
    if found > expected and doubtful:
        _single(client, project_id, version, doubtful)
        expected, found = _counts(store, client, project_id, name, version)
    if found == expected:
        return Verified(expected, found, 0)
    there = client.ids_with_prediction(project_id, version)
    with store.read() as conn:
        believed = predictions.standing(conn, project_id, name, version)
    lacking = sorted(believed.keys() - there)
    alive = {row["id"] for row in client.task_data(project_id, lacking)}
    with store.write() as conn:
        predictions.mark_absent(conn, name, version, [believed[number] for number in lacking])
        more = [task.key for task in tasks.by_ids(conn, project_id, sorted(there - believed.keys())).values()]
        predictions.mark_pushed(conn, name, version, more)      # blind ones among them are cleared by the router
        projects.note_changes(conn, project_id, set(more))
    log.info("what stands in Label Studio differed from what was noted", project=project_id, version=version,
             expected=expected, found=found, absent=len(alive), deleted=len(lacking) - len(alive), unknown=len(more))
    return Verified(len(there), len(there), len(alive))


def _counts(store: Store, client: LabelStudio, project_id: int, name: str, version: str) -> tuple[int, int]:
    with store.read() as conn:
        expected = predictions.pushed(conn, project_id, name, version)
    return expected, client.model_versions(project_id).get(version, 0)


def _single(client: LabelStudio, project_id: int, version: str, ids: Sequence[int]) -> None:
    """Leave these tasks one prediction of the version and one alternative, the oldest."""
    for number in ids:
        seen: set[str] = set()
        for row in sorted(client.predictions(project_id, number), key=lambda row: int(row["id"])):
            which = str(row["model_version"])
            if which in seen and which in {version, version + ALTERNATIVE}:
                try:
                    client.delete_prediction(int(row["id"]))
                except NotFound:
                    log.info("prediction was gone already", prediction=row["id"])
            seen.add(which)
