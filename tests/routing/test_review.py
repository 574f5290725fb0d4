"""A review returns to the author: who is told what, once, and with no content of the task."""

from __future__ import annotations

from typing import Any

import pytest

from cueloop.store import notices
from cueloop.store.notices import Notice
from routing.checking.corrections import changes
from tests.routing.conftest import TeamFactory
from tests.routing.team import Team, choice


def span(number: str, start: int, end: int, label: str, text: str = "a secret name") -> dict[str, Any]:
    """A region of a text."""
    return {"id": number, "from_name": "entity", "to_name": "text", "type": "labels",
            "value": {"start": start, "end": end, "text": text, "labels": [label]}}


def told(team: Team, recipient: str) -> list[Notice]:
    """Somebody's notices."""
    with team.store.read() as conn:
        return [n for n in notices.newest(conn, 100) if n.recipient == recipient]


def test_changes_are_named_by_region_and_label_and_quote_nothing() -> None:
    before = [span("r1", 0, 4, "PERSON"), span("r2", 6, 9, "DRUG"), span("r3", 12, 15, "DRUG"), *choice("neutral")]
    after = [span("r1", 0, 4, "ORG"), span("r2", 6, 11, "DRUG"), span("r4", 20, 24, "DRUG"), *choice("positive")]
    said = changes(before, after)
    assert said == [
        "region r1 of `entity`: PERSON became ORG", "region r2 of `entity` (DRUG) was moved",
        "region r3 of `entity` (DRUG) was removed", "`sentiment`: neutral became positive",
        "region r4 of `entity` (DRUG) was added"]
    assert "secret" not in " ".join(said)
    assert changes(before, before) == []


def test_the_same_region_of_another_annotation_is_no_change() -> None:
    one, other = [span("a", 0, 4, "PERSON")], [span("b", 0, 4, "PERSON")]
    assert changes(one, other) == []
    assert changes(one, [span("b", 0, 4, "ORG")]) == ["region a of `entity`: PERSON became ORG"]


def test_what_somebody_wrote_is_not_quoted() -> None:
    def words(text: str) -> list[dict[str, Any]]:
        return [{"id": "w", "from_name": "comment", "type": "textarea", "value": {"text": [text]}}]

    assert changes(words("my words"), words("other words")) == ["`comment` was changed"]
    rated = [{"from_name": "stars", "type": "rating", "value": {"rating": 3}}]
    assert changes(rated, [{**rated[0], "value": {"rating": 5}}]) == ["`stars`: 3 became 5"]


RULES = """
version: 1
rules:
  - {name: look, when: answers >= 1, review: {people: [%s], scope: disagreed_regions, returns_to: author}}
  - {name: first, when: answers < 1, ask: {n: 1, people: [%s]}}
"""


@pytest.fixture
def reviewed(fake_label_studio: Any, team_at: TeamFactory, monkeypatch: pytest.MonkeyPatch) -> Team:
    """One author, one reviewer; the author answered two tasks, and both wait for review."""
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://ls.example.org/")
    team = team_at(fake_label_studio, tasks=2, people=2)
    author, reviewer = team.people
    team.apply(RULES % (reviewer.email, author.email))
    team.round()
    for task in team.ids:
        author.answer(task, "neutral")
    team.round()
    assert all(team.asked(task) == [reviewer.id] for task in team.ids)
    return team


def test_a_reviewer_is_told_once_a_day_where_the_work_is_and_what_to_look_at(reviewed: Team) -> None:
    reviewer = reviewed.people[1]
    reviewed.round()
    (notice,) = told(reviewed, reviewer.email)
    assert "Rule look: look at only the regions on which the answers disagree." in notice.text
    assert f"Tasks {reviewed.ids[0]}, {reviewed.ids[1]}." in notice.text
    assert f"http://ls.example.org/projects/{reviewed.project}/data?tab=" in notice.text


def test_who_was_corrected_is_told_once_with_the_link_and_the_change(reviewed: Team) -> None:
    author, reviewer = reviewed.people
    task, other = reviewed.ids
    note = reviewed.admin.tasks(reviewed.project, [task])[0]["annotations"][0]["id"]
    # When the reviewer corrects one answer in place, and answers the other task like the author did
    reviewer.client.patch_annotation(note, result=choice("positive"))
    reviewer.answer(other, "neutral")
    for _ in range(3):
        reviewed.round()
    # Then the author hears of the correction, once, and of the other nothing
    (notice,) = told(reviewed, author.email)
    assert notice.kind == "review"
    assert f"Your annotation {note} of task {task}" in notice.text
    assert "- `sentiment`: neutral became positive" in notice.text
    assert f"http://ls.example.org/projects/{reviewed.project}/data?task={task}" in notice.text
    assert "text 0" not in notice.text
    assert reviewed.route(task).state == reviewed.route(other).state == "done"


def test_an_answer_of_the_reviewer_that_says_otherwise_is_a_correction_too(reviewed: Team) -> None:
    author, reviewer = reviewed.people
    reviewer.answer(reviewed.ids[0], "negative")
    reviewed.round()
    reviewed.round()
    (notice,) = told(reviewed, author.email)
    assert "`sentiment`: neutral became negative" in notice.text
