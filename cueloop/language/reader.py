"""Reads YAML as a graph of nodes that know their line and column, and takes typed values out of it.

Nothing raises on a wrong value: the mistake is noted, a harmless default is given, reading goes on, so that all
mistakes of a file come out together.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cueloop.errors import FileError
from cueloop.language.mistakes import Mistake
from cueloop.language.words import LONGEST, UNITS, suggest


def text_of(path: Path, what: str, largest: int, error: type[FileError] = FileError) -> str:
    """The text of a file of at most `largest` bytes; `what` it should be. Raises `error` when it cannot be read."""
    try:
        if path.stat().st_size > largest:
            raise error(f"{path}: has over {largest:,} bytes; that is no {what}.")
        return path.read_text(encoding="utf-8")
    except OSError as found:
        raise error(f"{path}: cannot be read: {found.strerror}.") from None
    except UnicodeDecodeError as found:
        raise error(f"{path}: is not UTF-8 text (byte {found.start}). Save it as UTF-8.") from None


class Reader:
    """Takes typed values out of nodes and collects `mistakes`."""

    def __init__(self) -> None:
        """Starts without mistakes."""
        self.mistakes: list[Mistake] = []

    def root(self, text: str) -> Node | None:
        """The top node of a YAML text; None (with the mistake noted) when it is no YAML or empty."""
        try:
            with warnings.catch_warnings():     # an anchor that is used anew is the file's own affair
                warnings.simplefilter("ignore")
                node: Node | None = YAML(pure=True).compose(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.mistakes.append(Mistake(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1,
                                         f"this is not YAML: {error.problem or error.context}"))
            return None
        except YAMLError as error:
            self.mistakes.append(Mistake(1, 1, f"this is not YAML: {str(error).splitlines()[0]}"))
            return None
        except RecursionError:
            self.mistakes.append(Mistake(1, 1, "this is nested too deeply"))
            return None
        if node is None:
            self.mistakes.append(Mistake(1, 1, "the file is empty; begin with `version: 1`"))
        return node

    def refuse(self, node: Node, message: str, *, offset: int = 0) -> None:
        """Note a mistake at a node, `offset` characters into it."""
        mark = node.start_mark
        self.mistakes.append(Mistake(mark.line + 1, mark.column + 1 + offset, message))

    def mapping(self, node: Node, fields: Collection[str], what: str) -> dict[str, Node]:
        """The fields of a mapping. Unknown and repeated keys are mistakes; `what` names the thing in them."""
        if not isinstance(node, MappingNode):
            self.refuse(node, f"{what} is a set of `field: value`, not {say(node)}")
            return {}
        found: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, ScalarNode) else ""
            if name not in fields:
                self.refuse(key, f"{what} has no field {say(key)}{suggest(name, fields)}")
            elif name in found:
                self.refuse(key, f"`{name}` stands twice in {what}; keep one")
            else:
                found[name] = value
        return found

    def pairs(self, node: Node, what: str) -> list[tuple[str, Node]]:
        """The entries of a mapping whose keys are names of the user's own; repeated ones are mistakes."""
        if not isinstance(node, MappingNode):
            self.refuse(node, f"{what} is a set of `name: value`, not {say(node)}")
            return []
        found: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, ScalarNode) else ""
            if not name.strip():
                self.refuse(key, f"{what} needs a name here, not {say(key)}")
            elif name in found:
                self.refuse(key, f"`{name}` stands twice in {what}; keep one")
            else:
                found[name] = value
        return list(found.items())

    def items(self, node: Node, what: str) -> list[Node]:
        """The items of a list."""
        if isinstance(node, SequenceNode):
            return list(node.value)
        self.refuse(node, f"{what} is a list of `- ...`, not {say(node)}")
        return []

    def text(self, node: Node, what: str) -> str:
        """A text that is not empty."""
        if isinstance(node, ScalarNode) and _kind(node) == "str" and node.value.strip():
            return str(node.value)
        self.refuse(node, f"{what} is a text, not {say(node)}")
        return ""

    def choice(self, node: Node, what: str, known: Collection[str]) -> str:
        """One of the words in `known`."""
        word = str(node.value) if isinstance(node, ScalarNode) else ""
        if word not in known:
            self.refuse(node, f"{what} is one of {', '.join(known)}, not {say(node)}{suggest(word, known)}")
        return word

    def integer(self, node: Node, what: str, least: int) -> int:
        """A whole number of at least `least`."""
        word = str(node.value) if isinstance(node, ScalarNode) and _kind(node) == "int" else ""
        if re.fullmatch(r"[-+]?\d{1,9}", word) and int(word) >= least:
            return int(word)
        most = ", in at most nine digits" if len(word) > 9 else ""
        self.refuse(node, f"{what} is a whole number of at least {least}{most}, not {say(node)}")
        return least

    def flag(self, node: Node, what: str) -> bool:
        """True or false."""
        word = str(node.value).lower() if isinstance(node, ScalarNode) and _kind(node) == "bool" else ""
        if not word:
            self.refuse(node, f"{what} is true or false, not {say(node)}")
        return word == "true"

    def number(self, node: Node, what: str) -> float:
        """Any number."""
        if isinstance(node, ScalarNode) and re.fullmatch(r"[-+]?(\d{1,15}(\.\d*)?|\.\d+)", str(node.value)):
            return float(node.value)
        self.refuse(node, f"{what} is a number, e.g. 2 or -0.5, not {say(node)}")
        return 0.0

    def match(self, node: Node, what: str, pattern: str, form: str) -> re.Match[str] | None:
        """A scalar that is written as `pattern` says; `form` tells the user how that is."""
        match = re.fullmatch(pattern, str(node.value)) if isinstance(node, ScalarNode) else None
        if match is None:
            self.refuse(node, f"{what} is {form}, not {say(node)}")
        return match

    def amount(self, node: Node, what: str) -> float:
        """A number that is not negative."""
        match = re.fullmatch(r"\d+(?:\.\d+)?|\.\d+", str(node.value)) if isinstance(node, ScalarNode) else None
        if match and len(match[0]) < 20:
            return float(match[0])
        self.refuse(node, f"{what} is a number of at least 0, e.g. 20 or 0.4, not {say(node)}")
        return 0.0

    def share(self, node: Node, what: str) -> float:
        """A share between 0 and 1, also written in percent: `5%` or `0.05`."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)\s*(%?)", str(node.value)) if isinstance(node, ScalarNode) else None
        if match:
            value = float(match[1]) / (100 if match[2] else 1)
            if 0 <= value <= 1:
                return value
        self.refuse(node, f"{what} is a share between 0% and 100%, e.g. 5% or 0.05, not {say(node)}")
        return 0.0

    def duration(self, node: Node, what: str) -> float:
        """A duration in seconds, written as number and unit: 30m, 2h, 1.5d."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", str(node.value)) if isinstance(node, ScalarNode) else None
        seconds = float(match[1]) * UNITS[match[2]] if match else 0.0
        if 0 < seconds <= LONGEST:
            return seconds
        self.refuse(node, f"{what} is a duration such as 30m, 2h or 1d, not {say(node)}")
        return 0.0


def _kind(node: ScalarNode) -> str:
    return str(node.tag).rsplit(":", maxsplit=1)[-1]


def say(node: Any) -> str:
    """A node in a mistake."""
    if isinstance(node, MappingNode):
        return "a set of fields"
    if isinstance(node, SequenceNode):
        return "a list"
    return f"`{str(node.value)[:40]}`" if node.value else "nothing"
