"""The rules file: read, checked, frozen. Every mistake is told at once, with its line and column.

    version: 1
    rules:
      - name: clear
        when: score >= 0.95
        accept: {audit: 5%}

For each kind of action the first rule that matches counts; of the kinds that match, the first of
`vocabulary.ACTIONS` that no matching rule forbids takes effect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node

from cueloop.declared import Declared, Gold, Recheck
from cueloop.language.mistakes import Mistake
from cueloop.language.reader import say
from routing.language.actions import Accept, Action, Ask, Budget, Escalate, Limit, Pause, Queues, Reopen, Review, Stop
from routing.language.conditions import Condition, compile_condition
from routing.language.declarations import declared
from routing.language.file_fields import DEMANDING, FILE, PEOPLE, RULE
from routing.language.mistakes import RulesRefused
from routing.language.people_fields import MOST
from routing.language.reader import Reader, text_of
from routing.language.vocabulary import ACTIONS

__all__ = ["Accept", "Ask", "Escalate", "Queues", "Reopen", "Review", "Rule", "Rules", "Stop", "load", "parse"]

LARGEST = 1_000_000
"""Bytes of a rules file: more is some other file."""

Place = tuple[int, int]
"""Line and column, from 1."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: where its condition is known to be true, its action is a candidate and its vetoes hold."""

    name: str
    when: Condition
    action: Action | None
    forbid: frozenset[str]
    line: int
    control: str = ""
    """The control whose signals it reads, and whose plan it makes; empty: each."""
    priority: float | None = None
    """Added to the priority of tasks for which it holds; the first rule that names one counts, also one of 0."""
    blind: bool | None = None
    """No suggestion may be shown on tasks for which it holds; the first rule that says so, or not so, counts."""
    deadline: float | None = None
    """Seconds within which what it asks is to be answered."""
    keep_together: str = ""
    """`task.FIELD`: tasks with the same value there go to the same people."""
    gold: Gold | None = None
    """Ground truth among the work, drawn from tasks for which it holds."""
    recheck: Recheck | None = None
    """What is asked again of the same person, drawn from tasks for which it holds."""
    pause: Pause | None = None
    limit: Limit | None = None
    """Counts only tasks for which the rule holds: its condition is part of `limit.seen`."""
    at: Mapping[str, Place] = field(default_factory=dict, compare=False)
    """Where its fields stand in the file; under the empty name, the rule itself."""

    def place(self, name: str = "") -> Place:
        """Where a field of it stands in the file; where the rule does when it has no such field."""
        return self.at.get(name) or self.at.get("") or (self.line, 1)

    @property
    def kind(self) -> str:
        """Kind of its action; empty when it only forbids."""
        return type(self.action).__name__.lower() if self.action else ""

    @property
    def modifies(self) -> tuple[str, ...]:
        """Which of `priority` and `blind` it names: 0 and false count too, against rules after it."""
        return tuple(name for name, said in (("priority", self.priority), ("blind", self.blind)) if said is not None)

    @property
    def does(self) -> str:
        """All that it does, in words of the language, e.g. `ask, forbid`."""
        people = {"gold": self.gold, "recheck": self.recheck, "pause": self.pause, "limit": self.limit}
        return ", ".join([*([self.kind] if self.kind else []), *(["forbid"] if self.forbid else []), *self.modifies,
                          *(name for name, value in people.items() if value)])


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole file of rules, as it was when its hash was taken."""

    file: str
    text: str
    hash: str
    rules: tuple[Rule, ...]
    queues: Queues = field(default_factory=Queues)
    declared: Declared = field(default_factory=Declared)
    """What it says about quality beside its rules."""
    budget: Budget = field(default_factory=Budget)
    limit: Limit = field(default_factory=Limit)
    """What holds for everybody, whatever rule asks them."""
    at: Mapping[str, Place] = field(default_factory=dict, compare=False)
    """Where its fields stand in the file."""

    @property
    def audit_share(self) -> float:
        """Share of tasks held out from the machine: the largest that any accepting rule names."""
        return max((r.action.audit for r in self.rules if isinstance(r.action, Accept)), default=0.0)


def load(path: Path) -> Rules:
    """Read a rules file. Raises RulesRefused listing every mistake, RulesError when it cannot be read at all."""
    return parse(text_of(path, "rules file", LARGEST), str(path))


def parse(text: str, file: str = "rules.yaml") -> Rules:
    """Read rules from a text; `file` names it in mistakes. Raises RulesRefused listing every mistake."""
    reader = Reader()
    root = reader.root(text)
    rules: tuple[Rule, ...] = ()
    values: dict[str, Any] = {}
    nodes: dict[str, Node] = {}
    if root is not None:
        nodes = reader.mapping(root, FILE, "a rules file")
        misspelt = bool(reader.mistakes)
        if "version" in nodes or not misspelt:
            _version(reader, root, nodes)
        values = {name: FILE[name].shape.read(reader, node, f"`{name}`") for name, node in nodes.items()
                  if name not in ("version", "rules")}
        if "rules" in nodes:
            rules = _rules(reader, nodes["rules"])
        elif not misspelt:
            reader.refuse(root, "a rules file needs `rules:`, a list of rules")
    _one_currency(reader, nodes, values)
    for kind in ("gold", "recheck"):
        _enough_work(reader, kind, nodes, values, rules)
    if reader.mistakes:
        raise RulesRefused(file, reader.mistakes)
    return Rules(file=file, text=text, hash=hashlib.sha256(text.encode()).hexdigest(), rules=rules,
                 declared=declared(values), at=_places(nodes),
                 **{name: values[name] for name in ("queues", "budget", "limit") if name in values})


def _version(reader: Reader, root: Node, fields: dict[str, Node]) -> None:
    node = fields.get("version")
    if node is None:
        if isinstance(root, MappingNode):
            reader.refuse(root, "a rules file needs `version: 1`")
    elif node.value != "1":
        reader.refuse(node, f"this Cueloop reads version 1 of the rules language, not {say(node)}")


def _one_currency(reader: Reader, nodes: dict[str, Node], values: dict[str, Any]) -> None:
    budget, costs = values.get("budget"), values.get("costs")
    if budget and costs and budget.currency and costs.currency and budget.currency != costs.currency:
        reader.refuse(nodes["budget"], f"`budget` is in {budget.currency} and `costs` are in {costs.currency}; use one")


def _enough_work(reader: Reader, kind: str, nodes: Mapping[str, Node], values: Mapping[str, Any],
                 rules: Sequence[Rule]) -> None:
    """All shares of one kind of check together leave work to mix it into."""
    shares = [(rule.place(kind), getattr(rule, kind).share) for rule in rules if getattr(rule, kind)]
    if values.get(kind):
        shares.append((_places(nodes)[kind], values[kind].share))
    total = sum(share for _, share in shares)
    if total > MOST + 1e-9 and len(shares) > 1:
        (line, column), _ = shares[-1]
        reader.mistakes.append(Mistake(line, column, f"all that this file mixes in as `{kind}` is {total:.0%} of "
                                                     f"everybody's work together, and at most {MOST:.0%} may be"))


def _places(nodes: Mapping[str, Node]) -> dict[str, Place]:
    return {name: (node.start_mark.line + 1, node.start_mark.column + 1) for name, node in nodes.items()}


def _rules(reader: Reader, node: Node) -> tuple[Rule, ...]:
    names: dict[str, int] = {}
    read = [_rule(reader, item, names) for item in reader.items(node, "`rules`")]
    return tuple(rule for rule in read if rule is not None)


def _rule(reader: Reader, node: Node, names: dict[str, int]) -> Rule | None:
    before = len(reader.mistakes)
    nodes = reader.mapping(node, RULE, "a rule")
    misspelt = len(reader.mistakes) > before    # then what seems to be missing may be what is misspelt
    if not nodes:
        if not misspelt:
            reader.refuse(node, "this rule is empty")
        return None
    values = {name: RULE[name].shape.read(reader, child, f"`{name}`") for name, child in nodes.items()}
    _name(reader, node, values, names, misspelt)
    actions = [kind for kind in ACTIONS if kind in nodes]
    for kind in actions[1:]:
        reader.refuse(nodes[kind], f"a rule has one action, this one has {actions[0]} and {kind}; make two rules")
    if not misspelt:
        _enough(reader, node, nodes)
    when = values.pop("when", None) or (ALWAYS_TRUE if "when" not in nodes else None)
    if when is None:
        return None
    if "when" in nodes and values.get("limit"):
        limit = values["limit"]
        values["limit"] = replace(limit, seen=when.together(limit.seen) if limit.seen else when)
    more = {name: value for name, value in values.items() if name not in (*ACTIONS, "name", "forbid")}
    return Rule(values.get("name", ""), when, values[actions[0]] if actions else None,
                frozenset(values.get("forbid", ())), node.start_mark.line + 1,
                at=_places({"": node, **nodes}), **more)


def _name(reader: Reader, node: Node, values: Mapping[str, Any], names: dict[str, int], misspelt: bool) -> None:
    name = values.get("name", "")
    if name in names:
        reader.refuse(node, f"two rules are named `{name}`; the other is at line {names[name]}")
    elif name:
        names[name] = node.start_mark.line + 1
    if "name" not in values and not misspelt:
        reader.refuse(node, "a rule needs a `name`, which decisions are explained with")


def _enough(reader: Reader, node: Node, nodes: Mapping[str, Node]) -> None:
    """A rule does something, and says when, unless it is about people alone."""
    if "when" not in nodes and nodes.keys() & DEMANDING:
        reader.refuse(node, "a rule needs `when`, the condition under which it holds (`when: true` for always)")
    if not nodes.keys() & {*DEMANDING, *PEOPLE} - {"deadline", "keep_together"}:
        reader.refuse(node, f"a rule needs an action: {', '.join(ACTIONS)} or forbid")


ALWAYS_TRUE = compile_condition("true")[0]
