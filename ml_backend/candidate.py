"""A version that was trained and has not been judged: kept with all that the gate needs, for whoever comes after.

Training takes minutes and a process may die; a candidate that is kept can be judged, promoted or refused by another
one without being trained again.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop import __version__
from cueloop.store import models
from cueloop.store.models import ModelVersion
from cueloop.store.schema import jobs
from ml_backend import predictions, registry
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Bundle
from ml_backend.data import manifest
from ml_backend.dataset import Dataset
from ml_backend.judging.score import Score
from ml_backend.judging.verdict import REFUSED, Verdict
from ml_backend.models.extras import OF_KIND
from ml_backend.registry import Loaded
from ml_backend.training import Trained
from ml_backend.versions import libraries

LIBRARIES = ("numpy", "scipy", "scikit-learn")
"""Libraries whose version decides what a training gives; a kind that needs an extra has those of it besides."""
PENDING = "pending"
"""Outcome of a gate that has not spoken."""
CANCELLED = Verdict(REFUSED, "its training was cancelled before it was in service")
"""What is said of a version whose training a person cancelled after it was kept."""
UNJUDGED = asdict(Score(0, blind=False, accuracy=None, low=None, high=None))


def card(
    trained: Sequence[Trained], skipped: Mapping[str, str], data: Sequence[Dataset], champion: Loaded | None,
    kinds: Sequence[str], seed: int, why: str, job: int | None,
) -> dict[str, Any]:
    """Everything one may want to know of a version, as JSON; the gate's part is written when it has spoken."""
    by_control = {d.control: d for d in data}
    cursors = [d.cursor for d in data if d.cursor]
    of_kinds = sorted({one for t in trained if t.head.kind in OF_KIND for one in OF_KIND[t.head.kind].training})
    return {
        "controls": {t.head.control: {
            **t.report, "field": t.head.field, "held_out": UNJUDGED,
            "data_sha256": by_control[t.head.control].sha256(),
            "data": manifest.card(by_control[t.head.control])} for t in trained},
        "skipped": dict(skipped), "labelled": {d.control: len(d.examples) for d in data},
        "parent": champion.version.version if champion else None,
        "source": data[0].source, "cursor": max(cursors).isoformat() if cursors else None,
        "guideline_version": data[0].guideline_version, "kinds": list(kinds), "seed": seed, "why": why, "job": job,
        "gate": {"promoted": False, "outcome": PENDING, "reason": "not judged yet"},
        "libraries": {"cueloop": __version__, "python": sys.version.split()[0],
                      **libraries.installed([*LIBRARIES, *of_kinds])},
    }


def judged(version: ModelVersion, verdict: Verdict, champion: Loaded | None,
           reports: Mapping[str, Mapping[str, Any]]) -> ModelVersion:
    """The version with what the gate said, against which champion, and how each head did on held-out tasks."""
    controls = {control: about | ({"held_out": dict(reports[control])} if control in reports else {})
                for control, about in version.card["controls"].items()}
    gate = verdict.as_dict() | {"against": champion.version.version if champion else ""}
    return replace(version, card=version.card | {"controls": controls, "gate": gate})


def left(conn: sa.Connection, name: str) -> ModelVersion | None:
    """What a process that died left behind: a challenger that was not judged, or that should serve and does not."""
    version = models.aliases_of(conn, name).get(registry.CHALLENGER)
    found = models.get(conn, name, version) if version else None
    if found is None or found.deleted_at is not None or found.kind == models.ELSEWHERE:
        return None
    gate = found.card.get("gate", {})
    return found if gate.get("outcome") == PENDING or gate.get("promoted") else None


def cancelled(conn: sa.Connection, version: ModelVersion) -> bool:
    """Whether somebody cancelled the job that made it."""
    return conn.scalar(sa.select(jobs.c.state).where(jobs.c.key == version.card.get("job"))) == "cancelled"


def made_by_job(conn: sa.Connection, name: str, job: int | None) -> ModelVersion | None:
    """The version that a job has made before it died at its very end, and is run again."""
    return next((v for v in models.versions(conn, name) if job is not None and v.card.get("job") == job), None)


def verdict_of(version: ModelVersion) -> Verdict:
    """What the gate said of it, in short."""
    gate = version.card["gate"]
    return Verdict(gate.get("outcome", "promoted" if gate["promoted"] else "refused"), gate["reason"])


def same(version: ModelVersion, data: Sequence[Dataset], kinds: Sequence[str], seed: int) -> bool:
    """Whether it was trained on just these data: training again would give the same."""
    card, now = version.card, {d.control: manifest.card(d) for d in data}
    made_of = {control: about.get("data") for control, about in card["controls"].items()}
    labelled = {d.control: len(d.examples) for d in data}
    return (bool(made_of) and (card.get("kinds"), card.get("seed")) == (list(kinds), seed)
            and card["labelled"] == labelled
            and made_of == {control: now.get(control) for control in made_of})


def restored(artifacts: Artifacts, version: ModelVersion) -> tuple[Trained, ...]:
    """The freshly trained heads of a kept version, with what cross-validation said; none where that was not kept.

    Raises ModelError when its files are not what was written.
    """
    if predictions.OUT_OF_FOLD not in version.sha256:
        return ()
    bundle: Bundle = registry.load(artifacts, version).bundle
    hashes = {predictions.OUT_OF_FOLD: version.sha256[predictions.OUT_OF_FOLD]}
    arrays = np.load(io.BytesIO(artifacts.read(version.path, hashes)[predictions.OUT_OF_FOLD]), allow_pickle=False)
    return tuple(
        Trained(head, arrays[f"keys/{head.control}"], arrays[f"truth/{head.control}"],
                arrays[f"probabilities/{head.control}"].astype(np.float64),
                dict(version.card["controls"][head.control]))
        for head in bundle.heads if f"truth/{head.control}" in arrays.files)    # those that it took over have none
