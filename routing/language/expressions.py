"""Compiles the syntax tree of a condition into functions on columns, checking names and kinds on the way."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Sequence
from math import inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cueloop.language.words import suggest
from routing.language import columns, functions, literals
from routing.language.columns import Column, Lookup
from routing.language.literals import COUNT, SECONDS, SHARE, Measure
from routing.language.scopes import TASK, Scope
from routing.language.typed import Problem, Run, Typed

ORDER: dict[type[ast.cmpop], Callable[..., object]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}
SAME: dict[type[ast.cmpop], Callable[..., object]] = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
ARITHMETIC: dict[type[ast.operator], Callable[..., object]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
READ_AS: dict[str, tuple[tuple[type, ...], type]] = {
    "number": ((int, float), float), "text": ((str,), object), "truth": ((bool,), bool)}
MEASURED = {SECONDS: "a time", SHARE: "a share", COUNT: "a count"}


class Compiler:
    """Walks one tree, collects every problem instead of stopping at the first."""

    def __init__(self, source: str, scope: Scope = TASK) -> None:
        """`source` of the tree; `scope`: which names it may use."""
        self.problems: list[Problem] = []
        self.names: set[str] = set()
        self.labels: set[str] = set()
        self.controls: set[str] = set()
        self.scope = scope
        self._lines = source.splitlines(keepends=True)

    def number(self, node: ast.expr) -> Run | None:
        """Compile a part that must be a number."""
        return self._as(node, "number")

    def truth(self, node: ast.expr) -> Run | None:
        """Compile a part that must be true or false."""
        return self._as(node, "truth")

    def _as(self, node: ast.expr, kind: str) -> Run | None:
        part = self.compile(node)
        if part is None:
            return None
        if part.kind == "any":
            return _read_as(part.run, kind)
        if part.kind != kind:
            wanted = "a condition that is true or false" if kind == "truth" else f"a {kind}"
            self.refuse(node, f"{wanted} belongs here, not a {part.kind}")
            return None
        return part.run

    def compile(self, node: ast.expr) -> Typed | None:
        """Compile a part of any kind; None when it has a problem."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            self.refuse(node, f"{_say(node)} is not part of the language of conditions")
            return None
        part: Typed | None = method(node)
        return part

    def _boolop(self, node: ast.BoolOp) -> Typed | None:
        runs = [self.truth(value) for value in node.values]
        join = columns.both if isinstance(node.op, ast.And) else columns.either
        return _all_of(runs, join)

    def _unaryop(self, node: ast.UnaryOp) -> Typed | None:
        if isinstance(node.op, ast.Not):
            return self._mapped(operator.invert, node.operand, "truth")
        if isinstance(node.op, ast.USub):
            return self._mapped(operator.neg, node.operand, "number")
        self.refuse(node, "only `not` and a minus sign may stand before a value")
        return None

    def _mapped(self, function: Callable[..., object], operand: ast.expr, kind: str) -> Typed | None:
        run = self._as(operand, kind)
        return None if run is None else Typed(kind, lambda lookup: _map(function, run(lookup)))

    def _binop(self, node: ast.BinOp) -> Typed | None:
        function = ARITHMETIC.get(type(node.op))
        if function is None:
            self.refuse(node, "only + - * / compute with numbers")
        left, right = self._as(node.left, "number"), self._as(node.right, "number")
        if function is None or left is None or right is None:
            return None
        return Typed("number", lambda lookup: _pair(function, left(lookup), right(lookup)))

    def _compare(self, node: ast.Compare) -> Typed | None:
        parts = [self.compile(value) for value in (node.left, *node.comparators)]
        runs = [self._one(op, a, b, at) for op, a, b, at in
                zip(node.ops, parts, parts[1:], node.comparators, strict=False)]
        return _all_of(runs, columns.both)

    def _one(self, op: ast.cmpop, left: Typed | None, right: Typed | None, at: ast.expr) -> Run | None:
        if left is None or right is None:
            return None
        if isinstance(op, ast.In | ast.NotIn):
            return self._membership(isinstance(op, ast.NotIn), left, right, at)
        return self._comparison(op, left, right, at)

    def _comparison(self, op: ast.cmpop, left: Typed, right: Typed, at: ast.expr) -> Run | None:
        function = ORDER.get(type(op)) or SAME.get(type(op))
        if function is None or "list" in (left.kind, right.kind):
            self.refuse(at, "compare with < <= > >= == != or in [..]")
            return None
        kinds = {left.kind, right.kind} - {"any"}
        if len(kinds) > 1:
            self.refuse(at, f"a {left.kind} is compared with a {right.kind}")
            return None
        kind = kinds.pop() if kinds else ("number" if type(op) in ORDER else "any")
        if type(op) in ORDER and kind != "number":
            self.refuse(at, f"only numbers have an order, this is a {kind}; compare with == or !=")
            return None
        if left.measure and right.measure and left.measure != right.measure:
            self.refuse(at, f"{MEASURED[left.measure]} is compared with {MEASURED[right.measure]}")
            return None
        self._words(left, right, at)
        self._words(right, left, at)
        a, b = (part.run if part.kind == kind else _read_as(part.run, kind) for part in (left, right))
        return lambda lookup: _pair(function, a(lookup), b(lookup))

    def _words(self, part: Typed, other: Typed, at: ast.expr) -> None:
        """Take note of the labels that a part is compared with; refuse words that it never is."""
        texts = [item for item in other.items if isinstance(item, str)]
        if part.labels:
            self.labels.update(texts)
        for text in texts if part.words else ():
            if text not in part.words:
                self.refuse(at, f"this is one of {', '.join(part.words)}, never {text!r}{suggest(text, part.words)}")

    def _membership(self, negated: bool, left: Typed, right: Typed, at: ast.expr) -> Run | None:
        if right.kind != "list" or not right.items:
            return self._contained(negated, left, right, at)
        kinds = {"text" if isinstance(item, str) else "number" for item in right.items}
        if left.kind not in ("any", *kinds) or len(kinds) > 1:
            self.refuse(at, f"a {left.kind} is looked for in a list of {' and '.join(sorted(kinds))}")
            return None
        self._words(left, right, at)
        kind = kinds.pop()
        run = left.run if left.kind == kind else _read_as(left.run, kind)
        items = np.array(list(right.items), dtype=object if kind == "text" else float)

        def member(values: NDArray[Any]) -> object:
            return np.isin(values, items, invert=negated)

        return lambda lookup: _map(member, run(lookup))

    def _contained(self, negated: bool, left: Typed, right: Typed, at: ast.expr) -> Run | None:
        """`in` a text, a list of the task's own, or the labels that people named."""
        if right.kind not in ("text", "any", "list") or left.kind not in ("text", "any", "number"):
            self.refuse(at, 'after `in` comes a list, e.g. ["a", "b"], a text, `labels` or a field of the task')
            return None
        if left.kind == "number" and right.kind != "any":
            self.refuse(at, f"a number is looked for in a {right.kind} of texts")
            return None
        if right.labels:
            self._words(right, left, at)
        a, b = left.run, right.run

        def run(lookup: Lookup) -> Column:
            held = columns.contains(a(lookup), b(lookup))
            return _map(operator.invert, held) if negated else held

        return run

    def _constant(self, node: ast.Constant) -> Typed | None:
        value = node.value
        if isinstance(value, bool | str):
            column = columns.constant(value)
            return Typed("text" if isinstance(value, str) else "truth", lambda _lookup: column, (value,))
        number = _finite(value)
        if number is None:
            self.refuse(node, f"{_say(node)} is not a number, a text in quotes, true or false")
            return None
        column = columns.constant(number)
        return Typed("number", lambda _lookup: column, (number,),
                     measure=value.measure if isinstance(value, Measure) else "")

    def _list(self, node: ast.List | ast.Tuple) -> Typed | None:
        items = [item.value if isinstance(item.value, str) else _finite(item.value) for item in node.elts
                 if isinstance(item, ast.Constant) and not isinstance(item.value, bool)]
        whole = [item for item in items if item is not None]
        if not whole or len(whole) < len(node.elts):
            self.refuse(node, 'a list holds numbers or texts in quotes, e.g. ["a", "b"], and at least one')
            return None
        return Typed("list", lambda _lookup: columns.constant(0), tuple(whole))

    _tuple = _list

    def _name(self, node: ast.Name) -> Typed | None:
        if node.id in ("true", "false"):
            value = columns.constant(node.id == "true")
            return Typed("truth", lambda _lookup: value, (node.id == "true",))
        return self.signal(node, node.id)

    def signal(self, node: ast.expr, name: str, before: str = "") -> Typed | None:
        """A signal of the scope; `before` is put before the name of its column."""
        scope = self.scope
        if name in scope.signals and name != "regions":
            return self.column(before + name, scope.signals[name][0], measure=scope.measures.get(name, ""),
                               words=scope.words.get(name, ()), labels=name in scope.labels)
        if scope.properties:
            return self.column(name, "any")
        if name == "regions":
            self.refuse(node, "`regions` stands in any(regions, ...), all(regions, ...) or count(regions, ...)")
        elif name in scope.functions:
            self.refuse(node, f"{name} is written {scope.functions[name][1]}")
        else:
            field = f"; a field of the task is written task.{name}" if scope.fields else ""
            self.refuse(node, f"there is no signal `{name}`{suggest(name, scope.known) or field}")
        return None

    def _attribute(self, node: ast.Attribute) -> Typed | None:
        if isinstance(node.value, ast.Name) and node.value.id == "task" and self.scope.fields:
            return self.column(f"task.{node.attr}", "any")
        control = self._control(node.value)
        if control is not None:
            return self.signal(node, node.attr, f"control({control}).") if control else None
        self.refuse(node, "a dot follows only `task`, e.g. task.lang, and control(\"NAME\")" if self.scope.fields
                    else "a dot has no place in a condition about people")
        return None

    def _control(self, node: ast.expr) -> str | None:
        """NAME of `control("NAME")`; empty (and refused) when that is written wrongly, None when it is no control."""
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "control"
                and "control" in self.scope.functions):
            return None
        text = self.text_of(node.args[0]) if len(node.args) == 1 and not node.keywords else None
        if not text:
            self.refuse(node, 'control() takes the name of a control in quotes, e.g. control("sentiment").posterior')
            return ""
        self.controls.add(text)
        return text

    def regions_of(self, node: ast.expr) -> str | None:
        """Name of the column that a node speaks of when it is `regions`, of this or another control; else None."""
        if self.scope is not TASK:
            return None
        if isinstance(node, ast.Name) and node.id == "regions":
            return "regions"
        control = self._control(node.value) if isinstance(node, ast.Attribute) and node.attr == "regions" else None
        return f"control({control}).regions" if control else None

    def text_of(self, node: ast.expr) -> str | None:
        """The text that a node writes out in quotes; None when it does not."""
        return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

    def _call(self, node: ast.Call) -> Typed | None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("score", "posterior"):
            control = self._control(node.func.value)
            if control is not None:
                return functions.READERS[node.func.attr](self, node, f"control({control}).") if control else None
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in self.scope.functions:
            self.refuse(node, f"{name}() says nothing of {self.scope.about}" if name in functions.READERS else
                        f"there is no function `{name or _say(node.func)}`{suggest(name, self.scope.functions)}")
            return None
        return functions.READERS[name](self, node, "")

    def column(self, name: str, kind: str, *, measure: str = "", words: tuple[str, ...] = (),
               labels: bool = False) -> Typed:
        """A column that the lookup gives."""
        if not self.scope.properties or name.startswith("task."):
            self.names.add(name)
        return Typed(kind, lambda lookup: lookup(name), measure=measure, words=words, labels=labels)

    def refuse(self, node: ast.expr, message: str) -> None:
        """Note a problem at a node."""
        self.problems.append(Problem(literals.offset(self._lines, node), message))


def _finite(value: object) -> float | None:
    """A constant as a number; None when it is none, or too large for one."""
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else inf
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _say(node: ast.expr) -> str:
    text = ast.unparse(node)
    return f"`{text[:40]}`"


def _read_as(run: Run, kind: str) -> Run:
    if kind == "any":
        return run
    types, dtype = READ_AS[kind]
    return lambda lookup: columns.only(run(lookup), types, dtype)


def _all_of(runs: Sequence[Run | None], join: Callable[[Column, Column], Column]) -> Typed | None:
    """Truths joined from left to right; None where one of them is wrong."""
    whole = [run for run in runs if run is not None]
    if len(whole) < len(runs):
        return None

    def run(lookup: Lookup) -> Column:
        result = whole[0](lookup)
        for other in whole[1:]:
            result = join(result, other(lookup))
        return result

    return Typed("truth", run)


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
