"""What a label config allows a model to say. Nothing else is ever answered, whatever model answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cueloop.label_config import to_result
from cueloop.types import Control

LINK = "relation"
"""Type of an item that links two regions: it belongs to no control."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be said in the name of one control."""

    to_names: frozenset[str]
    type: str
    labels: frozenset[str]
    """Empty: the config lists none, e.g. `TextArea`, or labels that come with the task."""
    needed: bool
    """An answer without a label is none; a region without one is."""


@lru_cache(maxsize=32)
def rules(controls: tuple[Control, ...]) -> Mapping[str, Rule]:
    """{control: what may be said in its name}."""
    return {c.name: Rule(frozenset(name.strip() for name in c.to_name.split(",")), c.type.lower(),
                         frozenset(c.labels), c.type in {"Choices", "Taxonomy"}) for c in controls}


@lru_cache(maxsize=32)
def sayable(controls: tuple[Control, ...], config: tuple[Control, ...]) -> tuple[Control, ...]:
    """Those controls in whose name `config` allows each of their labels.

    A model of our own says one label of a control that it is asked about, and nothing else: what it says of these
    need not be looked at item by item.
    """
    named = rules(config)
    return tuple(one for one in controls if all(allows(named, to_result(one, label)) for label in one.labels))


def allows(named: Mapping[str, Rule], result: object) -> bool:
    """Whether every item of a result names a control of the config, its object, its type, and labels that it has."""
    return isinstance(result, list) and all(_allows(named, item) for item in result)


def fault(named: Mapping[str, Rule], result: object) -> str:
    """Why a result is not allowed, in words of the config only: what a model says may quote a text."""
    items = result if isinstance(result, list) else [None]
    item = next((one for one in items if not _allows(named, one)), None)
    name = item.get("from_name") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or not isinstance(name, str) or name not in named:
        return "no control of the config"
    rule, to_name = named[name], item.get("to_name")
    if item.get("type") != rule.type or not isinstance(to_name, str) or to_name not in rule.to_names:
        return f"{name}: another type or object"
    return f"{name}: a label that the config does not have"


def _allows(named: Mapping[str, Rule], item: Any) -> bool:
    if not isinstance(item, Mapping):
        return False
    name, to_name, value = item.get("from_name"), item.get("to_name"), item.get("value")
    if name is None:
        return item.get("type") == LINK and isinstance(item.get("from_id"), str) and isinstance(item.get("to_id"), str)
    rule = named.get(name) if isinstance(name, str) else None
    return (rule is not None and item.get("type") == rule.type and isinstance(value, Mapping)
            and isinstance(to_name, str) and to_name in rule.to_names
            and (not rule.labels or _has(rule, value.get(rule.type))))


def _has(rule: Rule, said: object) -> bool:
    if not said:
        return not rule.needed
    return isinstance(said, list) and all(label in rule.labels for label in _flat(said))


def _flat(said: Sequence[Any]) -> Iterable[Any]:
    """Labels as they stand, and those of the paths of a taxonomy. What is no text is no label of anybody."""
    for label in said:
        if isinstance(label, list):
            yield from (part if isinstance(part, str) else "" for part in label)
        else:
            yield label if isinstance(label, str) else ""
