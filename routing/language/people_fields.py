"""How checks of people, their limits and the project's budget are spelled in a rules file."""

from __future__ import annotations

from typing import Any

from ruamel.yaml.nodes import MappingNode, Node

from cueloop.declared import Gold, Recheck
from cueloop.language.words import UNITS, suggest
from routing.language.actions import Budget, Limit, Pause
from routing.language.reader import Reader
from routing.language.shapes import (
    ABOUT_PEOPLE,
    CONDITION,
    DURATION,
    EXPRESSION,
    FLAG,
    NUMBER_PATTERN,
    SHARE,
    Field,
    Fields,
    Nodes,
    Shape,
    Values,
    always,
    choice,
    integer,
    record,
    schema_of,
)

MOST = 0.5
"""Largest share of somebody's work that may be gold, or asked again: with more there is no work to mix it into."""

PERIODS = {"day": 86_400.0, "week": 7 * 86_400.0}
RATES = {"h": "per_hour", "hour": "per_hour", "d": "per_person_day", "day": "per_person_day"}
WHEN_SPENT = ("queue", "stop_new")

HOURS_PATTERN = rf"{NUMBER_PATTERN}([smhd])\s*/\s*(day|week)"
MONEY_PATTERN = rf"(?P<amount>{NUMBER_PATTERN})(\s*(?P<currency>[^\W\d]{{1,4}}|[€$£¥]))?"


def _part(reader: Reader, node: Node, what: str) -> float:
    share = reader.share(node, what)
    if share > MOST:
        reader.refuse(node, f"{what} is at most {MOST:.0%} of somebody's work, not {node.value}")
    return min(share, MOST)


def _rate(reader: Reader, node: Node, what: str) -> tuple[tuple[str, int], ...]:
    match = reader.match(node, what, r"([1-9]\d{0,8})\s*/\s*(hour|h|day|d)", "so many an hour or a day, e.g. 40/h")
    return ((RATES[match[2]], int(match[1])),) if match else ()


def _per(unit: str) -> Shape[int | None]:
    def read(reader: Reader, node: Node, what: str) -> int | None:
        match = reader.match(node, what, rf"([1-9]\d{{0,8}})(?:\s*/\s*{unit})?",
                             f"a whole number of at least 1, e.g. 40 or 40/{unit[0]}")
        return int(match[1]) if match else None

    return Shape(read, {"type": ["integer", "string"], "minimum": 1, "pattern": rf"^[1-9]\d*(\s*/\s*{unit})?$"})


def _money(reader: Reader, node: Node, what: str) -> tuple[float, str] | None:
    match = reader.match(node, what, MONEY_PATTERN, "an amount of money, e.g. 400 EUR")
    return (float(match["amount"]), match["currency"] or "") if match else None


PART: Shape[float] = Shape(_part, {**SHARE.schema, "maximum": MOST})
RATE = Shape(_rate, {"type": "string", "pattern": r"^[1-9]\d*\s*/\s*(hour|h|day|d)$"})
MONEY = Shape(_money, {"type": ["number", "string"], "minimum": 0, "pattern":
                       rf"^{NUMBER_PATTERN}(\s*([A-Za-z]{{1,4}}|[€$£¥]))?$"})

GOLD: Fields = {
    "share": Field(PART, "share of everybody's work that is ground truth, up to `50%` (default none)"),
    "imported": Field(FLAG, "`true`: marks that came with an import count as ground truth too (default `false`)"),
    "never_twice": Field(always("who saw the answer once is no longer checked by it"),
                         "`true`, which it always is: nobody gets the same ground truth twice")}

RECHECK: Fields = {
    "share": Field(PART, "share of everybody's work that they are asked again, up to `50%` (default none)"),
    "after": Field(DURATION, "how old an answer must be to be asked again (default `3d`)"),
    "same_person": Field(always("`recheck` measures how consistent somebody is; to ask others, use `ask`"),
                         "`true`, which it always is: who answered first is asked again")}

PAUSE: Fields = {
    "when": Field(ABOUT_PEOPLE, "a condition on an annotator", needed=True),
    "after": Field(integer(0), "answers that there must be before (default 0): to ground truth where the condition "
                               "names it, else any"),
    "tell": Field(FLAG, "`true` (default): the annotator is told, and why"),
    "training": Field(integer(0), "ground-truth tasks to get right before they are asked again; 0 (default): until an "
                                  "admin lifts the pause")}

LIMIT: Fields = {
    "seen": Field(CONDITION, "only tasks for which this condition holds count, e.g. `task.graphic == true`"),
    "per_person": Field(RATE, "answers that one person may be asked for, `40/h` or `200/d`", into="rates"),
    "per_person_day": Field(_per("day"), "tasks that one person may be shown in a day of their time zone"),
    "per_hour": Field(_per("h(?:our)?"), "answers that one person may be asked for in an hour")}

FILE_LIMIT: Fields = {
    **{name: field for name, field in LIMIT.items() if name != "seen"},
    "share_of_all": Field(SHARE, "most of the project's answers that one person may give")}

BUDGET: Fields = {
    "money": Field(MONEY, "what the project may spend, e.g. `400 EUR`"),
    "per_item": Field(EXPRESSION, "the most that one task may cost, e.g. `task.duration_s * 0.02`"),
    "when_spent": Field(choice(WHEN_SPENT), "`queue` (default): tasks wait for new money or hours; `stop_new`: what is "
                                            "begun is finished, no new task is begun")}


def _gold(values: Values) -> Gold:
    values.pop("never_twice", None)
    return Gold(**values)


def _recheck(values: Values) -> Recheck:
    values.pop("same_person", None)
    return Recheck(**values)


def _pause(values: Values) -> Pause | None:
    return Pause(**values) if values.get("when") else None


def _limit(values: Values) -> Limit:
    return Limit(**dict(values.pop("rates", ())) | values)


def _limit_of_rule(reader: Reader, node: Node, what: str) -> Limit:
    """A share of all answers is no part of it: who wrote one is told where it belongs."""
    for key, _ in node.value if isinstance(node, MappingNode) else ():
        if key.value == "share_of_all":
            reader.refuse(key, "`share_of_all` is of all answers of the project, so no rule can have it: write it in "
                               "`limit` at the top level of the file, or as `share` of a person in the team file")
            return Limit()
    return _LIMIT.read(reader, node, what)


def _check_limit(reader: Reader, node: Node, nodes: Nodes, values: Values) -> None:
    if not values.keys() - {"seen"}:
        reader.refuse(node, "`limit` needs a number: `per_person: 40/h`, `per_person_day: 60` or, for the whole file, "
                            "`share_of_all: 15%`")
    for name, _ in values.get("rates", ()):
        if name in nodes:
            reader.refuse(nodes[name], f"`{name}` and `per_person` say the same; keep one")
    if values.get("share_of_all") == 0:
        reader.refuse(nodes["share_of_all"], "`share_of_all` is more than 0%: nobody could be asked")


def _budget(reader: Reader, node: Node, what: str) -> Budget:
    """Fields of its own, and teams with their hours."""
    teams: list[tuple[str, float, float]] = []
    values: dict[str, Any] = {}
    for name, value in reader.pairs(node, what):
        if name in BUDGET:
            values[name] = BUDGET[name].shape.read(reader, value, f"`{name}`")
            continue
        near = suggest(name, BUDGET)
        match = reader.match(value, f"`{name}`" + (f" ({near.strip(', ')})" if near else ""), HOURS_PATTERN,
                             "the time of a team of that name, e.g. 6h/week")
        if match:
            teams.append((name, float(match[1]) * UNITS[match[3]], PERIODS[match[4]]))
    amount, currency = values.pop("money", None) or (None, "")
    return Budget(money=amount, currency=currency, teams=tuple(teams), **values)


GOLD_SHAPE = record(GOLD, _gold)
RECHECK_SHAPE = record(RECHECK, _recheck)
PAUSE_SHAPE = record(PAUSE, _pause)
_LIMIT = record(LIMIT, _limit, _check_limit, one_of=[name for name in LIMIT if name != "seen"])
LIMIT_SHAPE = Shape(_limit_of_rule, _LIMIT.schema)
FILE_LIMIT_SHAPE = record(FILE_LIMIT, _limit, _check_limit, one_of=list(FILE_LIMIT))
BUDGET_SHAPE = Shape(_budget, schema_of(BUDGET) | {
    "additionalProperties": {"type": "string", "pattern": f"^{HOURS_PATTERN}$", "description": "the time of a team"}})
