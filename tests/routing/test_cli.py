"""`cueloop route`: what an admin sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.cli import main
from cueloop.settings import Settings
from cueloop.store import Store, annotators, projects, schema
from cueloop.store.columns import now
from routing.route import route
from tests.routing.test_store import CONFIG

RULES = ("version: 1\nrules:\n"
         "  - {name: two, when: answers < 2, ask: {n: 2, people: [ann@example.com, bo@example.com]}}\n")


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    """The store of this home, with a connected project of three tasks and two people."""
    opened = Store.open(home.store_url)
    with opened.write() as conn:
        projects.put(conn, 7, title="Reviews", label_config=CONFIG, mode="connected", connected_at=now())
        annotators.put(conn, [{"id": 1, "email": "ann@example.com"}, {"id": 2, "email": "bo@example.com"}])
        conn.execute(schema.tasks.insert(), [
            {"project_id": 7, "id": n, "created_at": now(), "updated_at": now(), "data": {"text": str(n)}, "cue": {},
             "overlap": 1, "is_labeled": False, "blind": False} for n in (41, 42, 43)])
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


def test_a_plan_tells_what_a_file_would_do_and_does_nothing(store: Store, file: Path) -> None:
    said = run("plan", file)
    assert said.exit_code == 0
    assert "ask            3  by two" in said.stdout
    assert "Afterwards: 3 asked." in said.stdout
    assert json.loads(run("plan", "--json").stdout)["decisions"] == {"ask": {"first-pass": 3}}   # the default rules
    with store.read() as conn:
        assert conn.execute(schema.decisions.select()).all() == []


def test_apply_puts_rules_in_force_and_says_what_will_not_work(store: Store, file: Path) -> None:
    file.write_text(RULES.replace("bo@example.com", "bob@example.com"))
    first = run("apply", file)
    assert first.exit_code == 0
    assert "now in force in project 7" in first.stdout
    assert "names bob@example.com, who is no annotator of this project, did you mean bo@example.com?" in first.stdout
    again = json.loads(run("apply", file, "--json").stdout)
    assert again["changed"] is False
    assert store.url


def test_a_wrong_file_leaves_the_rules_in_force_and_names_its_mistakes(store: Store, file: Path) -> None:
    run("apply", file)
    file.write_text(RULES.replace("answers <", "answer <"))
    said = run("apply", file)
    assert said.exit_code == 3
    assert "rules.yaml:3:23: there is no signal `answer`, did you mean answers?" in said.stdout
    assert f"Nothing changed: {file} (hash" in said.stdout
    with store.read() as conn:
        assert conn.scalars(schema.rules.select().with_only_columns(schema.rules.c.text)).all() == [RULES]


def test_explain_tells_a_tasks_story(store: Store, file: Path) -> None:
    run("apply", file)
    route(store, 7)
    said = run("explain", "http://localhost:8080/projects/7/data?task=42").stdout
    assert said.startswith("Task 42 of project 7: asked")
    assert "2 answers are wanted, 0 are there (rule two)" in said
    assert "* two              true     ask       when answers < 2" in said
    assert "Asked ann@example.com: open" in said
    assert "(a write is waiting)" in said
    facts = json.loads(run("explain", "42", "--json").stdout)
    assert facts["decisions"][0]["kind"] == "ask"
    missing = run("explain", "99")
    assert (missing.exit_code, "Task 99 of project 7 is not in the store" in missing.stderr) == (1, True)
