"""Percentages and durations inside expressions: `5%`, `90s`, `30m`, `2h`, `3d`.

They are no Python, so each is rewritten as an imaginary number of the same length, which Python's parser takes and
which means nothing else here; afterwards its node gets the value. Offsets of mistakes stay true that way.
"""

from __future__ import annotations

import ast
import re
import warnings

from cueloop.language.words import UNITS

SECONDS, SHARE, COUNT = "seconds", "share", "count"
"""What a number measures. Numbers of different measure are not compared; plain numbers go with any."""

TOKEN = re.compile(r"""
    "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*'            # texts are left alone
  | [^\W\d]\w*                                       # so are names
  | (?P<number>\d+(?:\.\d*)?|\.\d+)(?P<unit>\s*%|[smhd]\b)?
""", re.VERBOSE | re.DOTALL)


class Measure(float):
    """A number with a unit."""

    def __new__(cls, value: float, measure: str) -> Measure:
        """`measure` is SECONDS or SHARE."""
        self = super().__new__(cls, value)
        self.measure = measure
        return self

    measure: str


def parse(source: str) -> ast.expr:
    """The syntax tree of an expression. Raises what `ast.parse` raises."""
    found: dict[int, Measure] = {}

    def rewrite(match: re.Match[str]) -> str:
        number, unit = match["number"], match["unit"]
        if not unit:
            return match[0]
        found[match.start()] = (Measure(float(number) / 100, SHARE) if unit.endswith("%")
                                else Measure(float(number) * UNITS[unit], SECONDS))
        return f"{number}j".ljust(len(match[0]))

    with warnings.catch_warnings():     # an odd backslash in a text is the text's own affair
        warnings.simplefilter("ignore")
        tree = ast.parse(TOKEN.sub(rewrite, source), mode="eval").body
    lines = source.splitlines(keepends=True)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, complex):
            node.value = found.get(offset(lines, node), node.value)
    return tree


def offset(lines: list[str], node: ast.expr) -> int:
    """Where a node begins, in characters; `lines` of its source with their ends."""
    line = lines[node.lineno - 1].encode()
    return sum(len(line) for line in lines[: node.lineno - 1]) + len(line[: node.col_offset].decode(errors="ignore"))


def without_texts(source: str) -> str:
    """The source with all that stands in quotes blanked out."""
    return TOKEN.sub(lambda match: " " * len(match[0]) if match[0][0] in "\"'" else match[0], source)
