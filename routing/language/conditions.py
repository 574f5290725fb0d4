"""Conditions of rules: a small language over signals, read with `ast` against a whitelist, typed, compiled once.

    answers >= 2 and posterior < 0.9
    predicted in ["spam", "scam"] and score("child_safety") < 0.01
    task.lang != "en" and age > 2h
    any(regions, score < 0.8) or control("entity").agreement < 80%

A compiled condition is evaluated on whole columns. Nothing of Python's own can be reached from it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from routing.language import columns, literals
from routing.language.columns import BoolArray, Column, Lookup
from routing.language.expressions import Compiler
from routing.language.scopes import TASK, Scope
from routing.language.typed import Problem, Run

LONGEST = 1000
"""Characters of a condition: enough for any that a person can read."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition, or an expression for a number."""

    source: str
    names: frozenset[str]
    """Columns that it reads, e.g. `score`, `task.lang`, `score(spam)`."""
    _run: Run
    labels: frozenset[str] = frozenset()
    """Labels that it speaks of."""
    controls: frozenset[str] = frozenset()
    """Controls that it names."""

    def true(self, lookup: Lookup, size: int) -> BoolArray:
        """(size,) tasks for which it is known to be true."""
        return self._run(lookup).true(size)

    def values(self, lookup: Lookup, size: int) -> Column:
        """(size,) values of an expression for a number, and where they are known."""
        column = self._run(lookup)
        return Column(np.broadcast_to(column.values, (size,)).astype(float), np.broadcast_to(column.known, (size,)))

    def states(self, lookup: Lookup) -> str:
        """For one task, in words: `true`, `false` or `unknown`."""
        column = self._run(lookup)
        if not bool(column.known.all()):
            return "unknown"
        return "true" if bool(column.values.all()) else "false"

    def together(self, other: Condition) -> Condition:
        """This condition and the other."""
        def run(lookup: Lookup) -> Column:
            return columns.both(self._run(lookup), other._run(lookup))

        return Condition(f"({self.source}) and ({other.source})", self.names | other.names, run,
                         self.labels | other.labels, self.controls | other.controls)


def compile_condition(source: str, scope: Scope = TASK) -> tuple[Condition | None, list[Problem]]:
    """Read a condition on tasks, or on what `scope` says.

    Gives it, or None and every mistake in it with its offset in `source`.
    """
    return _compiled(source, scope, Compiler.truth)


def compile_number(source: str, scope: Scope = TASK) -> tuple[Condition | None, list[Problem]]:
    """Read an expression for a number, e.g. `task.duration_s * 0.02`; `values` of the result computes it."""
    return _compiled(source, scope, Compiler.number)


def _compiled(source: str, scope: Scope, read: Callable[[Compiler, ast.expr], Run | None],
              ) -> tuple[Condition | None, list[Problem]]:
    if len(source) > LONGEST:
        return None, [Problem(0, f"a condition has at most {LONGEST} characters, this one {len(source)}")]
    wrapped = f"({source})"     # lets a condition run over several lines; offsets move by one
    try:
        tree = literals.parse(wrapped)
        compiler = Compiler(wrapped, scope)
        run = read(compiler, tree)
    except SyntaxError as error:
        return None, [_not_a_condition(source, _offset(wrapped, error))]
    except (RecursionError, ValueError, MemoryError):
        return None, [Problem(0, "this condition is nested too deeply or holds a forbidden character")]
    if compiler.problems or run is None:
        return None, sorted((Problem(max(p.offset - 1, 0), p.message) for p in compiler.problems),
                            key=lambda p: p.offset)
    return Condition(source, frozenset(compiler.names), run, frozenset(compiler.labels),
                     frozenset(compiler.controls)), []


def _offset(text: str, error: SyntaxError) -> int:
    lines = text.splitlines(keepends=True)
    before = sum(len(line) for line in lines[: (error.lineno or 1) - 1])
    return max(0, min(before + (error.offset or 1) - 2, len(text) - 3))


HINTS = ((r"&&", "and"), (r"\|\|", "or"), (r"\bAND\b", "and"), (r"\bOR\b", "or"), (r"\bNOT\b", "not"),
         (r"!(?!=)", "not"), (r"<>", "!="), (r"\b(?:error|confidence)\s*:", "="))
"""What people write who know another language, and what is written here."""

TIMES = re.compile(r"\d\s*(?:min(?:ute)?s?|sec(?:ond)?s?|h(?:ou)?rs?|days?|w(?:eek)?s?|mo(?:nth)?s?|\b[smhd])\b", re.I)


def _not_a_condition(source: str, offset: int) -> Problem:
    """Names what people write who know another language, where they wrote it."""
    bare = literals.without_texts(source)
    for wrong, right in HINTS:
        found = re.search(wrong, bare)
        if found:
            return Problem(found.start(), f"this is not a condition; did you mean {right} instead of {found[0]}?")
    time = TIMES.search(bare)
    if time:
        return Problem(time.start(), "this is not a condition; times are written 90s, 30m, 2h or 3d")
    single = re.search(r"(?<![=<>!])=(?!=)", re.sub(r"\b(error|confidence)\s*=", lambda m: " " * len(m[0]), bare))
    if single:
        return Problem(single.start(), "this is not a condition; did you mean == instead of =?")
    return Problem(offset, "this is not a condition")
