"""The way of a model into service: train, judge, keep, promote or refuse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version as library_version
from typing import Any

from cueloop import __version__
from cueloop.errors import ModelError
from cueloop.store import Store, models
from cueloop.store.models import ModelVersion
from ml_backend import predictions, registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.dataset import Dataset
from ml_backend.judging.gate import judge
from ml_backend.judging.report import report
from ml_backend.judging.verdict import Verdict
from ml_backend.policy.policy import Policy
from ml_backend.registry import Loaded
from ml_backend.texts.reader import Read, inline
from ml_backend.training import DEFAULT_KIND, Trained, train

LIBRARIES = ("numpy", "scipy", "scikit-learn")
"""Libraries whose version decides what a training gives."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a training."""

    version: ModelVersion
    verdict: Verdict


def retrain(
    store: Store, artifacts: Artifacts, name: str, data: Sequence[Dataset], *, actor: str,
    project_id: int | None = None, kind: str = DEFAULT_KIND, seed: int = 0,
    progress: Progress = lambda done, total: None, read: Read = inline,
) -> Outcome:
    """Train on the data, compare with the champion on the same held-out tasks, keep the version with its card.

    A better one is promoted, a worse one stays the challenger. For a project, its predictions are in the store
    before it is promoted. Raises ModelError when no control can be trained; then nothing is kept.
    """
    champion = _champion(store, artifacts, name)
    trained, skipped = _train_all(data, kind, seed, progress)
    heads = tuple(t.head for t in trained)
    if champion:  # a control without enough examples keeps the head it has
        heads += tuple(h for h in champion.bundle.heads if h.control in skipped)
    taught = predictions.taught(artifacts, champion.version, project_id) if champion else {}
    judged = judge(store, trained, data, champion, Policy(), taught)
    card = _card(trained, skipped, data, champion, judged, seed)
    kept = {control: seen for control, seen in taught.items() if control in skipped}
    extra = predictions.pack(trained, kept) if project_id is not None else {}
    found = registry.save(store, artifacts, Bundle(heads), card, name=name, kind=kind, project_id=project_id,
                          extra=extra)
    if not judged.promoted:
        registry.refuse(store, found, actor=actor, reason=judged.reason)
        return Outcome(found, judged)
    if project_id is not None:
        predictions.write(store, Loaded(found, Bundle(heads)), project_id, predictions.unpack(extra), read=read)
    registry.promote(store, found, actor=actor, reason=judged.reason,
                     instead_of=champion.version.version if champion else "")
    return Outcome(found, judged)


def _champion(store: Store, artifacts: Artifacts, name: str) -> Loaded | None:
    with store.read() as conn:
        version = models.aliases_of(conn, name).get(registry.CHAMPION)
        found = models.get(conn, name, version) if version else None
    return registry.load(artifacts, found, store) if found else None


def _train_all(
    data: Sequence[Dataset], kind: str, seed: int, progress: Progress,
) -> tuple[list[Trained], dict[str, str]]:
    """Heads of the controls that can be trained, and why the others cannot. Raises ModelError if none can."""
    trained: list[Trained] = []
    skipped: dict[str, str] = {}
    for number, one in enumerate(data):
        try:
            trained.append(train(one, kind=kind, seed=seed, progress=_part(progress, number, len(data))))
        except ModelError as error:
            skipped[one.control] = str(error)
    if not trained:
        raise ModelError(" ".join(skipped.values()) or "There is nothing to train on.")
    return trained, skipped


def _part(progress: Progress, number: int, parts: int) -> Progress:
    """Progress of one of several equal parts, as progress of the whole."""
    return lambda done, total: progress(number * total + done, parts * total)


def _card(
    trained: Sequence[Trained], skipped: dict[str, str], data: Sequence[Dataset], champion: Loaded | None,
    judged: Verdict, seed: int,
) -> dict[str, Any]:
    """Everything one may want to know of a version, as JSON."""
    by_control = {d.control: d for d in data}
    controls = {t.head.control: {
        **t.report, "field": t.head.field,
        "held_out": report(t.head, by_control[t.head.control], Policy()),
        "data_sha256": by_control[t.head.control].sha256()} for t in trained}
    cursors = [d.cursor for d in data if d.cursor]
    return {
        "controls": controls, "skipped": skipped, "labelled": {d.control: len(d.examples) for d in data},
        "parent": champion.version.version if champion else None,
        "source": data[0].source, "cursor": max(cursors).isoformat() if cursors else None,
        "guideline_version": data[0].guideline_version, "seed": seed, "gate": judged.as_dict(),
        "libraries": {"cueloop": __version__, "python": sys.version.split()[0],
                      **{library: library_version(library) for library in LIBRARIES}},
    }
