"""`cueloop flow`: the figures as tables and as JSON, on an empty project, an observed one and one with rules."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from console.cli import main
from console.flow_tables import duration
from cueloop.store import Store
from cueloop.store.columns import now
from tests.sync.flow.flow_store import START, World


def run(*arguments):
    return CliRunner().invoke(main, ["flow", *arguments])


@pytest.fixture
def kept(home):
    opened = Store.open(home.store_url)
    yield opened
    opened.close()


def minutes_ago(minutes):
    return (now() - START) / timedelta(minutes=1) - minutes


def test_without_a_project_it_says_what_to_do(home):
    said = run()
    assert said.exit_code == 1
    assert "cueloop connect" in said.output


def test_a_wrong_number_of_days_is_a_wrong_call(home):
    assert run("--days", "0").exit_code == 2


def test_an_empty_project_gives_reasons_instead_of_figures(kept):
    World(kept)
    said = run()
    assert said.exit_code == 0
    assert "nobody has submitted anything yet" in said.output
    assert "no date: nothing is open" in said.output
    assert "no rules are in force" in said.output
    assert "per accurate label: unknown, nobody has answered anything yet" in said.output


def test_an_observed_project_shows_people_and_costs_in_hours(kept):
    world = World(kept)
    for number in range(3):
        task = world.task(is_labeled=True)
        world.says(task, 1, minutes_ago(60 - number), 36.0)
        world.consensus(task, 0.8)
    said = run("--days", "7")
    assert said.exit_code == 0
    lines = {line.split()[0]: line.split() for line in said.output.splitlines() if line.startswith("  ann")}
    assert lines["ann"][1:4] == ["3", "0", "0"]
    assert "Cost, in hours: the rate is not declared" in said.output
    assert "per finished label: 0.01 hours" in said.output
    assert "per accurate label: 0.0125 hours" in said.output


def test_json_is_the_report_that_programs_read(kept):
    world = World(kept, costs={"currency": "EUR", "per_hour": 36.0})
    task = world.task()
    world.route(task, "waiting", need=2)
    world.says(task, 1, minutes_ago(5), 100.0)
    said = run("--json", "--project", "1")
    assert said.exit_code == 0
    facts = json.loads(said.output)
    assert facts["project"] == 1
    assert facts["days"] == 28
    assert facts["cost"]["per_answer"]["value"] == 1.0
    assert facts["cost"]["unit"] == "EUR"
    assert facts["forecast"]["median"] is None
    assert "too little history" in facts["forecast"]["reason"]


def test_a_project_in_full_swing_fits_its_tables(kept):
    world = World(kept, costs={"currency": "EUR", "per_hour": 36.0, "machine_per_hour": 1.0})
    world.confusion(0.8)
    world.performance(1, 30.0)
    for number in range(30):
        task = world.task()
        world.decides(task, "ask", minutes_ago(3000), target=1)
        for who in (1, 2):
            world.says(task, who, minutes_ago(2900 - 60 * number), 30.0 + number)
        world.decides(task, "stop", minutes_ago(10))
        world.route(task, "done")
        world.consensus(task, 0.9)
    waiting = world.task()
    world.route(waiting, "asked", need=3)
    world.asks(waiting, 1, minutes_ago(30))
    said = run()
    assert said.exit_code == 0, said.output
    assert "Decided by the machine: 0 of 30 finished tasks (0.0%)" in said.output
    assert "Nobody is left who could take 1 tasks" in said.output
    assert "the same by hand:" in said.output
    assert "5 answers to every task" in said.output
    assert "rework (beyond the first plan, checks, rechecks): 50%" in said.output
    assert "saved: " in said.output


@pytest.mark.parametrize(("seconds", "words"), [
    (None, "unknown"), (0, "0 s"), (59, "59 s"), (90, "1.5 min"), (5400, "1.5 h"), (129_600, "1.5 d")])
def test_durations_are_told_as_people_say_them(seconds, words):
    assert duration(seconds) == words
