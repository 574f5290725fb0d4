"""The shapes that answers have: how each is read from Label Studio, written as a short text, and judged.

A structured answer travels as JSON, the same in the store, in files and in the functions that judge it:

| kind | value |
|---|---|
| choice, distribution | None: the label says it all |
| rating, number | a number (a rated choice: its position in the control's labels, from 1) |
| multi | sorted list of labels; [] is "none of them" |
| taxonomy | sorted list of paths, each a list of labels from the top |
| text | list of strings |
| spans | list of {"start", "end", "label", "unit"}: characters; unit is the paragraph of a dialogue, else 0 |
| segments | list of {"start", "end", "label", "unit"}: seconds, frames or time values; unit is the channel, else 0 |
| boxes | list of {"x", "y", "width", "height", "rotation", "label", "unit"}: percent; unit is the image's place; of a
turned one also "aspect", width over height of the image |
| polygons | list of {"points": [[x, y], ...], "label", "unit"}: percent |

A consensus has the same form, and more: regions have "probability", "votes" and "of"; of ratings and numbers it is
{"value", "mean", "low", "high"}, of a distribution {"distribution", "width", "entropy"} (`sync.values.plain` gives the
bare value).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from cueloop.declared import DISTRIBUTION, ORDERED
from cueloop.label_config import answer
from cueloop.label_config import to_result as of_choice
from cueloop.types import Control
from sync.observations import Observations
from sync.outcome import Outcome

CHOICES = ("choice", "distribution")
"""Kinds whose answers are one label each."""

REGIONS = ("spans", "segments", "boxes", "polygons")
"""Kinds whose answers are regions, matched by overlap."""

TEXT_LENGTH = 200
"""Characters of the short text of a structured answer."""


def read(control: Control, result: Sequence[Mapping[str, Any]]) -> tuple[str, Any] | None:
    """What an annotation's result says on a control: (label or short text, value); None when it says nothing.

    For regions and several choices an annotation without any is an answer too: there is nothing.
    """
    if control.kind in CHOICES or control.modelled:
        label = answer(control, result)
        return None if label is None else (label, None)
    value = _room(control.kind).read(control, result)
    return None if value is None else (text(control.kind, value), value)


def text(kind: str, value: Any) -> str:
    """A short text of a structured answer, for lists and CSV files."""
    return str(_room(kind).text(kind, value))[:TEXT_LENGTH]


def to_result(control: Control, label: str | None, value: Any, *, known: Sequence[Mapping[str, Any]] = (),
              data: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """An annotation's result that says a consensus (its label and value): what `read` understands, the other way.

    `known` are results of the task's annotations and `data` its fields, from which regions take what canonical values
    do not hold (`sync.regions.write`). Empty where nothing is to be said, and for a distribution: it has no winner.
    """
    if control.kind == "distribution":
        return []
    if value is None:
        return of_choice(control, label) if label and control.modelled else []
    if control.kind in REGIONS:
        from sync.regions.write import to_result as of_regions

        return of_regions(control, value, known=known, data=data)
    from sync.values.writing import to_result as of_value

    return of_value(control, value)


def judge(control: Control, seen: Observations, **options: Any) -> Outcome:
    """Consensus, annotators and agreement of all answers to one control."""
    if control.kind == "choice":
        from sync.choice import judge as judge_choice

        return judge_choice(control, seen, **options)
    outcome: Outcome = _room(control.kind).judge(control, seen, **options)
    return outcome


def agreement(control: Control, seen: Observations, outcome: Outcome) -> dict[str, Any]:
    """Agreement in all its cuts (`sync.agreement.report`); other shapes than a choice have that in their outcome."""
    if control.kind != "choice":
        return outcome.agreement
    from sync.agreement.report import agreement_report

    return agreement_report(seen, level="nominal")


def declared(control: Control, labels: str | None) -> Control:
    """The control as the rules declare its labels (`cueloop.declared`): its kind may be another one then."""
    from dataclasses import replace

    if control.kind == "choice" and labels in (ORDERED, DISTRIBUTION):
        return replace(control, kind="rating" if labels == ORDERED else "distribution")
    return control


def _room(kind: str) -> Any:
    """The package that knows a kind, imported when it is needed."""
    return import_module("sync.regions" if kind in REGIONS else "sync.values")
