"""docs/team.md and the JSON Schema hold to the reader of team files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from routing.people import measured, team_file, team_schema

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "team.md").read_text(encoding="utf-8")


def test_every_field_is_read_told_and_in_the_schema() -> None:
    assert set(team_schema.FIELDS) == set(team_file.FIELDS)
    assert set(team_schema.FILE) == set(team_file.FILE_FIELDS)
    for name, (says, _) in [*team_schema.FIELDS.items(), *team_schema.FILE.items()]:
        assert f"| `{name}` | {says} |" in PAGE


def test_the_team_on_the_page_is_taken() -> None:
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL):
        assert team_file.parse(text).people


def test_figures_in_the_text_are_those_of_the_code() -> None:
    assert measured.CROWD == 10
    assert "weighs as much as ten answers" in PAGE


@pytest.mark.parametrize("file", [ROOT / "examples" / "team.yaml"])
def test_the_schema_takes_what_the_reader_takes(file: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(YAML(typ="safe").load(file), team_schema.schema())
    for wrong in ({"version": 1, "people": {"ada": None}}, {"version": 1, "people": {"a@b.c": {"hours": 20}}},
                  {"version": 1, "people": {"a@b.c": {"skils": []}}}, {"version": 2, "people": {}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, team_schema.schema())
