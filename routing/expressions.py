"""Compiles the syntax tree of a condition into functions on columns, checking names and kinds on the way."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing import columns
from routing.columns import Column, Lookup
from routing.vocabulary import FUNCTIONS, SIGNALS, column_name

Run = Callable[[Lookup], Column]

ORDER: dict[type[ast.cmpop], Callable[..., object]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}
SAME: dict[type[ast.cmpop], Callable[..., object]] = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
ARITHMETIC: dict[type[ast.operator], Callable[..., object]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
READ_AS: dict[str, tuple[tuple[type, ...], type]] = {
    "number": ((int, float), float), "text": ((str,), object), "truth": ((bool,), bool)}


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a condition, at a character offset."""

    offset: int
    message: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A compiled part: its kind (number, text, truth, any, list) and how to compute it."""

    kind: str
    run: Run
    items: tuple[object, ...] = ()


class Compiler:
    """Walks one tree, collects every problem instead of stopping at the first."""

    def __init__(self, wrapped: str) -> None:
        """`wrapped` is the condition in one pair of parentheses."""
        self.problems: list[Problem] = []
        self.names: set[str] = set()
        self._lines = wrapped.splitlines(keepends=True)

    def truth(self, node: ast.expr) -> Run | None:
        """Compile a part that must be true or false."""
        return self._as(node, "truth")

    def _as(self, node: ast.expr, kind: str) -> Run | None:
        part = self._compile(node)
        if part is None:
            return None
        if part.kind == "any":
            return _read_as(part.run, kind)
        if part.kind != kind:
            wanted = "a condition that is true or false" if kind == "truth" else f"a {kind}"
            self._refuse(node, f"{wanted} belongs here, not a {part.kind}")
            return None
        return part.run

    def _compile(self, node: ast.expr) -> Typed | None:
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            self._refuse(node, f"{_say(node)} is not part of the language of conditions")
            return None
        part: Typed | None = method(node)
        return part

    def _boolop(self, node: ast.BoolOp) -> Typed | None:
        runs = [self.truth(value) for value in node.values]
        join = columns.both if isinstance(node.op, ast.And) else columns.either
        whole = [run for run in runs if run is not None]
        if len(whole) < len(runs):
            return None

        def run(lookup: Lookup) -> Column:
            result = whole[0](lookup)
            for other in whole[1:]:
                result = join(result, other(lookup))
            return result

        return Typed("truth", run)

    def _unaryop(self, node: ast.UnaryOp) -> Typed | None:
        if isinstance(node.op, ast.Not):
            return self._mapped(operator.invert, node.operand, "truth")
        if isinstance(node.op, ast.USub):
            return self._mapped(operator.neg, node.operand, "number")
        self._refuse(node, "only `not` and a minus sign may stand before a value")
        return None

    def _mapped(self, function: Callable[..., object], operand: ast.expr, kind: str) -> Typed | None:
        run = self._as(operand, kind)
        return None if run is None else Typed(kind, lambda lookup: _map(function, run(lookup)))

    def _binop(self, node: ast.BinOp) -> Typed | None:
        function = ARITHMETIC.get(type(node.op))
        if function is None:
            self._refuse(node, "only + - * / compute with numbers")
        left, right = self._as(node.left, "number"), self._as(node.right, "number")
        if function is None or left is None or right is None:
            return None
        return Typed("number", lambda lookup: _pair(function, left(lookup), right(lookup)))

    def _compare(self, node: ast.Compare) -> Typed | None:
        parts = [self._compile(value) for value in (node.left, *node.comparators)]
        runs = [self._one(op, a, b, at) for op, a, b, at in
                zip(node.ops, parts, parts[1:], node.comparators, strict=False)]
        whole = [run for run in runs if run is not None]
        if len(whole) < len(runs):
            return None

        def run(lookup: Lookup) -> Column:
            result = whole[0](lookup)
            for other in whole[1:]:
                result = columns.both(result, other(lookup))
            return result

        return Typed("truth", run)

    def _one(self, op: ast.cmpop, left: Typed | None, right: Typed | None, at: ast.expr) -> Run | None:
        if left is None or right is None:
            return None
        if isinstance(op, ast.In | ast.NotIn):
            return self._membership(isinstance(op, ast.NotIn), left, right, at)
        function = ORDER.get(type(op)) or SAME.get(type(op))
        if function is None or "list" in (left.kind, right.kind):
            self._refuse(at, "compare with < <= > >= == != or in [..]")
            return None
        kinds = {left.kind, right.kind} - {"any"}
        if len(kinds) > 1:
            self._refuse(at, f"a {left.kind} is compared with a {right.kind}")
            return None
        kind = kinds.pop() if kinds else ("number" if type(op) in ORDER else "any")
        if type(op) in ORDER and kind != "number":
            self._refuse(at, f"only numbers have an order, this is a {kind}; compare with == or !=")
            return None
        a, b = (part.run if part.kind == kind else _read_as(part.run, kind) for part in (left, right))
        return lambda lookup: _pair(function, a(lookup), b(lookup))

    def _membership(self, negated: bool, left: Typed, right: Typed, at: ast.expr) -> Run | None:
        if right.kind != "list":
            self._refuse(at, 'after `in` comes a list, e.g. ["a", "b"]')
            return None
        kinds = {"text" if isinstance(item, str) else "number" for item in right.items}
        if left.kind not in ("any", *kinds) or len(kinds) > 1:
            self._refuse(at, f"a {left.kind} is looked for in a list of {' and '.join(sorted(kinds)) or 'nothing'}")
            return None
        kind = kinds.pop()
        run = left.run if left.kind == kind else _read_as(left.run, kind)
        items = np.array(list(right.items), dtype=object if kind == "text" else float)

        def member(values: NDArray[Any]) -> object:
            return np.isin(values, items, invert=negated)

        return lambda lookup: _map(member, run(lookup))

    def _constant(self, node: ast.Constant) -> Typed | None:
        kinds = {bool: "truth", int: "number", float: "number", str: "text"}
        kind = kinds.get(type(node.value))
        if kind is None:
            self._refuse(node, f"{_say(node)} is not a number, a text in quotes, true or false")
            return None
        value = columns.constant(node.value)
        return Typed(kind, lambda _lookup: value, (node.value,))

    def _list(self, node: ast.List | ast.Tuple) -> Typed | None:
        items = [item.value for item in node.elts if isinstance(item, ast.Constant)
                 and isinstance(item.value, str | int | float) and not isinstance(item.value, bool)]
        if not items or len(items) < len(node.elts):
            self._refuse(node, 'a list holds numbers or texts in quotes, e.g. ["a", "b"], and at least one')
            return None
        return Typed("list", lambda _lookup: columns.constant(0), tuple(items))

    _tuple = _list

    def _name(self, node: ast.Name) -> Typed | None:
        if node.id in ("true", "false"):
            value = columns.constant(node.id == "true")
            return Typed("truth", lambda _lookup: value)
        if node.id not in SIGNALS:
            self._refuse(node, f"there is no signal `{node.id}`{suggest(node.id, [*SIGNALS, 'task.FIELD'])}")
            return None
        return self._column(node.id, SIGNALS[node.id][0])

    def _attribute(self, node: ast.Attribute) -> Typed | None:
        if not isinstance(node.value, ast.Name) or node.value.id != "task":
            self._refuse(node, "a dot follows only `task`, e.g. task.lang")
            return None
        return self._column(f"task.{node.attr}", "any")

    def _call(self, node: ast.Call) -> Typed | None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            self._refuse(node, f"there is no function `{name or _say(node.func)}`{suggest(name, FUNCTIONS)}")
            return None
        label = node.args[0] if len(node.args) == 1 and not node.keywords else None
        if not isinstance(label, ast.Constant) or not isinstance(label.value, str):
            self._refuse(node, f'{name}() takes one label in quotes, e.g. {name}("spam")')
            return None
        return self._column(column_name(name, label.value), FUNCTIONS[name][0])

    def _column(self, name: str, kind: str) -> Typed:
        self.names.add(name)
        return Typed(kind, lambda lookup: lookup(name))

    def _refuse(self, node: ast.expr, message: str) -> None:
        before = sum(len(line) for line in self._lines[: node.lineno - 1])
        line = self._lines[node.lineno - 1].encode()
        offset = before + len(line[: node.col_offset].decode(errors="ignore")) - 1
        self.problems.append(Problem(max(offset, 0), message))


def suggest(name: str, known: object) -> str:
    """`, did you mean X?` for the nearest known word, or nothing."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)  # type: ignore[call-overload]
    return f", did you mean {near[0]}?" if near else ""


def _say(node: ast.expr) -> str:
    text = ast.unparse(node)
    return f"`{text[:40]}`"


def _read_as(run: Run, kind: str) -> Run:
    if kind == "any":
        return run
    types, dtype = READ_AS[kind]
    return lambda lookup: columns.only(run(lookup), types, dtype)


def _map(function: Callable[..., object], column: Column) -> Column:
    return Column(np.asarray(function(column.values)), column.known)


def _pair(function: Callable[..., object], left: Column, right: Column) -> Column:
    """Apply to two columns; a result that is no number (division by zero) is unknown."""
    with np.errstate(all="ignore"):
        values = np.asarray(function(left.values, right.values))
    known = np.asarray(left.known & right.known)
    if values.dtype.kind == "f":
        known = known & np.isfinite(values)
    if values.dtype == object:
        values = values.astype(bool)
    return Column(values, known)
