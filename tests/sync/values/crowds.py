"""Simulated crowds for structured answers, and short ways to observe and judge them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cueloop.types import Control
from sync.arrays import FloatArray, IntArray
from sync.observations import Observations, observe
from sync.outcome import Outcome
from sync.values import judge, text

MULTI = Control("topics", "text", "Choices", ("a", "b", "c", "d"), None, choice="multiple", kind="multi")
RATING = Control("stars", "text", "Rating", (), None, kind="rating", scale=(1.0, 5.0))
ORDERED = Control("grade", "text", "Choices", ("low", "mid", "high"), None, modelled=True, kind="rating")
NUMBER = Control("price", "text", "Number", (), None, kind="number")
TAXONOMY = Control("species", "text", "Taxonomy", (), None, kind="taxonomy")
TEXT = Control("summary", "text", "TextArea", (), None, kind="text")
SPREAD = Control("cue", "video", "Choices", ("a", "b", "c", "d"), None, modelled=True, kind="distribution")

VALUED = (MULTI, RATING, NUMBER, TAXONOMY, TEXT)

Answer = tuple[Any, Any, Any]
"""Task, annotator, value (a label for ORDERED and SPREAD)."""


def seen(control: Control, answers: Sequence[Answer], **columns: Any) -> Observations:
    """Observations of answers to a control."""
    task, annotator, value = ([answer[at] for answer in answers] for at in range(3))
    if control in (ORDERED, SPREAD):
        return observe(task, annotator, value, labels=control.labels, **columns)
    return observe(task, annotator, [text(control.kind, one) for one in value], value=value, **columns)


def judged(control: Control, answers: Sequence[Answer], **columns: Any) -> Outcome:
    """The outcome of answers to a control, which must be JSON throughout."""
    found = judge(control, seen(control, answers, **columns))
    as_json(found)
    return found


def as_json(found: Outcome) -> str:
    """The outcome as JSON; fails on NaN, infinity, or what JSON does not know."""
    return json.dumps([[asdict(row) for row in found.consensus], [asdict(one) for one in found.annotators],
                       found.agreement, found.warnings], allow_nan=False, sort_keys=True)


def told(found: Outcome) -> dict[Any, Any]:
    """The consensus value of each task."""
    return {row.task: row.value for row in found.consensus}


@dataclass(frozen=True)
class Numbers:
    """A simulated crowd of numbers or levels with its truth and its annotators' biases."""

    task: IntArray
    annotator: IntArray
    given: FloatArray
    truth: FloatArray
    bias: FloatArray

    @property
    def answers(self) -> list[Answer]:
        """As answers, numbers for annotators."""
        return list(zip(self.task.tolist(), self.annotator.tolist(), self.given.tolist(), strict=True))


def pairs(tasks: int, annotators: int, per_task: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Each task answered by so many different annotators."""
    annotator = np.concatenate([rng.choice(annotators, per_task, replace=False) for _ in range(tasks)])
    return np.repeat(np.arange(tasks), per_task), annotator


def levels(*, count: int = 5, tasks: int = 400, annotators: int = 25, per_task: int = 5, bias: float = 0.8,
           seed: int = 0) -> Numbers:
    """Annotators who lean by a normal bias and scatter by one level or so; a tenth click at random."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, count + 1, tasks)
    leans, spread = rng.normal(0, bias, annotators), rng.uniform(0.4, 1.2, annotators) * count / 5
    task, annotator = pairs(tasks, annotators, per_task, rng)
    given = np.round(truth[task] + leans[annotator] + spread[annotator] * rng.normal(size=len(task))).clip(1, count)
    random = rng.random(annotators) < 0.1
    given = np.where(random[annotator], rng.integers(1, count + 1, len(task)), given)
    return Numbers(task, annotator, given, truth.astype(float), leans)


def numbers(*, tasks: int = 300, annotators: int = 25, per_task: int = 5, bias: float = 1.0, gross: float = 0.0,
            seed: int = 0) -> Numbers:
    """Annotators with a bias and a spread; a share of answers is ten times too large."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(50, 10, tasks)
    leans, spread = rng.normal(0, bias, annotators), rng.uniform(0.5, 2, annotators)
    task, annotator = pairs(tasks, annotators, per_task, rng)
    given = truth[task] + leans[annotator] + spread[annotator] * rng.normal(size=len(task))
    given = np.where(rng.random(len(task)) < gross, 10 * given, given)
    return Numbers(task, annotator, given, truth, leans - leans.mean())
