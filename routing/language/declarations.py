"""What a rules file declares beside its rules: read from YAML into `cueloop.declared`, with every mistake's place.

The words stand at the top level of the file and hold for the whole project; rules are about single tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruamel.yaml.nodes import Node

from cueloop.declared import DISTRIBUTION, ONE, ORDERED, Costs, Declared
from routing.language.people_fields import GOLD_SHAPE, MOST, RECHECK_SHAPE
from routing.language.reader import Reader
from routing.language.shapes import AMOUNT, TEXT, Field, Fields, Shape, Values, choice, named, record

__all__ = ["CONTROL", "COSTS", "DECLARATIONS", "LABELS", "MOST", "declared"]

LABELS = (ONE, ORDERED, DISTRIBUTION)
"""What a control's labels may be declared to be: one of them is right; they have an order; people may differ."""

CONTROL: Fields = {
    "labels": Field(choice(LABELS), "`one` (default): one label is right; `ordered`: labels have an order, near misses "
                                    "are near; `distribution`: people may differ, and the aim is how many say what")}


def _rates(reader: Reader, node: Node, what: str) -> dict[str, float]:
    rates = {}
    for address, rate in reader.pairs(node, what):
        if "@" not in address:
            reader.refuse(rate, f"{what} maps e-mail addresses to what an hour costs, and `{address}` is none")
        rates[address.lower()] = AMOUNT.read(reader, rate, f"`{address}`")
    return rates


COSTS: Fields = {
    "currency": Field(TEXT, "what costs are told in, e.g. `EUR`"),
    "per_hour": Field(AMOUNT, "what an annotator's hour costs; without it costs are unknown"),
    "people": Field(Shape(_rates, {"type": "object", "propertyNames": {"pattern": "@"},
                                   "additionalProperties": AMOUNT.schema}), "other rates, by e-mail address"),
    "machine_per_hour": Field(AMOUNT, "what the machine's hour costs")}


def _control(values: Values) -> str:
    return str(values.get("labels", ONE))


DECLARATIONS: dict[str, Shape[Any]] = {
    "controls": named(record(CONTROL, _control), "control"),
    "gold": GOLD_SHAPE,
    "recheck": RECHECK_SHAPE,
    "costs": record(COSTS, lambda values: Costs(**values))}
"""Top-level words of a rules file that declare something."""


def declared(values: Mapping[str, Any]) -> Declared:
    """From what was read of a file's fields."""
    labels = {name: word for name, word in values.get("controls", {}).items() if word in (ORDERED, DISTRIBUTION)}
    return Declared(labels=labels, **{name: values[name] for name in ("gold", "recheck", "costs") if name in values})
