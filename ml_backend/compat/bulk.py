"""Writes what a team's class says about every task of a project into the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from cueloop.label_config import parse
from cueloop.store import Store, predictions, projects
from cueloop.store.columns import now
from cueloop.store.models import ModelVersion
from cueloop.store.predictions import Prediction
from cueloop.store.schema import tasks
from cueloop.types import Control, LabelConfig
from ml_backend.answering.allowed import allows, rules
from ml_backend.answering.proposal import Proposal
from ml_backend.compat.gate import labels, spread
from ml_backend.compat.version import ClassAnswers
from ml_backend.protocol import Asked
from ml_backend.registry import Loaded

CHUNK = 256
"""Tasks asked about and written in one transaction."""


def write(
    store: Store, loaded: Loaded, project_id: int, progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Ask about the tasks of which this version has said nothing yet. Returns how many it answered.

    A score is written where one is told; elsewhere it is 0 and nothing is known of the probabilities, so rules leave
    such a task to people. A task that it has no answer to is asked about again the next time.
    """
    with store.read() as conn:
        xml = projects.get(conn, project_id).label_config
        config = parse(xml)
        keys = predictions.silent(conn, project_id, loaded.version.name, loaded.version.version)
    seen = loaded.other.seen() if isinstance(loaded.other, ClassAnswers) else frozenset()
    count = 0
    for start in range(0, len(keys), CHUNK):
        some = keys[start:start + CHUNK]
        with store.read() as conn:
            found = {row.key: {"id": row.id, "data": row.data} for row in conn.execute(
                sa.select(tasks.c.key, tasks.c.id, tasks.c.data).where(tasks.c.key.in_(some)).order_by(tasks.c.key))}
        asked = Asked(tuple(found.values()), project_id, config, interactive=False, stored=False, xml=xml)
        said = loaded.answering.propose(asked, config.controls, range(len(found)))
        rows = [row for key, proposals in zip(found, said, strict=True)
                for row in rows_of(key, proposals, config, loaded.version, project_id, fresh=key not in seen)]
        with store.write() as conn:
            predictions.write(conn, rows)
        count += len({row.task for row in rows})
        progress(min(start + CHUNK, len(keys)), len(keys))
    return count


def rows_of(
    key: int, proposals: Sequence[Proposal], config: LabelConfig, version: ModelVersion, project_id: int, *,
    fresh: bool,
) -> list[Prediction]:
    """One row for each control that is answered with what the label config has. `fresh`: it was not trained on it."""
    named = rules(config.controls)
    good = [one for one in proposals if one.result and allows(named, one.result)]
    rows = []
    for control in config.controls if good else ():
        said = _of(control, good)
        if said is not None:
            label, score, probabilities, value = said
            rows.append(Prediction(
                project_id=project_id, task=key, control=control.name, model=version.name, version=version.version,
                label=label, score=score or 0.0, probabilities=probabilities, out_of_fold=fresh, created_at=now(),
                value=value))
    return rows


def _of(control: Control, good: Sequence[Proposal]) -> tuple[
        str, float | None, dict[str, float], list[dict[str, Any]] | None] | None:
    """(label, score, probabilities, regions) of what is said on one control; None where nothing is."""
    if control.modelled:
        told = labels(good, control)
        if not told:
            return None
        label = next(iter(told))
        scores = {name: score for name, score in told.items() if score is not None}
        return label, told[label], spread(scores, control) if label in scores else {}, None
    items = [item for item in good[0].result if item.get("from_name") == control.name]
    if not items:
        return None
    each = [item.get("score", good[0].score) for item in items]
    regions = [{"label": _label(item), "score": score, "item": item}
               for item, score in zip(items, each, strict=True)]
    return _label(items[0]), min((score for score in each if score is not None), default=None), {}, regions


def _label(item: dict[str, Any]) -> str:
    """The first label of a region; empty where it has none, as a rectangle or a text."""
    said = item["value"].get(item.get("type"))
    return str(said[0]) if isinstance(said, list) and said and isinstance(said[0], str) else ""
