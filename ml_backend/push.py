"""Pushes predictions to Label Studio in bulk, under a static version string, so that no annotator waits for a model.

Before a batch is sent, the store notes that it is; a push that died half-way asks Label Studio about exactly
those tasks before it sends them again. So nothing is pushed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cueloop import logs
from cueloop.errors import LabelStudioError, LabelStudioRefused, LabelStudioUnreachable
from cueloop.label_config import parse
from cueloop.store import Store, models, predictions, projects
from cueloop.store.predictions import ALTERNATIVE, Prediction, Waiting
from cueloop.types import Control
from ml_backend.answering.alternatives import Said, answers
from ml_backend.elsewhere.marked import items

if TYPE_CHECKING:
    from cueloop.label_studio import LabelStudio

BATCH = 250
"""Tasks a call."""

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did."""

    tasks: int
    found: int
    """Were there already, from a push that had died."""
    refused: tuple[int, ...]
    """Label Studio ids of tasks whose predictions it did not take, e.g. because they were deleted."""


def push(
    store: Store, client: LabelStudio, project_id: int, name: str, version: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Pushed:
    """Push what is not there yet: tasks that are predicted, not blind and not finished; then show this version.

    Raises LabelStudioUnreachable or LabelStudioRefused; calling again goes on where it stopped.
    """
    with store.read() as conn:
        controls = {c.name: c for c in parse(projects.get(conn, project_id).label_config).judged}
        todo = predictions.waiting(conn, project_id, name, version)
    count, found, refused = 0, 0, []
    for start in range(0, len(todo), BATCH):
        batch = todo[start:start + BATCH]
        there = _there(client, project_id, version, [w for w in batch if w.sent])
        sent = _send(store, client, project_id, name, version, controls, batch, there)
        refused += [w.id for w in batch if w.task not in sent]
        count, found = count + len(sent), found + sum(shown == version for _, shown in there)
        progress(start + len(batch), len(todo))
    _show(store, client, project_id, name, version)
    if refused:
        log.warning("predictions were not taken", project=project_id, version=version, tasks=refused[:20],
                    count=len(refused))
    return Pushed(count - found, found, tuple(refused))


def rows_of(
    task_id: int, said: Sequence[Prediction], controls: dict[str, Control], version: str,
) -> list[dict[str, Any]]:
    """What Label Studio is given for one task: the model's answer, and the likeliest other one if there is one."""
    given = [Said(controls[p.control], p.label, p.score, _second(p), marked=items(p.value) if p.value is not None
                  else None) for p in said if p.control in controls]
    return [{"task": task_id, "result": result, "score": score, "model_version": version + suffix}
            for (result, score), suffix in zip(answers(given), ("", ALTERNATIVE), strict=False)]


def _second(said: Prediction) -> tuple[str, float] | None:
    """The likeliest other label; None where several are as likely, as where a pipeline told no more than a label."""
    others = sorted(((chance, label) for label, chance in said.probabilities.items() if label != said.label),
                    reverse=True)
    if not others or (len(others) > 1 and others[0][0] == others[1][0]):
        return None
    return others[0][1], others[0][0]


def _send(
    store: Store, client: LabelStudio, project_id: int, name: str, version: str, controls: dict[str, Control],
    batch: Sequence[Waiting], there: frozenset[tuple[int, str]],
) -> set[int]:
    """Send a batch but for what is there. Returns the keys of tasks that are known to have their prediction."""
    with store.write() as conn:
        keys = set(predictions.mark_sent(conn, name, version, [w.task for w in batch]))
        said = predictions.of_tasks(conn, name, version, sorted(keys))
    batch = [w for w in batch if w.task in keys]
    rows = [row for w in batch for row in rows_of(w.id, said.get(w.task, []), controls, version)]
    try:
        client.import_predictions(project_id, _lacking(rows, there))
    except (LabelStudioUnreachable, LabelStudioRefused):
        raise
    except LabelStudioError:  # it refuses all for one task that was deleted, or drops some without saying which
        arrived = _save_what_fits(client, project_id, version, batch, rows)
        keys = {w.task for w in batch if (w.id, version) in arrived}
    with store.write() as conn:
        predictions.mark_pushed(conn, name, version, keys)
        projects.note_changes(conn, project_id, keys)  # what stands in Label Studio can be accepted now
    return keys


def _save_what_fits(
    client: LabelStudio, project_id: int, version: str, batch: Sequence[Waiting], rows: list[dict[str, Any]],
) -> frozenset[tuple[int, str]]:
    """After a refusal, send again what is not there, without tasks that are gone. Returns what is there then."""
    alive = {row["id"] for row in client.task_data(project_id, [w.id for w in batch])}
    rest = [w for w in batch if w.id in alive]
    there = _there(client, project_id, version, rest)
    try:
        client.import_predictions(project_id, [row for row in _lacking(rows, there) if row["task"] in alive])
    except (LabelStudioUnreachable, LabelStudioRefused):
        raise
    except LabelStudioError as error:
        log.warning("predictions were dropped", project=project_id, version=version, error=str(error))
    return _there(client, project_id, version, rest)


def _lacking(rows: list[dict[str, Any]], there: frozenset[tuple[int, str]]) -> list[dict[str, Any]]:
    return [row for row in rows if (row["task"], row["model_version"]) not in there]


def _there(client: LabelStudio, project_id: int, version: str, asked: Sequence[Waiting]) -> frozenset[tuple[int, str]]:
    """(Label Studio id, version string) of the predictions that Label Studio has of these tasks."""
    if not asked or not client.model_versions(project_id).get(version):
        return frozenset()
    return frozenset((w.id, str(row["model_version"])) for w in asked for row in client.predictions(project_id, w.id)
                     if row["model_version"] in {version, version + ALTERNATIVE})


def _show(store: Store, client: LabelStudio, project_id: int, name: str, version: str) -> None:
    """Have Label Studio serve this version, if it is the champion and some of it is there (else it answers 400)."""
    with store.read() as conn:
        current = models.aliases_of(conn, name).get("champion") == version
        some = predictions.pushed(conn, project_id, name, version) > 0
    if current and some and client.project(project_id).get("model_version") != version:
        client.patch_project(project_id, model_version=version)
