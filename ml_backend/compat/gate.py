"""Whether a newly trained class may take the champion's place: both answer the same held-out tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from cueloop.label_config import answer
from cueloop.store import Store
from cueloop.store.schema import tasks
from cueloop.store.upsert import chunks
from cueloop.types import Control
from ml_backend.answering.proposal import Proposal
from ml_backend.calibration import Floats
from ml_backend.dataset import Dataset
from ml_backend.judging import against
from ml_backend.judging.comparison import HELD_OUT, Comparison
from ml_backend.judging.judges import LEAST_JUDGES, judges, truths
from ml_backend.judging.score import Score, scored
from ml_backend.judging.sides import Sides
from ml_backend.judging.verdict import PROMOTED, Refusal, Verdict, verdict
from ml_backend.policy.policy import Gate

Ask = Callable[[Sequence[Mapping[str, Any]]], list[list[Proposal]]]
"""Proposals of a version for tasks."""
DEFAULTS = Gate()


def judge(
    store: Store, data: Sequence[Dataset], controls: Mapping[str, Control], candidate: Ask, champion: Ask | None,
    taught: Mapping[str, Any], gate: Gate = DEFAULTS,
) -> tuple[Verdict, dict[str, Score]]:
    """The verdict, and the candidate's score for each control it answers.

    Where nothing can be compared it is promoted, and the reason begins with "cannot be judged". `taught`: keys of
    tasks that the champion was trained on, by control.
    """
    compared: list[Comparison] = []
    refusals: list[Refusal] = []
    notes: list[str] = []
    scores: dict[str, Score] = {}
    why = ["no control of this project is a single choice"] if not data else []
    for one in data:
        examples, blind = judges(one, taught.get(one.control, ()))
        if len(examples) < LEAST_JUDGES:
            why.append(f"{one.control} has {len(examples)} held-out tasks, {LEAST_JUDGES} are needed")
            continue
        asked = _tasks(store, [example.key for example in examples])
        truth = truths(one, examples)
        new, said = probabilities(candidate(asked), controls[one.control])
        if not said:
            why.append(f"it says nothing about {one.control}")
            continue
        scores[one.control] = scored(new, truth, blind)
        if champion is None:
            why.append(f"{one.control} has no champion to compare with")
            continue
        old, _ = probabilities(champion(asked), controls[one.control])
        versus = against.champion(Sides(one.control, one.labels, tuple(examples), truth, new, old, HELD_OUT), gate)
        compared.append(versus.comparison)
        refusals += versus.refusals
        notes += versus.notes
    if not compared:
        return Verdict(PROMOTED, "cannot be judged: " + "; ".join(why)), scores
    return verdict(compared, refusals, notes), scores


def probabilities(said: Sequence[Sequence[Proposal]], control: Control) -> tuple[Floats, int]:
    """(n, labels and one more for "no answer"), and how many tasks have an answer.

    A label without a score counts as certain.
    """
    found = np.zeros((len(said), len(control.labels) + 1))
    for row, proposals in zip(found, said, strict=True):
        told = labels(proposals, control)
        if told:
            shares = spread({label: 1.0 if score is None else score for label, score in told.items()}, control)
            row[:-1] = [shares[label] for label in control.labels]
        else:
            row[-1] = 1.0
    return found, int((found[:, -1] == 0).sum())


def spread(told: Mapping[str, float], control: Control) -> dict[str, float]:
    """{label: probability}, likeliest first: what is told, and what that leaves in equal parts for the other labels."""
    rest = [label for label in control.labels if label not in told]
    left = max(0.0, 1.0 - sum(told.values())) / max(len(rest), 1)
    return dict(sorted(({**told} | dict.fromkeys(rest, left)).items(), key=lambda pair: -pair[1]))


def labels(proposals: Sequence[Proposal], control: Control) -> dict[str, float | None]:
    """{label: score, None where none is told} of the proposals for one task, likeliest first."""
    found: dict[str, float | None] = {}
    for one in proposals:
        label = answer(control, one.result)
        if label is not None and label not in found:
            told = [item.get("score") for item in one.result if item.get("from_name") == control.name]
            found[label] = next((score for score in told if score is not None), one.score)
    return found


def _tasks(store: Store, keys: Sequence[int]) -> list[dict[str, Any]]:
    """As Label Studio sends them, in the order of the keys."""
    found: dict[int, dict[str, Any]] = {}
    with store.read() as conn:
        for some in chunks(list(keys)):
            for row in conn.execute(sa.select(tasks.c.key, tasks.c.id, tasks.c.data).where(tasks.c.key.in_(some))):
                found[row.key] = {"id": row.id, "data": row.data}
    return [found[key] for key in keys]
