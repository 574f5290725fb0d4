"""A rule with a found threshold from its first day to its alarm, on the fake Label Studio with people at work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cueloop import sampling
from cueloop.store import figures, routes, schema
from routing import context
from routing import step as loop
from routing.advice import advise
from routing.thresholds import keep
from sync import quality
from sync.pull import pull
from tests.routing.conftest import TeamFactory
from tests.routing.team import Team

RULES = """
version: 1
rules:
  - name: clear
    when: score >= found(error=10%)
    accept: {audit: 50%}
  - {name: stopped, when: answers >= 1, stop: {}}
"""
COLUMN = "found(,0.1,0.95)"


def round_(team: Team) -> None:
    """One round of the loop, a minute after the last."""
    with team.store.write() as conn:
        had = figures.read(conn, team.project, figures.PROJECT, keep.NAME)
        if had:
            had["at"] = (context.read(conn, team.project, _now()).now - timedelta(minutes=2)).isoformat()
            figures.write(conn, team.project, figures.PROJECT, keep.NAME, had)
    changed = pull(team.store, team.admin, team.project).changed
    quality.step(team.store, team.admin, team.project, changed)
    loop.step(team.store, team.admin, team.project, changed)


def _now() -> Any:
    from cueloop.store.columns import now

    return now()


def states(team: Team) -> dict[str, int]:
    """How many tasks stand where."""
    with team.store.read() as conn:
        return routes.counts(conn, team.project)


def work(team: Team, label: str, tasks: list[int]) -> int:
    """Everybody answers what they are asked of these tasks; how many answers that were."""
    done = 0
    for task in tasks:
        for person in team.asked(task):
            team.person(person).answer(task, label)
            done += 1
    return done


@pytest.fixture
def mails(fake_label_studio: Any, team_at: TeamFactory, monkeypatch: pytest.MonkeyPatch) -> Team:
    """Three people, 170 texts, a model that says positive of all, and a rule that waits for its threshold."""
    team = team_at(fake_label_studio, tasks=170, people=3)
    monkeypatch.setenv("CUELOOP_MACHINE_TOKEN", team.machine_token)
    pull(team.store, team.admin, team.project)
    team.apply(RULES)
    team.predict({task: ("positive", 0.9 + (task % 10) / 200) for task in team.ids})
    return team


def test_nothing_is_accepted_until_audits_show_that_it_is_safe_and_nothing_more_after_the_alarm(mails: Team) -> None:
    team = mails
    held = [task for task in team.ids if sampling.is_sampled(
        team.key(task), sampling.audit_salt(team.project), 0.5)]
    rest = [task for task in team.ids if task not in held]
    # Given a first day: nobody knows whether the model can be trusted
    round_(team)
    assert "accepted" not in states(team)
    with team.store.read() as conn:
        said = advise(context.read(conn, team.project, _now()), conn)
    assert [line for line in said if "no threshold is safe yet" in line and "clear" in line]
    # Then only the held-out tasks are asked about, blind
    first = {task for task in team.ids if team.asked(task)}
    assert len(first) == 60                                      # three queues of twenty
    assert first < set(held)
    assert not any(team.admin.predictions(team.project, task) for task in held)
    # When people agree with the model on a few, that is not enough
    assert work(team, "positive", sorted(first)[:10]) == 10
    round_(team)
    assert "accepted" not in states(team)
    # When they agree on most of them
    while work(team, "positive", held):
        round_(team)
    # Then the rule takes effect, on everything but the audit sample
    assert states(team)["accepted"] == len(rest)
    round_(team)
    assert all(team.shown(task)["is_labeled"] for task in rest[:5])
    with team.store.read() as conn:
        assert context.read(conn, team.project, _now()).found[COLUMN] == pytest.approx(0.9)
    # When new texts come of which people say otherwise
    team.admin.import_tasks(team.project, [{"data": {"text": f"new {n}", "lang": "en"}} for n in range(100)])
    pull(team.store, team.admin, team.project)
    new = [task for task in team.ids if task not in held and task not in rest]
    team.predict(dict.fromkeys(new, ("positive", 0.95)))
    drawn = [task for task in new if sampling.is_sampled(team.key(task), sampling.audit_salt(team.project), 0.5)]
    accepted = states(team)["accepted"]
    round_(team)
    assert work(team, "negative", drawn) > 25
    round_(team)
    # Then the threshold is withdrawn at once, and an admin is told
    with team.store.read() as conn:
        assert COLUMN not in context.read(conn, team.project, _now()).found
        notice, = conn.execute(schema.notices.select().where(schema.notices.c.kind == "threshold")).all()
        said = advise(context.read(conn, team.project, _now()), conn)
    assert "no longer safe" in notice.subject
    assert notice.recipient == "admin"
    assert [line for line in said if "withdrawn" in line]
    # What comes later is not accepted, and what was accepted stays so: no flapping
    before = states(team)["accepted"]
    assert before >= accepted
    team.admin.import_tasks(team.project, [{"data": {"text": f"late {n}", "lang": "en"}} for n in range(20)])
    pull(team.store, team.admin, team.project)
    team.predict({task: ("positive", 0.95) for task in team.ids if task not in held + rest + new})
    round_(team)
    round_(team)
    assert states(team)["accepted"] == before
