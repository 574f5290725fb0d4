"""What differs between two rules files, rule by rule, in an admin's words; whether it matters depends on the order.

Rules are known by their names. Comments and spelling do not count: what is compared is what was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any

from routing.language.conditions import Condition
from routing.language.rules import Rule, Rules

ABSENT = "not given"
WHOLE = ("queues", "declared", "budget", "limit")
"""Parts of a file that are no rules."""

UNSAID = frozenset({"line", "name", "at"})
"""Fields of a rule that do not count when it is compared with its other self."""

TRANSPARENT = frozenset({"who"})
"""Fields that a file does not spell: their content stands where they would."""

SHARES = frozenset({"audit", "share", "qualified", "share_of_all"})
DURATIONS = frozenset({"deadline", "hold", "return_after", "after"})
UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "m"), (1.0, "s"))


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `what` is added, removed, renamed, moved or changed (of a rule), or declared (of the file)."""

    what: str
    rule: str
    """Name of the rule; empty for what holds for the whole file."""
    field: str = ""
    """What of it changed, e.g. `when`, `ask.max`."""
    before: str = ""
    after: str = ""

    @property
    def sentence(self) -> str:
        """For people."""
        if self.what == "added":
            return f"+ {self.rule}: {self.after}"
        if self.what == "removed":
            return f"- {self.rule}: {self.before}"
        if self.what == "renamed":
            return f"~ {self.before} is now called {self.after}"
        if self.what == "moved":
            return f"~ {self.rule} moved: {self.before}, now {self.after}"
        where = f"{self.rule}: {self.field}" if self.rule else self.field
        return f"~ {where}: {self.before} -> {self.after}"


def rules_diff(old: Rules, new: Rules) -> list[Change]:
    """All differences: rules in the order of the new file, then what was removed, then the rest of the file."""
    before, after = {rule.name: rule for rule in old.rules}, {rule.name: rule for rule in new.rules}
    renamed = _renamed(before, after)
    mine = {new_name: old_name for old_name, new_name in renamed.items()}
    found = []
    for name, rule in after.items():
        was = before.get(mine.get(name, name))
        if was is None:
            found.append(Change("added", name, after=_told(rule)))
            continue
        if name in mine:
            found.append(Change("renamed", name, "name", mine[name], name))
        found += _differences("changed", name, _flat(was), _flat(rule))
    found += [Change("removed", name, before=_told(rule)) for name, rule in before.items()
              if name not in after and name not in renamed]
    found += _moved([renamed.get(name, name) for name in before], list(after))
    for part in WHOLE:
        name = "" if part == "declared" else part
        found += _differences("declared", "", _flat(getattr(old, part), name), _flat(getattr(new, part), name))
    return found


def _renamed(before: Mapping[str, Rule], after: Mapping[str, Rule]) -> dict[str, str]:
    """{old name: new name} of rules that say the same under another name."""
    gone = [name for name in before if name not in after]
    fresh = [name for name in after if name not in before]
    found: dict[str, str] = {}
    for name in gone:
        same = next((other for other in fresh if other not in found.values()
                     and _flat(before[name]) == _flat(after[other])), None)
        if same is not None:
            found[name] = same
    return found


def _moved(before: list[str], after: list[str]) -> list[Change]:
    """Rules that stand elsewhere among those that both files have: as few as explain the new order."""
    common = set(before) & set(after)
    one, other = [name for name in before if name in common], [name for name in after if name in common]
    kept = {one[at] for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
            for at in range(block.a, block.a + block.size)}
    return [Change("moved", name, "place", _after(one, name), _after(other, name)) for name in other
            if name not in kept]


def _after(names: list[str], name: str) -> str:
    at = names.index(name)
    return f"after {names[at - 1]}" if at else "first"


def _differences(what: str, rule: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    return [Change(what, rule, field, before.get(field, ABSENT), after.get(field, ABSENT))
            for field in [*after, *(field for field in before if field not in after)]
            if before.get(field) != after.get(field)]


def _told(rule: Rule) -> str:
    """A rule in one line."""
    said = _flat(rule)
    when = said.pop("when", "true")
    return f"when {when}: {', '.join(f'{field} {value}'.strip() for field, value in said.items()) or 'nothing'}"


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """{field: text} of whatever is given: nested fields are joined by dots, what is at its default is left out."""
    if isinstance(value, Rule):
        found = _flat_fields(value, "", UNSAID | {"action"})
        if value.action is not None:
            found |= _flat(value.action, value.kind) or {value.kind: "{}"}
        return found
    if isinstance(value, Condition):
        return {name: " ".join(value.source.split())}
    if is_dataclass(value):
        return _flat_fields(value, name, frozenset())
    return {name: _measure(name.rpartition(".")[2], value)}


def _flat_fields(value: Any, name: str, unsaid: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in fields(value):
        inner, usual = getattr(value, field.name), field.default
        if field.name in unsaid or inner in (None, (), "", frozenset(), False, {}, usual):
            continue
        inside = "" if field.name in TRANSPARENT else f".{field.name}"
        found |= _flat(inner, f"{name}{inside}".strip("."))
    return found


def _measure(field: str, value: Any) -> str:
    """A number as the file spells it: shares in percent, durations with their unit."""
    if isinstance(value, float) and field in SHARES:
        return f"{100 * value:g}%"
    if isinstance(value, float) and field in DURATIONS:
        size, unit = next(((size, unit) for size, unit in UNITS if value % size == 0), (1.0, "s"))
        return f"{value / size:g}{unit}"
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, frozenset | set):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, tuple | list):
        return "[" + ", ".join(" ".join(_flat(inner, "").values()) for inner in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
