"""Reads a rules file: what every file of ours is read with, and conditions, each mistake of which has its column."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml.nodes import Node, ScalarNode

from cueloop.errors import RulesError
from cueloop.language import reader as plain
from cueloop.language.mistakes import Mistake
from cueloop.language.reader import say
from routing.language.conditions import Condition, compile_condition, compile_number
from routing.language.scopes import TASK, Scope
from routing.language.typed import Problem


def text_of(path: Path, what: str, largest: int) -> str:
    """The text of a file of at most `largest` bytes; `what` it should be. Raises RulesError when it cannot be read."""
    return plain.text_of(path, what, largest, RulesError)


class Reader(plain.Reader):
    """Takes conditions out of nodes, too."""

    def condition(self, node: Node, what: str, scope: Scope = TASK) -> Condition | None:
        """A condition; each mistake in it is noted at its own column."""
        if not isinstance(node, ScalarNode) or not node.value:
            self.refuse(node, f"{what} is a condition such as score >= 0.9, not {say(node)}")
            return None
        condition, problems = compile_condition(str(node.value).rstrip("\n"), scope)
        self._problems(node, problems)
        return condition

    def expression(self, node: Node, what: str) -> Condition | None:
        """An expression for a number."""
        if not isinstance(node, ScalarNode) or not node.value:
            self.refuse(node, f"{what} is a number, or computed as in task.duration_s * 0.02, not {say(node)}")
            return None
        expression, problems = compile_number(str(node.value).rstrip("\n"))
        self._problems(node, problems)
        return expression

    def _problems(self, node: ScalarNode, problems: list[Problem]) -> None:
        quoted = 1 if node.style in ("'", '"') else 0
        for problem in problems:
            line, column = _within(node, problem.offset)
            self.mistakes.append(Mistake(line, column + quoted, problem.message))


def _within(node: ScalarNode, offset: int) -> tuple[int, int]:
    """Line and column of a character of a scalar; of its first one where lines were folded away."""
    mark = node.start_mark
    if node.start_mark.line == node.end_mark.line:
        return mark.line + 1, mark.column + 1 + offset
    if node.style == "|":     # block: the text keeps its lines; its indent is that of its first line
        before = str(node.value)[:offset]
        lines = (node.start_mark.buffer or "").splitlines()
        line = mark.line + 1 + before.count("\n")
        indent = len(lines[line]) - len(lines[line].lstrip()) if line < len(lines) else 0
        return line + 1, indent + offset - (before.rfind("\n") + 1) + 1
    return mark.line + 1, mark.column + 1
