"""The smallest parts of a condition, as demands on the value of one term."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, floor, inf

from routing.language import literals
from routing.language.literals import COUNT, SECONDS, SHARE
from routing.language.scopes import Scope

ALWAYS_KNOWN = ("answers", "skips", "asked")
"""Signals that are never unknown."""

Value = float | str | bool

OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In}
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
DOES: dict[type[ast.cmpop], Callable[..., bool]] = {
    ast.Lt: operator.lt, ast.GtE: operator.ge, ast.Gt: operator.gt, ast.LtE: operator.le, ast.Eq: operator.eq,
    ast.NotEq: operator.ne}


@dataclass(frozen=True, slots=True)
class Demand:
    """The values that a term may have: numbers of an interval, or one of a few values, without some."""

    low: float = -inf
    high: float = inf
    open_low: bool = False
    open_high: bool = False
    whole: bool = False
    among: frozenset[Value] | None = None
    without: frozenset[Value] = frozenset()

    def narrowed(self, other: Demand) -> Demand:
        """Both demands."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        among = self.among if other.among is None else other.among if self.among is None else self.among & other.among
        both = Demand(low, high, any(d.open_low for d in (self, other) if d.low == low),
                      any(d.open_high for d in (self, other) if d.high == high), self.whole or other.whole, among,
                      self.without | other.without)
        return both.rounded() if both.whole else both

    def rounded(self) -> Demand:
        """The same for whole numbers: more than 2 is at least 3."""
        low, high = self.low, self.high
        if abs(low) < inf:
            low = floor(low) + 1 if self.open_low else ceil(low)
        if abs(high) < inf:
            high = ceil(high) - 1 if self.open_high else floor(high)
        return replace(self, low=low, high=high, open_low=False, open_high=False)

    def allows(self, value: Value) -> bool:
        """Whether a value meets it."""
        if value in self.without or (self.among is not None and value not in self.among):
            return False
        if isinstance(value, str | bool):
            return True
        if self.whole and value % 1:
            return False
        return (self.low < value or (self.low == value and not self.open_low)) and \
            (value < self.high or (value == self.high and not self.open_high))

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the most that a number that meets it can be."""
        if self.among is None:
            return self.low, self.high
        numbers = [value for value in self.among if isinstance(value, float) and self.allows(value)]
        return (min(numbers), max(numbers)) if numbers else (-inf, inf)

    @property
    def impossible(self) -> bool:
        """No value meets it."""
        if self.among is not None:
            return not any(self.allows(value) for value in self.among)
        if self.low == self.high:
            return not self.allows(self.low)
        return self.low > self.high

    def within(self, other: Demand) -> bool:
        """Whether all values that meet it meet the other."""
        if self.among is not None:
            return all(other.allows(value) for value in self.among if self.allows(value))
        if self.low == self.high:
            return other.allows(self.low)
        if other.among is not None or any(self.allows(value) for value in other.without):
            return False
        return (self.low > other.low or (self.low == other.low and (self.open_low or not other.open_low))) and \
            (self.high < other.high or (self.high == other.high and (self.open_high or not other.open_high)))


@dataclass(frozen=True, slots=True)
class Atom:
    """A term that must have such a value, or (`unknown`) none at all."""

    term: str
    demand: Demand = Demand()
    range: Demand = Demand()
    """What its value can be anyway."""
    unknown: bool = False

    @property
    def always(self) -> Demand | None:
        """What holds of it without a word about it; None when it may be unknown."""
        return self.range if self.term in ALWAYS_KNOWN else None


def parse(source: str) -> ast.expr:
    """The syntax tree of a condition that compiles."""
    return literals.parse(f"({source})")


def over_regions(node: ast.expr, function: str) -> ast.expr | None:
    """COND where a node is `function(regions, COND)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function \
            and len(node.args) == 2:
        return node.args[1]
    return None


def truth(node: ast.expr, wanted: bool) -> Atom | bool:
    """A term that must be true or false; True or False when it always is."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sample":
        share = _constant(node.args[1])
        if share in (0.0, 1.0):
            return (share == 1.0) == wanted
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "known":
        return Atom(ast.unparse(node.args[0]), unknown=not wanted)
    return Atom(ast.unparse(node), Demand(among=frozenset({wanted})))


def comparison(left: ast.expr, op: ast.cmpop, right: ast.expr, wanted: bool, scope: Scope) -> Atom | bool:
    """One comparison that must be true or false; True or False when it always is."""
    kind = type(op) if wanted else OPPOSITE[type(op)]
    if kind in (ast.In, ast.NotIn):
        return _membership(left, right, kind is ast.In, scope)
    a, b = _constant(left), _constant(right)
    if a is not None and b is not None:
        return DOES[kind](a, b)
    if a is not None:
        left, b, kind = right, a, TURNED.get(kind, kind)
    if b is None:
        return _two_terms(left, kind, right)
    return _demanded(left, _demand(kind, b), scope)


def _two_terms(left: ast.expr, kind: type[ast.cmpop], right: ast.expr) -> Atom | bool:
    """Nothing is known of two terms but whether the comparison itself holds."""
    wanted = kind in (ast.Eq, ast.Lt, ast.Gt)
    kind = kind if wanted else OPPOSITE[kind]
    one, other = ast.unparse(left), ast.unparse(right)
    if one == other and (kind in (ast.Lt, ast.Gt) if wanted else kind is ast.Eq):
        return False
    if kind is ast.Gt:
        one, other, kind = other, one, ast.Lt
    if kind is ast.Eq and one > other:
        one, other = other, one
    return Atom(f"{one} {'==' if kind is ast.Eq else '<'} {other}", Demand(among=frozenset({wanted})))


def _demand(kind: type[ast.cmpop], value: Value) -> Demand:
    if kind is ast.Eq:
        return Demand(among=frozenset({value}))
    if kind is ast.NotEq:
        return Demand(without=frozenset({value}))
    number = float(value) if not isinstance(value, str) else 0.0
    if kind in (ast.Lt, ast.LtE):
        return Demand(high=number, open_high=kind is ast.Lt)
    return Demand(low=number, open_low=kind is ast.Gt)


def _membership(left: ast.expr, right: ast.expr, wanted: bool, scope: Scope) -> Atom | bool:
    values = [_constant(item) for item in right.elts] if isinstance(right, ast.List | ast.Tuple) else [None]
    known = frozenset(value for value in values if value is not None)
    if len(known) < len(set(values)) or _constant(left) is not None:
        return Atom(f"{ast.unparse(left)} in {ast.unparse(right)}", Demand(among=frozenset({wanted})))
    return _demanded(left, Demand(among=known) if wanted else Demand(without=known), scope)


def _demanded(node: ast.expr, demand: Demand, scope: Scope) -> Atom:
    usual = _range(node, scope)
    return Atom(ast.unparse(node), demand.narrowed(usual), usual)


def _range(node: ast.expr, scope: Scope) -> Demand:
    """What the value of a term can be: a share is between 0 and 1, a count is whole."""
    name = node.id if isinstance(node, ast.Name) else ""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call):        # control("NAME").SIGNAL
        name = node.attr
    measure = scope.measures.get(name, "")
    if isinstance(node, ast.Call):
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        measure = COUNT if function == "count" else SHARE
    if measure == SHARE:
        return Demand(0.0, 1.0)
    if measure == COUNT:
        return Demand(0.0, inf, whole=True)
    if measure == SECONDS or name in ("interval_width", "cost"):
        return Demand(0.0, inf)
    return Demand(among=frozenset(scope.words[name])) if name in scope.words else Demand()


def _constant(node: ast.expr) -> Value | None:
    """What a node is without data; None when that depends on data."""
    if isinstance(node, ast.Name) and node.id in ("true", "false"):
        return node.id == "true"
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
        return node.value if isinstance(node.value, str | bool) else float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _constant(node.operand)
        return -inner if isinstance(inner, float) else None
    return None
