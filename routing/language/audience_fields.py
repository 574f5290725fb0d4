"""How the people who may be asked are spelled in a rules file."""

from __future__ import annotations

from dataclasses import fields

from ruamel.yaml.nodes import Node

from routing.language.audience import Audience, Mix, Nobody
from routing.language.reader import Reader
from routing.language.shapes import (
    ADDRESSES,
    DURATION,
    SHARE,
    TASK_FIELD,
    TEXT,
    TEXTS,
    Field,
    Fields,
    Nodes,
    Shape,
    Values,
    integer,
    named,
    record,
)


def _check_nobody(reader: Reader, _node: Node, nodes: Nodes, _values: Values) -> None:
    if "after" in nodes and not nodes.keys() & {"widen", "escalate"}:
        reader.refuse(nodes["after"], "`if_nobody` says what happens then: `widen` or `escalate`")


NOBODY_FIELDS: Fields = {
    "after": Field(DURATION, "how long nobody who may be asked must have been found", needed=True),
    "widen": Field(TEXTS, "teams or skills whose people may then be asked as well, whatever else was demanded"),
    "escalate": Field(TEXTS, "e-mail addresses or teams of those who then decide")}
NOBODY = record(NOBODY_FIELDS, lambda values: Nobody(**{"after": 0.0, **values}), _check_nobody,
                one_of=("widen", "escalate"))

MIX_FIELDS: Fields = {
    "same_as": Field(TASK_FIELD, "field of the task that holds the value they must have", into="value"),
    "value": Field(TEXT, "the value they must have"),
    "at_least": Field(integer(1), "how many of those asked or who answered (default 1)")}



def _check_mix(reader: Reader, node: Node, nodes: Nodes, _values: Values) -> None:
    if len(nodes.keys() & {"same_as", "value"}) != 1:
        reader.refuse(node, "`mix` needs either `value`, e.g. senior, or `same_as`, e.g. task.culture")


MIXES = named(record(MIX_FIELDS, lambda values: values, _check_mix, one_of=("value", "same_as")), "`mix` of")


def _mixes(reader: Reader, node: Node, what: str) -> tuple[Mix, ...]:
    return tuple(Mix(attribute, said.get("value", ""), said.get("at_least", 1))
                 for attribute, said in MIXES.read(reader, node, what).items())


MIX = Shape(_mixes, MIXES.schema)

AUDIENCE: Fields = {
    "people": Field(ADDRESSES, "e-mail addresses of those who may be asked"),
    "team": Field(TEXTS, "they belong to one of these teams", into="teams"),
    "teams": Field(TEXTS, "the same as `team`"),
    "skill": Field(TEXTS, "they have all of these skills", into="skills"),
    "skills": Field(TEXTS, "the same as `skill`"),
    "language": Field(TEXTS, "they speak all of these languages", into="languages"),
    "languages": Field(TEXTS, "the same as `language`"),
    "seniority": Field(TEXT, "they are at least that senior, in the order of the team file"),
    "qualified": Field(SHARE, "their least accuracy on the labels in question, as measured or declared, e.g. `70%`"),
    "never": Field(ADDRESSES, "e-mail addresses of people who must not be asked, or `task.FIELD`s that hold one"),
    "not_same": Field(TEXTS, "attributes in which those asked or who answered must all differ, e.g. supervisor"),
    "mix": Field(MIX, "for an attribute, how many of those asked or who answered must have a value"),
    "if_nobody": Field(NOBODY, "what happens when nobody who may be asked is found"),
}
"""Demands on people; all hold at once. A text that begins with `task.` is read from the task's data."""

PARTS = frozenset(field.name for field in fields(Audience))


def audience(values: Values) -> Audience:
    """Takes what belongs to the audience out of a record's values."""
    return Audience(**{name: values.pop(name) for name in list(values) if name in PARTS})
