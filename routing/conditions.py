"""Conditions of rules: a small language over signals, read with `ast` against a whitelist, typed, compiled once.

    answers >= 2 and posterior < 0.9
    predicted in ["spam", "scam"] and score("child_safety") < 0.01
    task.lang != "en"

A compiled condition is evaluated on whole columns. Nothing of Python's own can be reached from it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from routing.columns import BoolArray, Lookup
from routing.expressions import Compiler, Problem, Run

LONGEST = 1000
"""Characters of a condition: enough for any that a person can read."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    source: str
    names: frozenset[str]
    """Columns that it reads, e.g. `score`, `task.lang`, `score(spam)`."""
    _run: Run

    def true(self, lookup: Lookup, size: int) -> BoolArray:
        """(size,) tasks for which it is known to be true."""
        return self._run(lookup).true(size)

    def states(self, lookup: Lookup) -> str:
        """For one task, in words: `true`, `false` or `unknown`."""
        column = self._run(lookup)
        if not bool(column.known.all()):
            return "unknown"
        return "true" if bool(column.values.all()) else "false"


def compile_condition(source: str) -> tuple[Condition | None, list[Problem]]:
    """Read a condition. Gives it, or None and every mistake in it with its offset in `source`."""
    if len(source) > LONGEST:
        return None, [Problem(0, f"a condition has at most {LONGEST} characters, this one {len(source)}")]
    wrapped = f"({source})"     # lets a condition run over several lines; offsets move by one
    try:
        tree = ast.parse(wrapped, mode="eval")
        compiler = Compiler(wrapped)
        run = compiler.truth(tree.body)
    except SyntaxError as error:
        return None, [_not_a_condition(source, _offset(wrapped, error))]
    except (RecursionError, ValueError, MemoryError):
        return None, [Problem(0, "this condition is nested too deeply or holds a forbidden character")]
    if compiler.problems or run is None:
        return None, sorted(compiler.problems, key=lambda p: p.offset)
    return Condition(source, frozenset(compiler.names), run), []


def _offset(text: str, error: SyntaxError) -> int:
    lines = text.splitlines(keepends=True)
    before = sum(len(line) for line in lines[: (error.lineno or 1) - 1])
    return max(0, min(before + (error.offset or 1) - 2, len(text) - 3))


def _not_a_condition(source: str, offset: int) -> Problem:
    """Names what people write who know another language, where they wrote it."""
    for wrong, right in (("&&", "and"), ("||", "or"), ("%", "a share such as 0.05")):
        if wrong in source:
            return Problem(source.index(wrong), f"this is not a condition; did you mean {right} instead of {wrong}?")
    single = re.search(r"(?<![=<>!])=(?!=)", source)
    if single:
        return Problem(single.start(), "this is not a condition; did you mean == instead of =?")
    return Problem(offset, "this is not a condition")
