"""A team at work, on the real Label Studio or on the fake one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cueloop.store import Store
from tests.routing.team import RULES, Team, assemble

TeamFactory = Callable[..., Team]


@pytest.fixture
def team_at(store: Store, project_factory: Callable[..., int]) -> Iterator[TeamFactory]:
    """`team_at(server, tasks=20, people=4)`: a connected project with texts and people."""
    made: list[Team] = []

    def make(server: Any, tasks: int = 20, people: int = 4, rows: list[dict[str, Any]] | None = None) -> Team:
        texts = rows or [{"text": f"text {number}", "lang": "en"} for number in range(tasks)]
        team = assemble(store, server, project_factory(server, tasks=texts), people)
        made.append(team)
        return team

    yield make
    for team in made:
        for client in (team.admin, *(person.client for person in team.people)):
            client.close()


@pytest.fixture
def team(fake_label_studio: Any, team_at: TeamFactory) -> Team:
    """Four people and twenty texts on the fake Label Studio."""
    return team_at(fake_label_studio)


@pytest.fixture
def at_work(team: Team) -> Team:
    """A team whose first queues are published."""
    team.apply(RULES)
    team.round()
    return team
