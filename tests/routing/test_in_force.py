"""Which rules are in force, and who may replace them: the store's copy counts, a stale edit is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.cli import main
from cueloop.settings import Settings
from cueloop.store import Store, projects
from cueloop.store import rules as stored_rules
from cueloop.store.columns import now
from routing import context, edits
from routing.language import rules
from routing.language.default_rules import DEFAULT_FILE

CONFIG = """<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text">
<Choice value="good"/><Choice value="bad"/></Choices></View>"""
RULES = "version: 1\nrules:\n  - {name: two, when: answers < 2, ask: {n: 2}}\n"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A connected project whose home is `tmp_path`."""
    monkeypatch.setenv("CUELOOP_HOME", str(tmp_path))
    monkeypatch.delenv("CUELOOP_DATABASE_URL", raising=False)
    opened = Store.open(Settings(_env_file=None, CUELOOP_HOME=tmp_path).store_url)
    with opened.write() as conn:
        projects.put(conn, 7, title="Reviews", label_config=CONFIG, mode="on", connected_at=now())
    yield opened
    opened.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A rules file."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def run(*words: object) -> Result:
    """Call the command line."""
    return CliRunner().invoke(main, ["route", *map(str, words)], catch_exceptions=False)


def in_force(store: Store) -> str:
    """Text of the rules in force."""
    with store.read() as conn:
        return context.in_force(conn, 7).text


def test_a_file_may_replace_what_it_put_in_force_itself(store: Store, file: Path, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("apply", file).exit_code == 0
    file.write_text(RULES.replace("n: 2", "n: 3"))
    # When the same file is named from elsewhere, by another path
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert run("apply", "../rules.yaml").exit_code == 0
    assert "n: 3" in in_force(store)


def test_a_stale_edit_is_refused_until_it_names_what_it_replaces(store: Store, file: Path, tmp_path: Path) -> None:
    # Given rules that ann put in force from a file of hers
    other = tmp_path / "of-ann.yaml"
    other.write_text(RULES.replace("two", "of-ann"))
    assert run("apply", file).exit_code == 0
    first = rules.load(file).hash
    assert run("apply", other, "--author", "ann", "--replaces", first[:12]).exit_code == 0
    # When somebody applies the older file, edited
    file.write_text(RULES.replace("n: 2", "n: 4"))
    refused = run("apply", file)
    # Then nothing changes, and they are told whose rules would be lost
    assert refused.exit_code == 3
    assert "applied by ann" in refused.stdout
    assert f"--replaces {rules.load(other).hash[:12]}" in refused.stdout
    assert "Nothing changed" in refused.stdout
    assert in_force(store) == other.read_text()
    # Nor does it when they name what is no longer in force, or too little of a hash
    assert run("apply", file, "--replaces", first).exit_code == 3
    assert run("apply", file, "--replaces", rules.load(other).hash[:3]).exit_code == 3
    facts = json.loads(run("apply", file, "--json").stdout)
    assert (facts["ok"], facts["in_force"]) == (False, rules.load(other).hash)
    # Until they name it
    assert run("apply", file, "--replaces", rules.load(other).hash[:12]).exit_code == 0
    assert in_force(store) == file.read_text()


def test_the_default_rules_never_stand_in_the_way(store: Store, file: Path) -> None:
    with store.write() as conn:
        context.put_in_force(conn, 7, context.default(), "cueloop")
        held = stored_rules.in_force(conn, 7)
    assert held is not None
    assert held.file == DEFAULT_FILE
    assert run("apply", file).exit_code == 0
    assert in_force(store) == RULES


def test_the_same_rules_from_another_file_change_nothing(store: Store, file: Path, tmp_path: Path) -> None:
    run("apply", file)
    copy = tmp_path / "copy.yaml"
    copy.write_text(RULES)
    assert json.loads(run("apply", copy, "--json").stdout)["changed"] is False


def test_rules_that_came_back_are_in_force_since_then_and_from_there(store: Store) -> None:
    with store.write() as conn:
        for name, author in (("a", "ann"), ("b", "bo"), ("a", "cy")):
            edits.apply(conn, 7, rules.parse(RULES.replace("two", name), "/shared/rules.yaml"), author)
        held = stored_rules.in_force(conn, 7)
    assert held is not None
    assert held.author == "cy"


def test_show_prints_the_rules_in_force_and_writes_them_as_they_were_applied(store: Store, file: Path,
                                                                             tmp_path: Path) -> None:
    assert "default rules, never applied" in run("show").stdout
    run("apply", file, "--author", "ann")
    said = run("show").stdout
    assert "applied by ann on " in said
    assert RULES in said
    assert json.loads(run("show", "--json").stdout)["hash"] == rules.parse(RULES).hash
    out = tmp_path / "out.yaml"
    assert f"--replaces {rules.parse(RULES).hash[:12]}" in run("show", "--out", out).stdout
    assert out.read_text() == RULES
    again = run("show", "--out", out)
    assert (again.exit_code, "exists" in again.stderr) == (2, True)
    assert run("show", "--out", out, "--force").exit_code == 0
    assert store.url


def test_check_tells_what_does_not_fit_a_project_when_one_is_named(store: Store, file: Path) -> None:
    file.write_text(RULES.replace("answers < 2", "'predicted == \"godo\" or control(\"sentimant\").posterior < 0.9'"))
    assert "godo" not in run("check", file).stdout
    said = run("check", file, "--project", 7)
    assert (said.exit_code, "did you mean good?" in said.stdout) == (0, True)
    assert "speaks of the control sentimant, which this project does not have, did you mean sentiment?" in said.stdout
    assert store.url
