"""Calibrates what a version told, on people's blind answers: no task calibrates itself.

Tasks with blind answers are dealt into five parts by a hash; each part's scores come from what the other four taught.
All other tasks are scored by what all five taught.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from cueloop.sampling import uniform
from cueloop.store.predictions import Prediction
from cueloop.types import Control
from ml_backend.calibration import Floats, Ints, ece
from ml_backend.elsewhere import sayings, trust
from ml_backend.elsewhere.evidence import Truth
from ml_backend.elsewhere.trust import SCORELESS, Sayings, Trust
from ml_backend.judging.intervals import wilson
from ml_backend.judging.score import Score, scored

PARTS = 5
"""Parts of the cross-fit."""
FEW = 50
"""Blind answers below which the card calls the calibration a guess."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What people's blind answers taught of one control of a version."""

    trusts: tuple[Trust, ...]
    """By all tasks, then by all but each part."""
    judged: frozenset[int]
    """The tasks that taught: each is scored without itself."""
    report: dict[str, Any]
    """For the card: `held_out` and `calibration`."""


def learn(control: Control, rows: Sequence[Prediction], truths: Mapping[int, Truth]) -> Learned:
    """From predictions of tasks whose label people gave blind. Those of tasks that it was trained on teach nothing."""
    rows = [row for row in rows if row.task in truths and row.out_of_fold]
    return _of_choices(control, rows, truths) if control.modelled else _of_regions(control, rows, truths)


def score(control: Control, learned: Learned, rows: Sequence[Prediction]) -> list[Prediction]:
    """The predictions with the scores that follow. One whose label the config lost is left as it is."""
    by_trust: dict[int, list[Prediction]] = {}
    for row in rows:
        if not control.modelled or row.label in control.labels:
            by_trust.setdefault(part(row.task) if row.task in learned.judged else 0, []).append(row)
    return [scored for number, some in by_trust.items()
            for scored in (_choices if control.modelled else _regions)(control, learned.trusts[number], some)]


def part(task: int) -> int:
    """Which part of the cross-fit a task belongs to, from 1: the same for every version."""
    return 1 + int(uniform(task, "cross-fit") * PARTS)


def _choices(control: Control, by: Trust, rows: Sequence[Prediction]) -> list[Prediction]:
    found = trust.believed(by, sayings.of_choices(control.labels, [(row.label, row.raw) for row in rows]))
    scored = []
    for row, probabilities in zip(rows, found.round(6).tolist(), strict=True):
        shares = dict(sorted(zip(control.labels, probabilities, strict=True), key=lambda pair: -pair[1]))
        scored.append(replace(row, score=shares[row.label], probabilities=shares))
    return scored


def _regions(_: Control, by: Trust, rows: Sequence[Prediction]) -> list[Prediction]:
    """Each region with its score; the prediction has that of the least sure one."""
    scored = []
    for row in rows:
        scores = trust.sure(by, sayings.of_regions(row.value or [])).round(6).tolist()
        value = [{**region, "score": score} for region, score in zip(row.value or [], scores, strict=True)]
        scored.append(replace(row, value=value, score=min(scores, default=round(by.share, 6)), probabilities={}))
    return scored


def _of_choices(control: Control, rows: Sequence[Prediction], truths: Mapping[int, Truth]) -> Learned:
    place = {label: at for at, label in enumerate(control.labels)}
    rows = [row for row in rows if row.label in place]
    said = sayings.of_choices(control.labels, [(row.label, row.raw) for row in rows])
    truth = np.array([place[truths[row.task].label] for row in rows], np.int64)
    weight = np.array([truths[row.task].weight for row in rows], np.float64)
    parts = np.array([part(row.task) for row in rows], np.int64)
    trusts = _cross_fit(said, truth, weight, parts)
    found = np.empty((len(rows), len(control.labels)))
    for number in range(1, PARTS + 1):
        here = np.flatnonzero(parts == number)
        found[here] = trust.believed(trusts[number], said.where(here))
    report = {"held_out": asdict(scored(found, truth, blind=True)),
              "calibration": _facts(trusts[0], control.labels, len(rows)) | _errors(said, found, truth)}
    return Learned(trusts, frozenset(row.task for row in rows), report)


def _of_regions(control: Control, rows: Sequence[Prediction], truths: Mapping[int, Truth]) -> Learned:
    told = [row.value or [] for row in rows]
    right = sayings.matched(control, told, [truths[row.task].regions or [] for row in rows]) if rows else []
    flat = [region for some in told for region in some]
    truth = np.concatenate([np.zeros(0, np.int64), *right])
    parts = np.array([part(row.task) for row, some in zip(rows, told, strict=True) for _ in some], np.int64)
    trusts = _cross_fit(sayings.of_regions(flat), truth, np.ones(len(flat)), parts)
    hits = int((truth == sayings.RIGHT).sum())
    low, high = wilson(hits, len(truth)) if len(truth) else (None, None)
    held_out = Score(len(rows), True, hits / len(truth) if len(truth) else None, low, high)
    facts = _facts(trusts[0], ("right", "wrong"), len(rows)) | {"regions": len(flat)}
    return Learned(trusts, frozenset(row.task for row in rows), {"held_out": asdict(held_out), "calibration": facts})


def _cross_fit(said: Sayings, truth: Ints, weight: Floats, parts: Ints) -> tuple[Trust, ...]:
    without = (np.flatnonzero(parts != number) for number in range(1, PARTS + 1))
    return trust.learn(said, truth, weight), *(
        trust.learn(said.where(rest), truth[rest], weight[rest]) for rest in without)


def _facts(by: Trust, labels: Sequence[str], tasks: int) -> dict[str, Any]:
    """What the scores rest on, and how sure that is."""
    rests_on = ("a prior: nobody has answered blind what it predicts, so no score is above a half" if not tasks else
                f"a guess from {tasks} tasks answered blind: scores are drawn to a half" if tasks < FEW else
                f"{tasks} tasks answered blind")
    return {"rests_on": rests_on, "tasks": tasks, "temperature": round(by.temperature, 4),
            "right_without_score": round(by.share, 6),
            "by_label": {label: round(float(share), 6) for label, share in
                         zip(labels, by.label_shares, strict=True)} if by.scoreless else {}}


def _errors(said: Sayings, found: Floats, truth: Ints) -> dict[str, float | None]:
    """Calibration error before and after; before is unknown where no score was told."""
    told = said.kind != SCORELESS
    return {"ece_before": round(ece(said.shares[told], truth[told]), 6) if told.any() else None,
            "ece_after": round(ece(found, truth), 6) if len(truth) else None}
