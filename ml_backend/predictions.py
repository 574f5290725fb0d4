"""Writes what a model version says about every task of a project into the store."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zipfile import BadZipFile

import numpy as np
import sqlalchemy as sa

from cueloop.errors import ModelError
from cueloop.label_config import parse
from cueloop.store import Store, predictions, projects
from cueloop.store.columns import now
from cueloop.store.models import OWN_CLASS, ModelVersion
from cueloop.store.predictions import Prediction
from cueloop.store.schema import tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from ml_backend.answering.explain import rank, spoken
from ml_backend.artifacts import Artifacts
from ml_backend.bundle import Head, paired
from ml_backend.calibration import Floats
from ml_backend.registry import Loaded
from ml_backend.texts.reader import Read, inline
from ml_backend.training import Trained

OUT_OF_FOLD = "out_of_fold.npz"
"""File of a version: what cross-validation said about the tasks it was trained on."""
CHUNK = 1_000
"""Tasks predicted and written in one transaction."""

Seen = Mapping[str, Mapping[int, Floats]]
"""{control: {task: out-of-fold probabilities in the order of the head's labels}}."""


def write(
    store: Store, loaded: Loaded, project_id: int, seen: Seen,
    progress: Callable[[int, int], None] = lambda done, total: None, read: Read = inline, *, unfinished: bool = False,
) -> int:
    """Predict the tasks of a project that this version has said nothing about yet, soonest needed first; how many.

    `unfinished`: only those that somebody may still work on.
    A task it was trained on gets the cross-validated probabilities: its own memory of it would flatter.
    Tasks whose field holds no text are passed over.
    """
    if loaded.version.kind == OWN_CLASS:
        from ml_backend.compat import bulk

        return bulk.write(store, loaded, project_id, progress)
    with store.read() as conn:
        project = projects.get(conn, project_id)
    count = 0
    for head, control in paired(loaded.bundle, parse(project.label_config).modelled):
        with store.read() as conn:
            keys = predictions.missing(conn, project_id, loaded.version.name, loaded.version.version, control.name,
                                       unfinished=unfinished)
        for start in range(0, len(keys), CHUNK):
            with store.read() as conn:
                values = _values(conn, keys[start:start + CHUNK], control.value or head.field)
            texts = {key: text for key, text in zip(values, read(control, list(values.values())), strict=True)
                     if text is not None}
            rows = _rows(head, control, texts, seen.get(head.control, {}), loaded, project_id)
            with store.write() as conn:
                predictions.write(conn, rows)
            count += len(rows)
            progress(min(start + CHUNK, len(keys)), len(keys))
    return count


def pack(trained: Sequence[Trained], kept: Seen | None = None) -> dict[str, bytes]:
    """Out-of-fold probabilities as a file to be kept with the version; `kept` are those of heads that it took over.

    In single precision: of 100,000 tasks and 77 labels that is 30 MB less.
    """
    arrays: dict[str, Any] = {}
    for control, seen in (kept or {}).items():
        arrays |= {f"keys/{control}": np.array(list(seen), dtype=np.int64),
                   f"probabilities/{control}": np.array(list(seen.values()), dtype=np.float32)}
    for t in trained:
        arrays |= {f"keys/{t.head.control}": t.keys, f"truth/{t.head.control}": t.truth,
                   f"probabilities/{t.head.control}": t.out_of_fold.astype(np.float32)}
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return {OUT_OF_FOLD: packed.getvalue()}


def unpack(files: Mapping[str, bytes]) -> Seen:
    """What `pack` wrote; empty when the version has no such file (trained from a CSV). Raises ModelError."""
    if OUT_OF_FOLD not in files:
        return {}
    try:
        arrays = np.load(io.BytesIO(files[OUT_OF_FOLD]), allow_pickle=False)
        controls = [name.removeprefix("keys/") for name in arrays.files if name.startswith("keys/")]
        return {c: dict(zip(arrays[f"keys/{c}"].tolist(), arrays[f"probabilities/{c}"].astype(np.float64),
                            strict=True)) for c in controls}
    except (AttributeError, EOFError, KeyError, OSError, ValueError, BadZipFile) as error:
        raise ModelError(f"{OUT_OF_FOLD} of this model cannot be read ({type(error).__name__}). Train it anew or roll "
                         "back.") from None


def taught(artifacts: Artifacts, version: ModelVersion, project_id: int | None) -> Seen:
    """What cross-validation said about the tasks of this project that a version was trained on.

    Empty for a version of another project: its task keys mean nothing here.
    """
    own = project_id is not None and version.project_id == project_id
    return unpack(artifacts.read(version.path, {
        name: hash_ for name, hash_ in version.sha256.items() if own and name == OUT_OF_FOLD}))


def within(head: Head, control: Control, probabilities: Floats) -> dict[str, float]:
    """{label: probability}, likeliest first, of the labels that the config still has. Not rescaled."""
    known = [(label, float(p)) for label, p in zip(head.labels, probabilities, strict=True) if label in control.labels]
    return dict(sorted(known, key=lambda pair: -pair[1]))


def _rows(
    head: Head, control: Control, texts: Mapping[int, str], seen: Mapping[int, Floats], loaded: Loaded, project_id: int,
) -> list[Prediction]:
    """Of a task that it was trained on no words are kept: the score is of other models, which may say another label."""
    moment, rows, keys = now(), [], list(texts)
    for part, probabilities, reading in head.read(list(texts.values())):
        words = spoken(head, reading, rank(head, control.labels, probabilities))
        for key, fresh, why in zip(keys[part], probabilities, words, strict=True):
            said = within(head, control, seen.get(key, fresh))
            label = next(iter(said))
            rows.append(Prediction(
                project_id=project_id, task=key, control=control.name, model=loaded.version.name,
                version=loaded.version.version, label=label, score=said[label], probabilities=said,
                out_of_fold=key not in seen, created_at=moment, explanation=None if key in seen else why))
    return rows


def _values(conn: sa.Connection, keys: Sequence[int], field: str) -> dict[int, object]:
    """{key: what the field of the task holds}."""
    found: dict[int, object] = {}
    for some in chunks(keys):
        for row in conn.execute(sa.select(tasks.c.key, tasks.c.data).where(tasks.c.key.in_(some))):
            found[row.key] = row.data.get(field)
    return found
