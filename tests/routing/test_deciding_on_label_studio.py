"""What is opened again, reviewed, adjudicated and blind, on a real Label Studio."""

from __future__ import annotations

from typing import Any

import pytest

from cueloop.store import routes
from sync.pull import pull
from tests.routing.conftest import TeamFactory
from tests.routing.team import Team, choice
from tests.routing.test_deciding_loop import both_answer, rules

pytestmark = pytest.mark.label_studio


def served(team: Team, person: int) -> int | None:
    """The task that somebody's label stream shows next."""
    task = team.person(person).next()
    return task and int(task["id"])


def test_a_done_task_is_served_to_others_again_and_closes_with_their_answers(
        label_studio: Any, team_at: TeamFactory) -> None:
    team = team_at(label_studio, tasks=1, people=4)
    team.only_these()
    team.apply(rules("name: enough, when: answers >= 2, stop: {}", "name: first, when: answers < 2, ask: {n: 2}",
                     'name: again, when: state == "done" and agreement < 0.5, reopen: {n: 1, max: 3}'))
    team.round()
    (task,) = team.ids
    first = team.asked(task)
    both_answer(team, task, "positive", "negative")
    team.round()
    assert team.route(task).state == routes.DONE
    team.round()
    (third,) = team.asked(task)
    assert third not in first
    assert served(team, third) == task
    assert [served(team, person) for person in first] == [None, None]
    team.person(third).answer(task, "positive")
    team.round()
    assert team.route(task).state == routes.DONE
    assert team.shown(task)["is_labeled"]
    team.round()
    assert team.route(task).state == routes.DONE            # max: it is not opened once more


def test_a_reviewer_is_served_the_task_corrects_it_and_another_is_adjudicated_by_a_correction(
        label_studio: Any, team_at: TeamFactory) -> None:
    team = team_at(label_studio, tasks=2, people=2)
    team.only_these()
    student, lead = team.people
    task, other = team.ids
    team.apply(rules(
        f"name: up, when: 'answers >= 1 and task.text == \"text 1\"', escalate: {{to: [{lead.email}]}}",
        f"name: look, when: answers >= 1, review: {{people: [{lead.email}]}}",
        f"name: first, when: answers < 1, ask: {{n: 1, people: [{student.email}]}}"))
    team.round()
    for number in (task, other):
        student.answer(number, "positive")
    team.round()
    assert (team.asked(task), team.asked(other)) == ([lead.id], [lead.id])
    assert served(team, lead.id) == other                   # what was escalated goes before everything else
    for number in (task, other):
        (note,) = team.admin.tasks(team.project, [number])[0]["annotations"]
        lead.client.patch_annotation(note["id"], result=choice("negative"))
    team.round()
    assert {team.route(number).state for number in (task, other)} == {routes.DONE}
    assert served(team, lead.id) is None
    assert team.route(task).plan["why"] == f"{lead.email} reviewed it"
    assert team.route(other).plan["why"] == f"{lead.email} decided it"


def test_a_task_that_a_rule_blinds_loses_its_suggestion(label_studio: Any, team_at: TeamFactory) -> None:
    team = team_at(label_studio, tasks=2, people=2)
    team.only_these()
    blind, other = team.ids
    pull(team.store, team.admin, team.project)
    team.predict(dict.fromkeys(team.ids, ("positive", 0.5)))
    team.apply(rules('name: look, when: task.text == "text 0", blind: true',
                     "name: one, when: answers < 1, ask: {n: 1}"))
    team.round()
    assert team.admin.predictions(team.project, blind) == []
    assert team.admin.predictions(team.project, other)
