"""`cueloop team pause`, `resume` and `notices`: what an admin does and sees."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from console.cli import main
from cueloop.settings import Settings
from cueloop.store import Store, annotators, assignments, pauses, projects, schema
from cueloop.store.columns import now
from routing.route import route
from tests.routing.test_store import CONFIG


@pytest.fixture
def store(home: Settings) -> Iterator[Store]:
    """The store of this home, with a connected project of four tasks, two people, and their first queues."""
    opened = Store.open(home.store_url)
    with opened.write() as conn:
        projects.put(conn, 7, title="Reviews", label_config=CONFIG, mode="connected", connected_at=now())
        annotators.put(conn, [{"id": 1, "email": "Ann@example.com"}, {"id": 2, "email": "bo@example.com"}])
        conn.execute(schema.tasks.insert(), [
            {"project_id": 7, "id": n, "created_at": now(), "updated_at": now(), "data": {"text": str(n)}, "cue": {},
             "overlap": 1, "is_labeled": False, "blind": False} for n in (41, 42, 43, 44)])
    route(opened, 7)
    yield opened
    opened.close()


def run(*words: object) -> Result:
    """Call the command line; a refusal is its exit code and one sentence."""
    return CliRunner().invoke(main, ["team", *map(str, words)])


def held(store: Store, person: int) -> int:
    """How many tasks somebody is being asked."""
    with store.read() as conn:
        return sum(a.annotator_id == person for a in assignments.open_of(conn, 7))


def test_somebody_is_paused_and_resumed_by_hand_and_told_both(store: Store) -> None:
    assert held(store, 1)
    said = run("pause", "ann@example.com", "--why", "Please read guideline 4 again.", "--author", "lead")
    assert said.exit_code == 0, said.output
    assert "To lift it: cueloop team resume ann@example.com --project 7" in said.output
    # Their work goes to others at the next round of the loop, which knows what to look at
    assert held(store, 1) == 0
    with store.read() as conn:
        changed = set(projects.pending_changes(conn, 7).values())
    assert changed
    route(store, 7, changed)
    assert held(store, 1) == 0
    assert held(store, 2) == 4
    # A second time is refused, and says since when and why
    again = run("pause", "ann@example.com", "--why", "x")
    assert again.exit_code == 1
    assert "is paused in project 7 already" in again.output
    assert "Please read guideline 4 again." in again.output
    resumed = json.loads(run("resume", "ann@example.com", "--json").stdout)
    assert resumed["reason"] == "Please read guideline 4 again."
    with store.read() as conn:
        (had,) = pauses.of_people(conn, 7, [1])[1]
    assert (had.lifted_by, had.rule) == ("cli", "")
    shown = run("notices").output
    assert "to Ann@example.com: You are paused in project 7 (Reviews) (not sent yet)" in shown
    assert "Why: Please read guideline 4 again." in shown
    assert "to Ann@example.com: You get tasks again in project 7 (Reviews)" in shown
    assert "to admin: Ann@example.com is paused in project 7 (Reviews) by lead" in shown
    assert "Nothing is sent: set CUELOOP_SMTP_URL and CUELOOP_MAIL_FROM" in shown


def test_training_can_be_asked_for_by_hand(store: Store) -> None:
    said = json.loads(run("pause", "bo@example.com", "--why", "New here.", "--training", 5, "--json").stdout)
    assert said["training"] == {"right": 5, "of": 6}
    route(store, 7)
    with store.read() as conn:      # no ground truth yet: the admins are told
        assert pauses.open_of(conn, 7)[2].training == {"right": 5, "of": 6}
    assert "No tasks are left for the training of bo@example.com" in run("notices", "--all", "--project", 7).output


def test_unknown_people_and_people_who_are_not_paused_are_named(store: Store) -> None:
    unknown = run("pause", "nobody@example.com", "--why", "x")
    assert (unknown.exit_code, "nobody@example.com is no annotator that Cueloop knows" in unknown.output) == (1, True)
    free = run("resume", "bo@example.com")
    assert (free.exit_code, "bo@example.com is not paused in project 7" in free.output) == (1, True)
    assert run("pause", "bo@example.com").exit_code == 2
    nothing = json.loads(run("notices", "--json").stdout)
    assert nothing == {"mail": False, "notices": []}
