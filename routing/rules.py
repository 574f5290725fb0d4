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
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml.nodes import MappingNode, Node

from cueloop.declared import Declared, Gold, Recheck
from cueloop.errors import RulesError
from routing.actions import (
    Accept,
    Action,
    Ask,
    Budget,
    Escalate,
    Limit,
    Pause,
    Queues,
    Reopen,
    Review,
    Stop,
    read_action,
    read_queues,
)
from routing.conditions import Condition
from routing.declarations import DECLARATIONS, read_declared
from routing.mistakes import RulesRefused
from routing.reader import Reader
from routing.vocabulary import ACTIONS

__all__ = ["Accept", "Ask", "Escalate", "Queues", "Reopen", "Review", "Rule", "Rules", "Stop", "load", "parse"]

FILE_FIELDS = ("version", "rules", "queues", *DECLARATIONS)
RULE_FIELDS = ("name", "when", "forbid", *ACTIONS)
LARGEST = 1_000_000
"""Bytes of a rules file: more is some other file."""


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
    priority: float = 0.0
    """Added to the priority of tasks for which it holds; the first rule that names one counts."""
    blind: bool = False
    """No suggestion may be shown on tasks for which it holds."""
    deadline: float | None = None
    """Seconds within which what it asks is to be answered."""
    keep_together: str = ""
    """`task.FIELD`: tasks with the same value there go to the same people."""
    gold: Gold | None = None
    """Ground truth among the work, drawn from tasks for which it holds."""
    recheck: Recheck | None = None
    pause: Pause | None = None
    limit: Limit | None = None

    @property
    def kind(self) -> str:
        """Kind of its action; empty when it only forbids."""
        return type(self.action).__name__.lower() if self.action else ""


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

    @property
    def audit_share(self) -> float:
        """Share of tasks held out from the machine: the largest that any accepting rule names."""
        return max((r.action.audit for r in self.rules if isinstance(r.action, Accept)), default=0.0)


def load(path: Path) -> Rules:
    """Read a rules file. Raises RulesRefused listing every mistake, RulesError when it cannot be read at all."""
    try:
        if path.stat().st_size > LARGEST:
            raise RulesError(f"{path}: has over {LARGEST:,} bytes; that is no rules file.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RulesError(f"{path}: cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise RulesError(f"{path}: is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    return parse(text, str(path))


def parse(text: str, file: str = "rules.yaml") -> Rules:
    """Read rules from a text; `file` names it in mistakes. Raises RulesRefused listing every mistake."""
    reader = Reader()
    root = reader.root(text)
    rules: tuple[Rule, ...] = ()
    queues, declared = Queues(), Declared()
    if root is not None:
        fields = reader.mapping(root, FILE_FIELDS, "a rules file")
        misspelt = bool(reader.mistakes)
        if "version" in fields or not misspelt:
            _version(reader, root, fields)
        if "queues" in fields:
            queues = read_queues(reader, fields["queues"])
        declared = read_declared(reader, fields)
        if "rules" in fields:
            rules = _rules(reader, fields["rules"])
        elif not misspelt:
            reader.refuse(root, "a rules file needs `rules:`, a list of rules")
    if reader.mistakes:
        raise RulesRefused(file, reader.mistakes)
    return Rules(file=file, text=text, hash=hashlib.sha256(text.encode()).hexdigest(), rules=rules, queues=queues,
                 declared=declared)


def _version(reader: Reader, root: Node, fields: dict[str, Node]) -> None:
    node = fields.get("version")
    if node is None:
        if isinstance(root, MappingNode):
            reader.refuse(root, "a rules file needs `version: 1`")
    elif str(node.value) != "1":
        reader.refuse(node, f"this Cueloop reads version 1 of the rules language, not `{node.value}`")


def _rules(reader: Reader, node: Node) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    names: dict[str, int] = {}
    for item in reader.items(node, "`rules`"):
        rule = _rule(reader, item, names)
        if rule is not None:
            rules.append(rule)
    return tuple(rules)


def _rule(reader: Reader, node: Node, names: dict[str, int]) -> Rule | None:
    before = len(reader.mistakes)
    fields = reader.mapping(node, RULE_FIELDS, "a rule")
    misspelt = len(reader.mistakes) > before    # then what seems to be missing may be what is misspelt
    if not fields:
        if len(reader.mistakes) == before:
            reader.refuse(node, "this rule is empty")
        return None
    name = reader.text(fields["name"], "`name`") if "name" in fields else ""
    if name in names:
        reader.refuse(node, f"two rules are named `{name}`; the other is at line {names[name]}")
    elif name:
        names[name] = node.start_mark.line + 1
    if "name" not in fields and not misspelt:
        reader.refuse(node, "a rule needs a `name`, which decisions are explained with")
    condition = reader.condition(fields["when"]) if "when" in fields else None
    if "when" not in fields and not misspelt:
        reader.refuse(node, "a rule needs `when`, the condition under which it holds (`when: true` for always)")
    actions = [kind for kind in ACTIONS if kind in fields]
    for kind in actions[1:]:
        reader.refuse(fields[kind], f"a rule has one action, this one has {actions[0]} and {kind}; make two rules")
    parsed = [read_action(reader, kind, fields[kind]) for kind in actions]
    forbid = _forbid(reader, fields["forbid"]) if "forbid" in fields else frozenset()
    if not actions and "forbid" not in fields and not misspelt:
        reader.refuse(node, f"a rule needs an action: {', '.join(ACTIONS)} or forbid")
    if condition is None:
        return None
    return Rule(name, condition, parsed[0] if parsed else None, forbid, node.start_mark.line + 1)


def _forbid(reader: Reader, node: Node) -> frozenset[str]:
    nodes = node.value if isinstance(node.value, list) else [node]
    return frozenset(reader.choice(item, "`forbid`", ACTIONS) for item in nodes)
