"""How actions are spelled in a rules file."""

from __future__ import annotations

from typing import Any

from ruamel.yaml.nodes import Node

from routing.language.actions import EXPERTISE, Accept, Ask, Escalate, Queues, Reopen, Review, Stop
from routing.language.audience_fields import AUDIENCE, audience
from routing.language.reader import Reader
from routing.language.shapes import (
    ADDRESSES,
    CONDITION,
    DURATION,
    SHARE,
    Field,
    Fields,
    Nodes,
    Shape,
    Values,
    choice,
    integer,
    record,
)

SCOPES = ("whole", "disagreed_regions")
RETURNS = ("author",)
DEMANDS = frozenset({"people", "teams", "skills", "languages", "seniority", "qualified"})
"""What says who is meant, not only who is not."""

ACCEPT: Fields = {
    "audit": Field(SHARE, "share (e.g. `5%`) of tasks that people see blind instead; never shown a suggestion")}

ASK: Fields = {
    "n": Field(integer(1), "how many more people (default 1)"),
    "max": Field(integer(1), "answers in all beyond which this rule asks nobody"),
    "expertise": Field(choice(EXPERTISE), "`likeliest_two`: who tells the two likeliest labels apart best; "
                                          "`all_labels` (default): who tells most"),
    "until": Field(CONDITION, "a condition; once it is true, nobody more is asked"),
    **AUDIENCE}

ESCALATE: Fields = {
    "to": Field(ADDRESSES, "e-mail addresses of those who decide", into="people"),
    **AUDIENCE}

REVIEW: Fields = {
    "scope": Field(choice(SCOPES), "what they are asked to look at: `whole` (default) or `disagreed_regions`"),
    "returns_to": Field(choice(RETURNS), "`author`: whose answer was corrected is told, with a link"),
    **AUDIENCE}

QUEUES: Fields = {
    "hold": Field(DURATION, "time's worth of work in each queue, e.g. `2h` (default), by the annotator's own median"),
    "at_least": Field(integer(1), "tasks in each queue, however slow (default 20)"),
    "at_most": Field(integer(1), "tasks in each queue, however quick (default 300)"),
    "return_after": Field(DURATION, "after so long without a sign of life, somebody's tasks go to others "
                                    "(default `24h`)")}


def _ask(values: Values) -> Ask:
    return Ask(who=audience(values), **values)


def _check_ask(reader: Reader, _node: Node, nodes: Nodes, values: Values) -> None:
    n, most = values.get("n", 1), values.get("max")
    if most is not None and most < n:
        reader.refuse(nodes["max"], f"`max` is {most}, below `n` ({n}): so many can never be asked")
    for mix in values.get("mix", ()) if most is not None else ():
        if mix.at_least > most:
            reader.refuse(nodes["mix"], f"`max` is {most}, so {mix.at_least} people of one {mix.attribute} can never "
                                        "be asked")


def _escalate(values: Values) -> Escalate:
    return Escalate(who=audience(values))


def _check_escalate(reader: Reader, node: Node, _nodes: Nodes, values: Values) -> None:
    if not values.keys() & DEMANDS:
        reader.refuse(node, "`escalate` names nobody: say `to`, a list of e-mail addresses, or `team`, `skill` ...")


def _review(values: Values) -> Review:
    return Review(who=audience(values), **values)


def _check_queues(reader: Reader, _node: Node, nodes: Nodes, values: Values) -> None:
    queues = Queues(**values)
    if queues.at_most < queues.at_least and "at_most" in nodes:
        reader.refuse(nodes["at_most"], f"`at_most` is {queues.at_most}, below `at_least` ({queues.at_least})")


ASK_SHAPE = record(ASK, _ask, _check_ask)

ACTION_FIELDS: dict[str, Fields] = {
    "escalate": ESCALATE, "reopen": ASK, "stop": {}, "accept": ACCEPT, "review": REVIEW, "ask": ASK}
"""Fields of each action."""

SHAPES: dict[str, Shape[Any]] = {
    "escalate": record(ESCALATE, _escalate, _check_escalate, one_of=[
        name for name, field in ESCALATE.items() if (field.into or name) in DEMANDS]),
    "reopen": record(ASK, lambda values: Reopen(_ask(values)), _check_ask),
    "stop": record({}, lambda _values: Stop()),
    "accept": record(ACCEPT, lambda values: Accept(**values)),
    "review": record(REVIEW, _review),
    "ask": ASK_SHAPE}
"""How each action is read."""

QUEUES_SHAPE = record(QUEUES, lambda values: Queues(**values), _check_queues)
