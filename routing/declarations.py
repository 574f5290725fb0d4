"""What a rules file declares beside its rules: read from YAML into `cueloop.declared`, with every mistake's place.

The words stand at the top level of the file and hold for the whole project; rules are about single tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ruamel.yaml.nodes import Node

from cueloop.declared import DISTRIBUTION, ONE, ORDERED, Costs, Declared, Gold, Recheck
from routing.reader import Reader

LABELS = (ONE, ORDERED, DISTRIBUTION)
"""What a control's labels may be declared to be: one of them is right; they have an order; people may differ."""

MOST = 0.5
"""Largest share of somebody's work that may be gold, or asked again: with more there is no work to mix it into."""


def read_declared(reader: Reader, fields: Mapping[str, Node]) -> Declared:
    """Read those of a file's `fields` that are declarations."""
    found = Declared()
    for name in DECLARATIONS:
        if name in fields:
            found = READERS[name](reader, fields[name], found)
    return found


def _controls(reader: Reader, node: Node, found: Declared) -> Declared:
    labels = {}
    for name, value in reader.pairs(node, "`controls`"):
        inner = reader.mapping(value, ("labels",), f"control `{name}`")
        if "labels" in inner:
            word = reader.choice(inner["labels"], "`labels`", LABELS)
            if word in (ORDERED, DISTRIBUTION):
                labels[name] = word
    return replace(found, labels=labels)


def _gold(reader: Reader, node: Node, found: Declared) -> Declared:
    fields = reader.mapping(node, Gold.__slots__, "`gold`")
    return replace(found, gold=Gold(
        share=_share(reader, fields["share"]) if "share" in fields else 0.0,
        imported=reader.flag(fields["imported"], "`imported`") if "imported" in fields else False))


def _recheck(reader: Reader, node: Node, found: Declared) -> Declared:
    fields = reader.mapping(node, Recheck.__slots__, "`recheck`")
    return replace(found, recheck=Recheck(
        share=_share(reader, fields["share"]) if "share" in fields else 0.0,
        after=reader.duration(fields["after"], "`after`") if "after" in fields else Recheck().after))


def _costs(reader: Reader, node: Node, found: Declared) -> Declared:
    fields = reader.mapping(node, Costs.__slots__, "`costs`")
    people = {}
    for address, rate in reader.pairs(fields["people"], "`people`") if "people" in fields else ():
        if "@" not in address:
            reader.refuse(rate, f"`people` maps e-mail addresses to what an hour costs, and `{address}` is none")
        people[address.lower()] = reader.amount(rate, f"`{address}`")
    return replace(found, costs=Costs(
        currency=reader.text(fields["currency"], "`currency`") if "currency" in fields else "", people=people,
        per_hour=reader.amount(fields["per_hour"], "`per_hour`") if "per_hour" in fields else None,
        machine_per_hour=(reader.amount(fields["machine_per_hour"], "`machine_per_hour`")
                          if "machine_per_hour" in fields else None)))


def _share(reader: Reader, node: Node) -> float:
    before = len(reader.mistakes)
    share = reader.share(node, "`share`")
    if share > MOST:
        reader.refuse(node, f"`share` is at most {MOST:.0%} of somebody's work, not {node.value}")
    return share if len(reader.mistakes) == before else 0.0


READERS: dict[str, Callable[[Reader, Node, Declared], Declared]] = {
    "controls": _controls, "gold": _gold, "recheck": _recheck, "costs": _costs}

DECLARATIONS = tuple(READERS)
"""Top-level words of a rules file that declare something."""
