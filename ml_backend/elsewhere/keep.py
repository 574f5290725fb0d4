"""A pushed version in the store: its scores, its card and its hash follow from what was told and what people say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cueloop.label_config import parse
from cueloop.store import Store, models, predictions, projects
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from cueloop.store.predictions import Prediction
from cueloop.types import Control
from ml_backend.elsewhere import calibrate, due, evidence

Progress = Callable[[int, int], None]


def recalibrate(
    store: Store, version: ModelVersion, progress: Progress = lambda done, total: None,
) -> ModelVersion:
    """Learn from the blind answers there are, write the scores that changed, and the card. Returns the version.

    Tasks whose scores changed are looked at by the rules again where the version is in service. Calling again
    changes nothing unless people answered.
    """
    project_id = _project(version)
    with store.read() as conn:
        config = parse(projects.get(conn, project_id).label_config)
        current = models.champion(conn, project_id)
        said = predictions.controls(conn, project_id, version.name, version.version)
    serves = current is not None and (current.name, current.version) == (version.name, version.version)
    digest, reports = hashlib.sha256(), {}
    known = [control for control in config.judged if control.name in said]
    for number, control in enumerate(known):
        reports[control.name] = _one(store, version, control, digest, serves=serves)
        progress(number + 1, len(known))
    found = replace(version, sha256={"predictions": digest.hexdigest()}, card=version.card | {
        "controls": reports, "calibrated_at": now().isoformat()})
    with store.write() as conn:
        fresh = models.get(conn, version.name, version.version)
        kept = fresh.card if fresh else {}      # another push, or a gate, may have written since
        found = replace(found, card=found.card | {key: kept[key] for key in ("files", "gate") if key in kept})
        models.put(conn, found)
    return found


def due_now(store: Store, version: ModelVersion) -> bool:
    """Whether enough people answered since its scores were learned."""
    with store.read() as conn:
        return due.due(conn, version)


def answers_of(
    store: Store, version: ModelVersion, project_id: int, control: str, tasks: Sequence[int],
) -> dict[int, Prediction]:
    """{task: what a version said of it on a control}, without the tasks that it was trained on."""
    with store.read() as conn:
        said = predictions.of_tasks(conn, version.name, version.version, tasks)
    return {task: row for task, rows in said.items() for row in rows
            if row.control == control and row.out_of_fold and row.project_id == project_id}


def _one(store: Store, version: ModelVersion, control: Control, digest: Any, *, serves: bool) -> dict[str, Any]:
    """Scores of one control; its part of the card."""
    project_id = _project(version)
    with store.read() as conn:
        truths = evidence.read(conn, project_id, control)
    judged = answers_of(store, version, project_id, control.name, sorted(truths))
    learned = calibrate.learn(control, list(judged.values()), truths)
    told, after = {"predictions": 0, "with_score": 0, "with_probabilities": 0, "trained_on": 0}, 0
    while True:
        with store.read() as conn:
            rows = predictions.page(conn, project_id, version.name, version.version, control.name, after)
        if not rows:
            break
        after = rows[-1].task
        for row in rows:
            digest.update(fingerprint(row).encode(errors="surrogatepass"))
            _count(told, row)
        before = {row.task: row for row in rows}
        moved = [row for row in calibrate.score(control, learned, rows) if row != before[row.task]]
        if moved:
            with store.write() as conn:
                predictions.rescore(conn, moved)
                if serves:
                    projects.note_changes(conn, project_id, [row.task for row in moved])
    return {"labels": list(control.labels), "told": told, "blind": len(truths), **learned.report}


def _count(told: dict[str, int], row: Prediction) -> None:
    told["predictions"] += 1
    told["trained_on"] += not row.out_of_fold
    scored = bool(row.raw) or any(region.get("told") is not None for region in row.value or ())
    told["with_score"] += scored
    told["with_probabilities"] += len(row.raw or {}) > 1


def fingerprint(row: Prediction) -> str:
    """What was told, without what was made of it: equal for equal predictions."""
    raw = {label: round(share, 9) for label, share in sorted((row.raw or {}).items())}
    regions = [[_plain(region["item"]), region.get("told")] for region in row.value or ()]
    return json.dumps([row.task, row.control, row.label, raw, row.out_of_fold, regions], sort_keys=True)


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != "score"}


def _project(version: ModelVersion) -> int:
    assert version.project_id is not None, "pushed predictions belong to a project"
    return version.project_id
