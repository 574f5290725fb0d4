"""The router's part in the loop looks at what changed, once."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cueloop.label_config import parse
from cueloop.store import lessons, projects
from cueloop.store.columns import now
from cueloop.store.lessons import Lesson
from cueloop.store.schema import consensus, routes
from routing import step
from tests.routing.team import Team


def test_what_a_full_run_wrote_is_judged_once_not_for_half_a_minute(at_work: Team,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a team at work whose answers were judged in a full run a moment ago
    team = at_work
    for task in team.ids[:6]:
        for person in team.asked(task):
            team.person(person).answer(task, "positive")
    team.round()
    step.step(team.store, team.admin, team.project, ())
    looked: list[int] = []
    was = step.route

    def route(store: Any, project: int, keys: Any) -> int:
        looked.append(len(keys))
        return was(store, project, keys)

    monkeypatch.setattr(step, "route", route)
    # When their consensus is written anew and the loop turns three times
    with team.store.write() as conn:
        conn.execute(consensus.update().values(updated_at=now()))
    for _ in range(3):
        step.step(team.store, team.admin, team.project, ())
    # Then those tasks are looked at in the first turn only
    assert looked == [6, 0, 0]


def test_new_lessons_move_what_waits_once_and_leave_the_rest(at_work: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a team at work, with tasks that wait for people and tasks that do not
    team = at_work
    team.round()
    step.step(team.store, team.admin, team.project, ())
    with team.store.write() as conn:
        every = list(conn.scalars(sa.select(routes.c.task).order_by(routes.c.task)))
        waiting = set(every[:2])
        conn.execute(routes.update().where(routes.c.task.in_(waiting)).values(need=1))
    looked: list[set[int]] = []
    was = step.route

    def route(store: Any, project: int, keys: Any) -> int:
        looked.append(set(keys))
        return was(store, project, keys)

    monkeypatch.setattr(step, "route", route)
    # When training writes what answers would teach
    with team.store.write() as conn:
        config = parse(projects.get(conn, team.project).label_config)
        lessons.put(conn, [Lesson(team.project, key, config.modelled[0].name, 0.5, "label", "margin", "m", "v1")
                           for key in every])
    for _ in range(2):
        step.step(team.store, team.admin, team.project, ())
    # Then what waits is looked at once, for its place in the order
    assert looked == [waiting, set()]
