"""`cueloop route backtest` and `diff` on a project that the live router looked after."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from console.cli import main
from cueloop.settings import Settings
from cueloop.store import Store, schema
from tests.routing.backtest import past


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's file with a project of 30 tasks that five people worked on."""
    path = tmp_path_factory.mktemp("worked") / "store.sqlite3"
    opened = Store.open(f"sqlite:///{path}")
    past.people(opened, 7, 5)
    past.work(opened, 7, past.tasks(opened, 7, 30))
    opened.close()
    return path


@pytest.fixture
def store(home: Settings, worked: Path) -> Iterator[Store]:
    """The store of this home: a copy of that one."""
    shutil.copy(worked, home.store_url.removeprefix("sqlite:///"))
    opened = Store.open(home.store_url)
    yield opened
    opened.close()


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """Rules that ask one person more."""
    path = tmp_path / "new.yaml"
    path.write_text(past.ONE_MORE)
    return path


def run(*words: object) -> Result:
    """Call the command line."""
    return CliRunner().invoke(main, ["route", *map(str, words)], catch_exceptions=False)


def everything(store: Store) -> dict[str, list[object]]:
    """All rows of what routing writes."""
    with store.read() as conn:
        return {table.name: list(conn.execute(sa.select(table)).all())
                for table in (schema.tasks, schema.routes, schema.decisions, schema.assignments, schema.rules)}


def test_one_person_more_costs_about_one_answer_more_and_nothing_is_written(store: Store, new: Path) -> None:
    before = everything(store)
    found = run("backtest", new, "--draws", 8, "--json")
    assert found.exit_code == 0
    facts = json.loads(found.stdout)
    change = facts["figures"]["answers"]["change"]
    assert change["low"] < change["value"] < change["high"]
    assert 0.3 < change["value"] < 1.5
    assert facts["figures"]["money"]["change"]["value"] > 0
    assert 0.5 < facts["figures"]["accuracy"]["new"]["value"] <= 1
    assert facts["support_new"]["imputed"] > 0.1
    assert sum(facts["support_new"][part] for part in ("recorded", "weighed", "unsupported")) == pytest.approx(1)
    assert everything(store) == before


def test_the_same_rules_change_nothing_and_history_answers_for_all_tasks(store: Store, tmp_path: Path) -> None:
    same = tmp_path / "same.yaml"
    same.write_text(past.IN_FORCE)
    facts = json.loads(run("backtest", same, "--draws", 5, "--json").stdout)
    assert facts["figures"]["answers"]["change"]["value"] == 0
    assert facts["fates"]["changed"] == 0
    with store.read() as conn:
        logged = conn.scalar(sa.select(sa.func.count()).select_from(schema.decisions).where(
            schema.decisions.c.kind == "ask"))
    assert logged
    assert "unlogged" not in facts["support_new"]["why"]


def test_people_read_what_history_cannot_answer(store: Store, new: Path) -> None:
    said = run("backtest", new, "--draws", 5).stdout
    assert "in force" in said
    assert "answers of people a task" in said
    assert "not at all" in said
    assert "drawn from the model" in said
    assert "nan" not in said.lower().replace("finance", "")


def test_a_project_without_answers_has_no_history(home: Settings, new: Path) -> None:
    opened = Store.open(home.store_url)
    past.people(opened, 8, 2)
    past.tasks(opened, 8, 5, model=False)
    opened.close()
    found = CliRunner().invoke(main, ["route", "backtest", str(new), "--project", "8"])
    assert found.exit_code == 1
    assert "no history" in str(found.output) + str(found.exception)


def test_diff_tells_what_changes_and_for_how_many_tasks(store: Store, new: Path) -> None:
    before = everything(store)
    facts = json.loads(run("diff", "in-force", new, "--json").stdout)
    assert {(change["rule"], change["field"]) for change in facts["changes"]} >= {
        ("sure", "when"), ("first-pass", "when"), ("first-pass", "ask.n"), ("torn", "when")}
    assert facts["plans"]["changed"] > 0
    assert any(move["before"].startswith("stop") and move["after"].startswith("ask")
               for move in facts["plans"]["moves"])
    assert "would get another plan now" in run("diff", "in-force", new).stdout
    assert everything(store) == before


def test_rules_that_were_in_force_are_named_by_their_hash(store: Store, new: Path) -> None:
    with store.read() as conn:
        held = conn.scalar(sa.select(schema.rules.c.hash))
    assert json.loads(run("diff", str(held)[:10], new, "--no-plans", "--json").stdout)["old"]["hash"] == held
    assert run("diff", "abcdef123", new).exit_code == 2
