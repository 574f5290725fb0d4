"""Functions of the language of conditions: what each takes, and the column it gives."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from routing import found_thresholds
from routing.language import regions
from routing.language.columns import Column, Lookup
from routing.language.literals import COUNT, SECONDS, SHARE, Measure
from routing.language.scopes import REGION
from routing.language.typed import Typed
from routing.language.vocabulary import ANNOTATOR_FUNCTIONS, FUNCTIONS, column_name

if TYPE_CHECKING:
    from routing.language.expressions import Compiler

CONFIDENCE = 0.95
"""Of `found` and of the ends of intervals, where none is named."""


def _of_label(compiler: Compiler, node: ast.Call, before: str) -> Typed | None:
    """score("spam"), posterior("spam")."""
    function = node.func.attr if isinstance(node.func, ast.Attribute) else _name(node)
    label = compiler.text_of(node.args[0]) if len(node.args) == 1 and not node.keywords else None
    if label is None:
        compiler.refuse(node, f'{function}() takes one label in quotes, e.g. {function}("spam")')
        return None
    compiler.labels.add(label)
    return compiler.column(before + column_name(function, label), "number", measure=SHARE)


def _found(compiler: Compiler, node: ast.Call, _before: str) -> Typed | None:
    named = {keyword.arg: _share(keyword.value) for keyword in node.keywords}
    label = compiler.text_of(node.args[0]) if len(node.args) == 1 else "" if not node.args else None
    if label is None or "error" not in named or not named.keys() <= {"error", "confidence"} \
            or len(named) < len(node.keywords):
        compiler.refuse(node, 'found() is written found("spam", error=1%), or found(error=1%, confidence=99%) for all '
                              "labels together")
        return None
    error, confidence = named["error"], named.get("confidence", CONFIDENCE)
    if not error or not confidence or error >= 1 or confidence >= 1:
        compiler.refuse(node, "`error` and `confidence` of found() are shares between 0% and 100%, e.g. error=0.5%")
        return None
    if label:
        compiler.labels.add(label)
    return compiler.column(found_thresholds.column(label, error, confidence), "number", measure=SHARE)


def _sample(compiler: Compiler, node: ast.Call, _before: str) -> Typed | None:
    name = compiler.text_of(node.args[0]) if len(node.args) == 2 and not node.keywords else None
    share = _share(node.args[1]) if name else None
    if not name or share is None or not 0 <= share <= 1:
        compiler.refuse(node, 'sample() takes a name of your own and a share, e.g. sample("second look", 10%)')
        return None
    drawn = compiler.column(column_name("sample", name), "number").run

    def run(lookup: Lookup) -> Column:
        draw = drawn(lookup)
        return Column(np.asarray(draw.values < share), draw.known)

    return Typed("truth", run)


def _known(compiler: Compiler, node: ast.Call, _before: str) -> Typed | None:
    if len(node.args) != 1 or node.keywords:
        compiler.refuse(node, "known() takes one signal, e.g. known(score) or known(task.lang)")
        return None
    name = compiler.regions_of(node.args[0])
    part = compiler.column(name, "list") if name else compiler.compile(node.args[0])
    if part is None:
        return None
    inner = part.run

    def run(lookup: Lookup) -> Column:
        known = np.asarray(inner(lookup).known, bool)
        return Column(known, np.ones_like(known))

    return Typed("truth", run)


def _over_regions(compiler: Compiler, node: ast.Call, _before: str) -> Typed | None:
    """any, all and count."""
    function = _name(node)
    name = compiler.regions_of(node.args[0]) if node.args and not node.keywords else None
    if name is None or len(node.args) not in ((1, 2) if function == "count" else (2,)):
        compiler.refuse(node, f"{function}() is written {FUNCTIONS[function][1]}, e.g. "
                              f"{function}(regions, score < 0.8)")
        return None
    column = compiler.column(name, "list").run
    if len(node.args) == 1:
        return Typed("number", lambda lookup: regions.flatten(column(lookup)).count(), measure=COUNT)
    outside, compiler.scope = compiler.scope, REGION
    inner = compiler.truth(node.args[1])
    compiler.scope = outside
    if inner is None:
        return None
    reduce = {"any": regions.some, "all": regions.every, "count": regions.number}[function]

    def run(lookup: Lookup) -> Column:
        flat = regions.flatten(column(lookup))
        return reduce(flat, inner(regions.lookup(flat, lookup)))

    return Typed(FUNCTIONS[function][0], run, measure=COUNT if function == "count" else "")


def _control(compiler: Compiler, node: ast.Call, _before: str) -> None:
    compiler.refuse(node, 'after control("NAME") come a dot and a signal, e.g. control("NAME").posterior')


def _end(compiler: Compiler, node: ast.Call, _before: str) -> Typed | None:
    """lower(accuracy, 95%), upper(...)."""
    function = _name(node)
    measures, at = compiler.scope.measures, node.args[0] if node.args else None
    name = at.id if isinstance(at, ast.Name) else ""
    confidence = CONFIDENCE if len(node.args) == 1 else _share(node.args[1]) if len(node.args) == 2 else None
    if measures.get(name) != SHARE or node.keywords or not confidence or confidence >= 1:
        shares = ", ".join(signal for signal in measures if measures[signal] == SHARE)
        compiler.refuse(node, f"{function}() is written {ANNOTATOR_FUNCTIONS[function][1]}, where X is one of {shares}")
        return None
    return compiler.column(f"{function}({name},{confidence:g})", "number", measure=SHARE)


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _share(node: ast.expr) -> float | None:
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return None if isinstance(value, Measure) and value.measure == SECONDS else float(value)


READERS: dict[str, Callable[[Compiler, ast.Call, str], Typed | None]] = {
    "score": _of_label, "posterior": _of_label, "found": _found, "sample": _sample, "known": _known,
    "any": _over_regions, "all": _over_regions, "count": _over_regions, "control": _control,
    "lower": _end, "upper": _end}
"""By name; the third argument is put before the names of columns."""
