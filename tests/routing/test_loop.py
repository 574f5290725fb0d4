"""The router at work: from a pulled task to a served one and back."""

from __future__ import annotations

from typing import Any

from tests.routing.team import Team

RULES = """
version: 1
rules:
  - {name: clear, when: score >= 0.95, accept: {audit: 0%}}
  - {name: sure, when: answers >= 2 and posterior >= 0.9, stop: {}}
  - {name: first-pass, when: answers < 2, ask: {n: 2}}
  - {name: torn, when: answers >= 2 and posterior < 0.9, ask: {n: 1, expertise: likeliest_two, max: 4}}
"""


def test_people_are_served_what_they_are_asked_and_nothing_else(team: Team) -> None:
    team.apply(RULES)
    team.round()
    for person in team.people:
        task = person.next()
        assert task is not None
        assert person.id in team.asked(task["id"])


def test_two_agree_and_the_task_is_done_without_another_write(team: Team, fake_label_studio: Any) -> None:
    team.apply(RULES)
    team.round()
    task = team.ids[0]
    first, second = (team.person(p) for p in team.asked(task))
    first.answer(task, "positive")
    team.round()
    fake_label_studio.faults.calls.clear()
    second.answer(task, "positive")
    for other in team.ids[1:]:      # so that people are known to agree
        for person in team.asked(other):
            team.person(person).answer(other, "neutral")
    team.round()
    assert team.shown(task)["is_labeled"]
    assert ("PATCH", f"/api/tasks/{task}/") not in fake_label_studio.faults.calls
