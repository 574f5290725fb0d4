"""The router's part in the loop looks at what changed, once."""

from __future__ import annotations

from typing import Any

import pytest

from cueloop.store.columns import now
from cueloop.store.schema import consensus
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
