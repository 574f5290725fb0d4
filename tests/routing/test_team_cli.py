"""`cueloop team check | apply | show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.cli import main
from cueloop.settings import Settings
from cueloop.store import Store
from tests.routing.work import Shop

TEAM = """version: 1
currency: EUR
people:
  p1@example.org: {teams: [trust], languages: [de], seniority: senior, capacity: 3/day, cost: 30, time_zone: Asia/Tokyo}
  p2@example.org: {teams: [trust], attributes: {supervisor: kim}}
  px@example.org: {}
"""


@pytest.fixture
def shop(home: Settings, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A project of three people with work in their queues, in a home of its own."""
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://labels.example")
    store = Store.open(home.store_url)
    shop = Shop(store, tasks=20)
    shop.apply("rules: [{name: one, when: answers < 1, ask: {n: 1}}]")
    shop.route()
    return shop


def call(*args: str) -> Result:
    """Run the command line."""
    return CliRunner().invoke(main, ["team", *args])


def test_a_team_is_checked_applied_and_shown(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "team.yaml"
    file.write_text(TEAM)
    found = call("check", str(file), "--json")
    assert found.exit_code == 0
    assert json.loads(found.output)["teams"] == ["trust"]
    # When it is applied, what does not fit is said
    said = call("apply", str(file))
    assert said.exit_code == 0, said.output
    assert "px@example.org is nobody whom Cueloop knows in Label Studio, did you mean p" in said.output
    assert "says nothing of p3@example.org" in said.output
    assert "already in force" in call("apply", str(file)).output
    # Then everybody is shown with what is said of them and what they have to do
    shop.route()
    facts = json.loads(call("show", "--json").output)
    first = facts["people"][0]
    assert (first["email"], first["teams"], first["capacity"], first["cost"]) == ("p1@example.org", ["trust"], 3, 30)
    assert first["link"].startswith("http://labels.example/projects/1/data?tab=")
    assert facts["elsewhere"] == ["px@example.org"]
    text = call("show").output
    assert "trust; de; senior" in text
    assert "3/day, 30 EUR/h (Asia/Tokyo)" in text
    assert "gets no more for now" in text
    assert call("show", "--text").output.strip() == TEAM.strip()


def test_a_wrong_file_leaves_the_old_one_in_force_and_says_so(shop: Shop, tmp_path: Path) -> None:
    file, other = tmp_path / "team.yaml", tmp_path / "other.yaml"
    file.write_text(TEAM)
    call("apply", str(file))
    file.write_text(TEAM.replace("capacity", "capacty"))
    assert call("check", str(file)).exit_code == 3
    refused = call("apply", str(file))
    assert refused.exit_code == 1
    assert "team.yaml:4:72: `p1@example.org` has no field `capacty`, did you mean capacity?" in refused.output
    other.write_text(TEAM.replace("3/day", "4/day"))
    stale = call("apply", str(other))
    assert stale.exit_code == 1
    assert "from elsewhere than" in stale.output
    name = json.loads(call("show", "--json").output)["hash"]
    assert call("apply", str(other), "--replaces", name[:12]).exit_code == 0
    assert json.loads(call("show", "--json").output)["people"][0]["capacity"] == 4


def test_show_speaks_of_a_project_without_a_team_file_and_of_an_unknown_project(shop: Shop) -> None:
    assert "No team file was applied" in call("show").output
    assert "No team file was applied yet" in call("show", "--text").output
    assert call("show", "--project", "9").exit_code == 1
