"""Pushes predictions to Label Studio in bulk, under a static version string, so that no annotator waits for a model.

Before a batch is sent, the store notes that it is; a push that died half-way asks Label Studio about exactly
those tasks before it sends them again. So nothing is pushed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from cueloop import logs
from cueloop.errors import LabelStudioError, LabelStudioRefused, LabelStudioUnreachable
from cueloop.label_config import parse
from cueloop.store import Store, predictions, projects
from cueloop.store.predictions import ALTERNATIVE, Prediction, Waiting
from cueloop.store.schema import tasks
from cueloop.types import Control
from ml_backend.answering.alternatives import Said, answers
from ml_backend.elsewhere.marked import items

if TYPE_CHECKING:
    from cueloop.label_studio import LabelStudio

There = frozenset[tuple[int, str]]
"""(Label Studio id of a task, version string) of predictions that are there."""
BATCH, LARGEST = 250, 1_000
"""Tasks a call. Label Studio counts all tasks of the project anew with each: large projects get larger ones."""
SHARE = 0.02
"""Share of the project's tasks in one call, between these two."""
GONE = "the task was deleted in Label Studio"
UNFIT = "Label Studio did not take it: its result does not fit the label config there"

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did."""

    tasks: int
    found: int
    """Were there already, from a push that had died."""
    refused: Mapping[int, str]
    """{Label Studio id of a task whose prediction it did not take: why}."""
    stopped: bool = False
    """`going` said so."""


def push(
    store: Store, client: LabelStudio, project_id: int, name: str, version: str,
    progress: Callable[[int, int], None] = lambda done, total: None,
    going: Callable[[sa.Connection], bool] = lambda conn: True, todo: Sequence[Waiting] | None = None,
) -> Pushed:
    """Push what is not there yet: tasks that are predicted, not blind and not finished, soonest needed first.

    `going` is asked in the transaction before each batch whether to go on; `todo`: what waits, if it is known.
    Raises LabelStudioUnreachable or LabelStudioRefused; calling again goes on where it stopped.
    """
    with store.read() as conn:
        controls = {c.name: c for c in parse(projects.get(conn, project_id).label_config).judged}
        todo = predictions.waiting(conn, project_id, name, version) if todo is None else todo
        count = conn.scalar(sa.select(sa.func.count()).select_from(tasks).where(tasks.c.project_id == project_id)) or 0
    size = min(LARGEST, max(BATCH, int(SHARE * count)))
    sender = _Sender(store, client, project_id, name, version, controls)
    count, found, refused = 0, 0, dict[int, str]()
    for start in range(0, len(todo), size):
        batch = todo[start:start + size]
        there = _there(client, project_id, version, [w for w in batch if w.sent])
        sent = sender.send(batch, there, going)
        if sent is None:
            return Pushed(count - found, found, refused, stopped=True)
        refused |= sent.refused
        count, found = count + len(sent.keys), found + sum(shown == version for _, shown in there)
        progress(start + len(batch), len(todo))
    if refused:
        log.warning("predictions were not taken", project=project_id, version=version, tasks=list(refused)[:20],
                    count=len(refused), why=sorted(set(refused.values())))
    return Pushed(count - found, found, refused)


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


@dataclass(frozen=True, slots=True)
class _Sent:
    keys: set[int]
    """Keys of tasks that are known to have their prediction."""
    refused: dict[int, str]


@dataclass(frozen=True, slots=True)
class _Sender:
    """Sends batches of one version."""

    store: Store
    client: LabelStudio
    project_id: int
    name: str
    version: str
    controls: dict[str, Control]

    def send(self, batch: Sequence[Waiting], there: There, going: Callable[[sa.Connection], bool]) -> _Sent | None:
        """Send a batch but for what is there; None: it is not to go on."""
        with self.store.write() as conn:
            if not going(conn):
                return None
            keys = set(predictions.mark_sent(conn, self.name, self.version, [w.task for w in batch]))
            said = predictions.of_tasks(conn, self.name, self.version, sorted(keys), brief=True)
        batch = [w for w in batch if w.task in keys]
        rows = [row for w in batch for row in rows_of(w.id, said.get(w.task, []), self.controls, self.version)]
        refused: dict[int, str] = {}
        try:
            self.client.import_predictions(self.project_id, _lacking(rows, there))
        except (LabelStudioUnreachable, LabelStudioRefused):
            raise
        except LabelStudioError:  # it refuses all for one task that was deleted, or drops some without saying which
            refused = self._save_what_fits(batch, rows)
            keys = {w.task for w in batch if w.id not in refused}
        with self.store.write() as conn:
            predictions.mark_pushed(conn, self.name, self.version, keys)
            projects.note_changes(conn, self.project_id, keys)  # what stands in Label Studio can be accepted now
        return _Sent(keys, refused)

    def _save_what_fits(self, batch: Sequence[Waiting], rows: list[dict[str, Any]]) -> dict[int, str]:
        """After a refusal, send again what is not there, without tasks that are gone. {id that has none: why}."""
        alive = {row["id"] for row in self.client.task_data(self.project_id, [w.id for w in batch])}
        rest = [w for w in batch if w.id in alive]
        there = _there(self.client, self.project_id, self.version, rest)
        try:
            self.client.import_predictions(
                self.project_id, [row for row in _lacking(rows, there) if row["task"] in alive])
        except (LabelStudioUnreachable, LabelStudioRefused):
            raise
        except LabelStudioError as error:
            log.warning("predictions were dropped", project=self.project_id, version=self.version, error=str(error))
            there = _there(self.client, self.project_id, self.version, rest)
            return {w.id: UNFIT if w.id in alive else GONE for w in batch if (w.id, self.version) not in there}
        return {w.id: GONE for w in batch if w.id not in alive}


def _lacking(rows: list[dict[str, Any]], there: There) -> list[dict[str, Any]]:
    return [row for row in rows if (row["task"], row["model_version"]) not in there]


def _there(client: LabelStudio, project_id: int, version: str, asked: Sequence[Waiting]) -> There:
    """(Label Studio id, version string) of the predictions that Label Studio has of these tasks."""
    if not asked or not client.model_versions(project_id).get(version):
        return frozenset()
    return frozenset((w.id, str(row["model_version"])) for w in asked for row in client.predictions(project_id, w.id)
                     if row["model_version"] in {version, version + ALTERNATIVE})
