"""Publishing goes through one seam, which another edition of Label Studio could fill."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pytest

from cueloop.label_studio import LabelStudio
from cueloop.store import Store, routes
from cueloop.store.columns import now
from cueloop.store.routes import Route
from routing.checking import recheck
from routing.choosing import hand_out
from routing.deciding import settling
from routing.showing import publish
from routing.showing.wanted import QUEUE, Wanted, queue_names
from tests.routing.team import RULES, Team, patches


class Assignees:
    """Assigns people to tasks as Enterprise's endpoints would, in a dict."""

    def __init__(self) -> None:
        self.of_task: dict[int, frozenset[str]] = {}

    def shows(self, want: Wanted, place: Any, asked: Collection[str]) -> bool:
        """Whether exactly those are assigned who are asked."""
        return self.of_task.get(place.key, frozenset()) == frozenset(asked)

    def write(self, store: Store, client: LabelStudio, project_id: int, wanted: Sequence[Route],
              until: float) -> tuple[int, float]:
        """Assign."""
        for route in wanted:
            self.of_task[route.task] = queue_names(route.wanted["cue"][QUEUE])
            with store.write() as conn:
                routes.confirm(conn, route.task, route.wanted, now())
        return len(wanted), 0.0

    def link(self, base_url: str, project_id: int, queue: str, *, labeling: bool = True) -> str:
        """Label Studio's own stream."""
        return f"{base_url}/projects/{project_id}/data?labeling=1"


def test_who_is_asked_can_be_shown_otherwise_than_by_queues(team: Team, fake_label_studio: Any,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a channel that assigns people instead of writing their queues into tasks
    channel = Assignees()
    for module in (publish, settling, hand_out, recheck):
        monkeypatch.setattr(module, "CHANNEL", channel)
    team.apply(RULES)
    # When the router has asked everybody
    team.round()
    # Then each task is assigned to those who are asked, and no task was touched
    names = {person.id: person.queue for person in team.people}
    for task in team.ids:
        assert channel.of_task[team.key(task)] == {names[annotator] for annotator in team.asked(task)}
        assert not patches(fake_label_studio, task)
    assert not [task for task in team.ids if team.route(task).dirty]
