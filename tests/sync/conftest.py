"""What the tests of sync share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cueloop.store import Store
from tests.sync.team import Team, team_maker


@pytest.fixture
def team(store: Store, project_factory: Callable[..., int]) -> Iterator[Callable[..., Team]]:
    """`team(server, texts=3)`: a connected project with people, followed by a store on SQLite."""
    made: list[Team] = []
    yield team_maker(store, project_factory, made)
    for one in made:
        one.close()


@pytest.fixture
def any_team(any_store: Store, project_factory: Callable[..., int]) -> Iterator[Callable[..., Team]]:
    """The same with a store on SQLite, then on PostgreSQL."""
    made: list[Team] = []
    yield team_maker(any_store, project_factory, made)
    for one in made:
        one.close()
