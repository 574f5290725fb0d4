"""The text of one rule in a rules file, as its author wrote it, whatever language the file was written for."""

from __future__ import annotations

from textwrap import dedent

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from routing.language.reader import Reader


def rule_text(text: str, name: str) -> str | None:
    """The lines of a rule, without the comments behind it; None where the file has none of that name."""
    for rule in _rules(Reader().root(text)):
        if any(key.value == "name" and isinstance(value, ScalarNode) and value.value == name
               for key, value in rule.value if isinstance(key, ScalarNode)):
            lines = text[rule.start_mark.index:rule.end_mark.index].splitlines()
            while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
                lines.pop()
            return dedent(" " * rule.start_mark.column + "\n".join(lines)).rstrip()
    return None


def _rules(root: Node | None) -> list[MappingNode]:
    if not isinstance(root, MappingNode):
        return []
    lists = [value for key, value in root.value if isinstance(key, ScalarNode) and key.value == "rules"]
    return [one for some in lists if isinstance(some, SequenceNode) for one in some.value
            if isinstance(one, MappingNode)]
