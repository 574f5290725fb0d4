"""The JSON Schema takes what the reader takes, and what it refuses the reader refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from console.cli import main
from routing.language import json_schema, rules
from routing.language.default_rules import DEFAULT_RULES
from routing.language.mistakes import RulesRefused
from tests.routing.test_declarations import FULL as DECLARED
from tests.routing.test_rules_fields import FULL

ROOT = Path(__file__).parents[2]
SCHEMA = json_schema.schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def refused(text: str) -> list[Any]:
    """What the schema has against a file."""
    return list(VALIDATOR.iter_errors(YAML(typ="safe", pure=True).load(text)))


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", [FULL, DECLARED, DEFAULT_RULES, *(
    file.read_text() for folder in ("examples/rules", "console/demo") for file in (ROOT / folder).glob("*.yaml"))])
def test_it_takes_what_the_reader_takes(text: str) -> None:
    assert rules.parse(text)
    assert refused(text) == []


@pytest.mark.parametrize("part", [
    "when: true\n    ask: {n: 0}", "when: true\n    ask: {n: two}", "when: true\n    ask: {nn: 2}", "ask: {n: 2}",
    "when: true\n    ask: {}\n    stop: {}", "when: true", "when: true\n    accept: {audit: 5 of 100}",
    "when: true\n    accept: {audit: 5}", "when: true\n    forbid: acept", "when: true\n    escalate: {}",
    "when: true\n    escalate: {never: a@b.c}", "when: true\n    ask: {people: [bob]}",
    "when: true\n    ask: {if_nobody: {widen: a}}", "when: true\n    ask: {if_nobody: {after: 2h}}",
    "when: true\n    ask: {mix: {culture: {at_least: 2}}}", "when: true\n    ask: {team: []}",
    "when: true\n    stop: {}\n    deadline: 3", "when: true\n    stop: {}\n    keep_together: patient",
    "when: true\n    blind: \"yes\"", "when: true\n    priority: high", "gold: {never_twice: false}",
    "gold: {share: 0.6}", "recheck: {after: 3}", "pause: {after: 3}", "limit: {seen: task.x}",
    "limit: {per_person: 40}", "when: [1]\n    stop: {}", "when: true\n    review: {scope: all}"])
def test_what_it_refuses_in_a_rule_the_reader_refuses_too(part: str) -> None:
    text = f"version: 1\nrules:\n  - name: a\n    {part}\n"
    assert refused(text)
    with pytest.raises(RulesRefused):
        rules.parse(text)


@pytest.mark.parametrize("text", [
    "rules: []", "version: 1", "version: 2\nrules: []", "version: 1\nrules: {}", "version: 1\nrules: []\nqueue: {}",
    "version: 1\nrules: [{when: true, stop: {}}]", "version: 1\nrules: []\nbudget: {money: EUR}",
    "version: 1\nrules: []\nbudget: {team: 6h}", "version: 1\nrules: []\nbudget: {when_spent: never}",
    "version: 1\nrules: []\nlimit: {}", "version: 1\nrules: []\ncontrols: {a: {labels: sorted}}",
    "version: 1\nrules: []\ncosts: {people: {bob: 3}}", "version: 1\nrules: []\nqueues: {hold: 5}",
    "version: 1\nrules: []\nlimit: {seen: task.x, per_person_day: 3}"])
def test_what_it_refuses_in_a_file_the_reader_refuses_too(text: str) -> None:
    assert refused(text)
    with pytest.raises(RulesRefused):
        rules.parse(text)


def test_every_field_has_a_description_for_the_editor() -> None:
    def fields(schema: Any) -> list[Any]:
        if isinstance(schema, dict):
            own = list(schema.get("properties", {}).values())
            return own + [field for value in schema.values() for field in fields(value)]
        return [field for value in schema for field in fields(value)] if isinstance(schema, list) else []

    found = fields(SCHEMA)
    assert len(found) > 100
    assert all(field.get("description") for field in found)


def test_the_command_prints_it() -> None:
    assert json.loads(CliRunner().invoke(main, ["route", "schema"]).stdout) == SCHEMA
