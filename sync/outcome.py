"""What the answers to one control say, whatever their shape: the one form that store, command and reports know."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cueloop.store.consensus import Consensus
from cueloop.store.performance import Confusions
from cueloop.types import Control


@dataclass(frozen=True, slots=True)
class AnnotatorQuality:
    """One annotator on one control.

    `accuracy` is the chance that an answer of theirs is right (regions: F1 against the others' consensus) with its
    95 % interval. `labels`, `confusion` and `counts` are as in the store's `performance` (empty where a kind has
    none). `details` is JSON: what only this kind has, and the scorecard (`sync.scorecard`).
    """

    annotator: Hashable
    answers: int
    accuracy: float
    low: float
    high: float
    median_lead_time: float | None = None
    labels: tuple[str, ...] = ()
    confusion: tuple[tuple[float, ...], ...] = ()
    counts: tuple[tuple[float, ...], ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Consensus of every task, every annotator's quality, agreement (JSON, `sync.agreement.report`), warnings.

    `run` is what later updates of single tasks rest on, and `voice` what a model's word was worth (`sync.voice`, as
    JSON; None where none was asked); only choices have them.
    """

    control: Control
    consensus: Sequence[Consensus]
    annotators: tuple[AnnotatorQuality, ...]
    agreement: dict[str, Any]
    warnings: tuple[str, ...] = ()
    run: Confusions | None = None
    voice: dict[str, Any] | None = None
