"""Answers with one value for the whole task: several labels, levels, numbers, paths, texts, and distributions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cueloop.types import Control
from sync.observations import Observations
from sync.outcome import Outcome
from sync.values.outcomes import Known
from sync.values.reading import read
from sync.values.showing import plain, text

__all__ = ["judge", "plain", "read", "text"]


NOBODY_JUDGED = ("no task has two answers and none a ground truth, so nobody can be judged: how good they are, and "
                 "probabilities with that, is assumed")


def judge(control: Control, seen: Observations, *, known: Known | None = None) -> Outcome:
    """Consensus, annotators and agreement of the answers to a control, by its kind.

    `known`: annotators' quality from an earlier full run, by which a few tasks are judged quickly; it is handed on, and
    agreement is not looked at. Raises ValueError for a kind that is not judged here, or answers without values.
    """
    found: Outcome = _judge_of(control)(control, seen, known=known)
    if known is None and found.annotators and not any(one.details["judged"] for one in found.annotators):
        return replace(found, warnings=(*found.warnings, NOBODY_JUDGED))
    return found


def _judge_of(control: Control) -> Any:
    from importlib import import_module

    if control.kind not in ("multi", "rating", "number", "taxonomy", "text", "distribution"):
        raise ValueError(f"control {control.name!r} of kind {control.kind!r} has no value for a whole task")
    return import_module(f"sync.values.{MODULES.get(control.kind, control.kind)}").judge


MODULES = {"text": "texts"}
"""Modules that are not named like their kind."""
