"""Reads `team.yaml`: people and what is known of them. Every mistake is told at once, with its line and column.

    version: 1
    teams:
      students: {seniority: junior, cost: 18 EUR/h}
    people:
      ada@example.org: {teams: [students], languages: [de, en], hours: 10h/week}
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from cueloop.language.words import UNITS, suggest
from routing.language.mistakes import RulesRefused
from routing.language.reader import Reader, text_of
from routing.language.scopes import Scope
from routing.language.vocabulary import FUNCTIONS
from routing.people.team import WORDS, Person, Team

FILE_FIELDS = ("version", "currency", "seniority", "teams", "people")
LARGEST = 1_000_000
"""Bytes of a team file: more is some other file."""

WEEK = 7 * 86_400.0

OF_FIELDS = Scope(signals={}, functions={"known": FUNCTIONS["known"]}, measures={})
"""`never` reads fields of the task only: it is about what a task is, not about how it stands."""


def load(path: Path) -> Team:
    """Read a team file. Raises RulesRefused listing every mistake, RulesError when it cannot be read at all."""
    return parse(text_of(path, "team file", LARGEST), str(path))


def parse(text: str, file: str = "team.yaml") -> Team:
    """Read a team from a text; `file` names it in mistakes. Raises RulesRefused listing every mistake."""
    reader = Reader()
    root = reader.root(text)
    team = Team(file=file, text=text, hash=hashlib.sha256(text.encode()).hexdigest())
    if root is not None:
        fields = reader.mapping(root, FILE_FIELDS, "a team file")
        if isinstance(root, MappingNode):
            _version(reader, root, fields)
        if "currency" in fields:
            team = replace(team, currency=reader.text(fields["currency"], "`currency`"))
        if "seniority" in fields:
            team = replace(team, seniority=_order(reader, fields["seniority"]))
        team = _people(reader, fields, team)
    if reader.mistakes:
        raise RulesRefused(file, reader.mistakes)
    return team


def _version(reader: Reader, root: Node, fields: Mapping[str, Node]) -> None:
    node = fields.get("version")
    if node is None:
        reader.refuse(root, "a team file needs `version: 1`")
    elif str(node.value) != "1":
        reader.refuse(node, f"this Cueloop reads version 1 of team files, not `{node.value}`")


def _order(reader: Reader, node: Node) -> tuple[str, ...]:
    words = _names(reader, node, "`seniority`")
    if len({word.casefold() for word in words}) < len(words):
        reader.refuse(node, "`seniority` names a word twice; list each once, from the least to the most senior")
    return words


def _people(reader: Reader, fields: Mapping[str, Node], team: Team) -> Team:
    """The team with its people, each with what their teams say of all their people."""
    units: dict[str, Node] = {}
    teams = {}
    for name, node in reader.pairs(fields["teams"], "`teams`") if "teams" in fields else ():
        teams[name] = _read(reader, node, f"team {name}", COMMON, team, units)
    people: dict[str, Person] = {}
    if "people" not in fields:
        if isinstance(fields.get("version"), ScalarNode):
            reader.refuse(fields["version"], "a team file needs `people`, e-mail addresses with what is known of each")
        return team
    for address, node in reader.pairs(fields["people"], "`people`"):
        email = address.strip().lower()
        if "@" not in email:
            reader.refuse(node, f"`people` lists e-mail addresses as in Label Studio, and `{address}` is none")
        elif email in people:
            reader.refuse(node, f"`{email}` stands twice in `people`; keep one")
        else:
            people[email] = _person(reader, email, node, team, teams, units)
    currency = _currency(reader, team.currency, units)
    return replace(team, people=people, currency=currency)


def _person(reader: Reader, email: str, node: Node, team: Team, teams: Mapping[str, dict[str, Any]],
            units: dict[str, Node]) -> Person:
    own = _read(reader, node, f"`{email}`", ("teams", *COMMON), team, units)
    merged: dict[str, Any] = {}
    for name in own.get("teams", ()):
        if teams and name not in teams:
            reader.refuse(_at(node, "teams"), f"there is no team `{name}` under `teams`{suggest(name, teams)}")
        for what, value in teams.get(name, {}).items():
            merged[what] = _joined(merged.get(what), value) if what in merged else value
    for what, value in own.items():
        merged[what] = _joined(value, merged[what]) if what in merged else value
    said: dict[str, Any] = {what: frozenset(value) if isinstance(value, tuple) else value
                            for what, value in merged.items()}
    return replace(Person(email=email, line=node.start_mark.line + 1), **said)


def _joined(first: Any, second: Any) -> Any:
    """What is nearer to the person counts; lists and sets of names are put together."""
    if isinstance(first, tuple):
        return (*first, *second)
    return {**second, **first} if isinstance(first, dict) else first


def _read(reader: Reader, node: Node, what: str, allowed: tuple[str, ...], team: Team,
          units: dict[str, Node]) -> dict[str, Any]:
    if isinstance(node, ScalarNode) and not node.value:
        return {}                       # an address alone: known, and nothing is said of them
    fields = reader.mapping(node, allowed, what)
    return {name: FIELDS[name](reader, value, team, units) for name, value in fields.items()}


def _names(reader: Reader, node: Node, what: str) -> tuple[str, ...]:
    """A list of words, or one word."""
    nodes = [node] if isinstance(node, ScalarNode) else reader.items(node, what)
    return tuple(str(one.value).strip() for one in nodes if _is_name(reader, one, what))


def _is_name(reader: Reader, node: Node, what: str) -> bool:
    """A name, also one that YAML takes for something else: `no` is Norwegian."""
    if isinstance(node, ScalarNode) and str(node.value).strip():
        return True
    reader.refuse(node, f"{what} lists names")
    return False


def _seniority(reader: Reader, node: Node, team: Team) -> str:
    word = str(node.value) if isinstance(node, ScalarNode) else ""
    if team.rank(word) is None:
        return reader.choice(node, "`seniority`", team.seniority)
    return word


def _attributes(reader: Reader, node: Node) -> dict[str, str]:
    found = {}
    for name, value in reader.pairs(node, "`attributes`"):
        if name in WORDS:
            reader.refuse(value, f"`{name}` is no attribute of your own: write it as a field beside `attributes`")
        elif _is_name(reader, value, f"attribute `{name}`"):
            found[name] = str(value.value).strip()
    return found


def _qualified(reader: Reader, node: Node) -> dict[str, float]:
    return {label: reader.share(value, f"accuracy on `{label}`") for label, value in
            reader.pairs(node, "`qualified`")}


def _hours(reader: Reader, node: Node) -> float:
    """Seconds of work in seven days, from e.g. `20h/week` or `4h/day`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([mh])\s*/\s*(week|day)", _plain(node))
    if match and 0 < float(match[1]) * UNITS[match[2]] <= (WEEK if match[3] == "week" else WEEK / 7):
        return float(match[1]) * UNITS[match[2]] * (1 if match[3] == "week" else 7)
    reader.refuse(node, f"`hours` is time of work a week, e.g. 20h/week or 4h/day, not `{_plain(node)[:40]}`")
    return 0.0


def _capacity(reader: Reader, node: Node) -> int:
    match = re.fullmatch(r"(\d{1,9})\s*/\s*day", _plain(node))
    if match:
        return int(match[1])
    reader.refuse(node, f"`capacity` is tasks a day, e.g. 60/day, not `{_plain(node)[:40]}`")
    return 0


def _cost(reader: Reader, node: Node, _team: Team, units: dict[str, Node]) -> float:
    """Money an hour, from `30 EUR/h`, `30/h` or 30."""
    match = re.fullmatch(r"(\d{1,12}(?:\.\d+)?)\s*([^\W\d_]{1,12}|[$€£¥])?\s*(?:/\s*h)?", _plain(node))
    if match:
        units.setdefault(match[2] or "", node)
        return float(match[1])
    reader.refuse(node, f"`cost` is what an hour costs, e.g. 30 EUR/h or 30, not `{_plain(node)[:40]}`")
    return 0.0


def _currency(reader: Reader, said: str, units: Mapping[str, Node]) -> str:
    """The one currency of a file; amounts without one are in it."""
    named = [unit for unit in units if unit]
    currency = said or (named[0] if named else "")
    for unit in named:
        if unit != currency:
            reader.refuse(units[unit], f"this cost is in {unit}, others are in {currency}: amounts are added up, so a "
                                       "team file has one currency")
    return currency


def _time_zone(reader: Reader, node: Node) -> str:
    from zoneinfo import available_timezones

    known = available_timezones()
    word = _plain(node)
    if word not in known:
        reader.refuse(node, f"there is no time zone `{word[:40]}`{suggest(word, known)}; "
                            "write it as in Europe/Berlin or UTC")
        return "UTC"
    return word


def _plain(node: Node) -> str:
    return str(node.value).strip() if isinstance(node, ScalarNode) else ""


def _at(node: Node, field: str) -> Node:
    """The value under a key of a mapping, or the mapping itself."""
    pairs = node.value if isinstance(node, MappingNode) else ()
    return next((value for key, value in pairs if str(key.value) == field), node)


Field = Callable[[Reader, Node, Team, dict[str, Node]], Any]

FIELDS: dict[str, Field] = {
    "teams": lambda reader, node, _team, _units: _names(reader, node, "`teams`"),
    "skills": lambda reader, node, _team, _units: _names(reader, node, "`skills`"),
    "languages": lambda reader, node, _team, _units: _names(reader, node, "`languages`"),
    "seniority": lambda reader, node, team, _units: _seniority(reader, node, team),
    "attributes": lambda reader, node, _team, _units: _attributes(reader, node),
    "qualified": lambda reader, node, _team, _units: _qualified(reader, node),
    "hours": lambda reader, node, _team, _units: _hours(reader, node),
    "capacity": lambda reader, node, _team, _units: _capacity(reader, node),
    "cost": _cost,
    "share": lambda reader, node, _team, _units: reader.share(node, "`share`"),
    "never": lambda reader, node, _team, _units: reader.condition(node, "`never`", OF_FIELDS),
    "time_zone": lambda reader, node, _team, _units: _time_zone(reader, node),
}
"""Fields of a person, in the order in which the documentation tells of them."""

COMMON = tuple(name for name in FIELDS if name != "teams")
"""Fields that a team may have for all its people."""
