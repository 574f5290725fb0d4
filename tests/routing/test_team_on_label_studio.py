"""A team at work through their queue links: nobody is served what is not theirs, and nobody sits idle."""

from __future__ import annotations

from dataclasses import replace

from cueloop.store.columns import now
from cueloop.store.schema import pauses
from routing.people import team_file, teams
from tests.routing.conftest import TeamFactory
from tests.routing.team import Person, Team

LANGUAGES = ("de", "fr", "en", "en")


def hire(team: Team, said: dict[int, str]) -> None:
    """Apply a team file that says these things of people, by their place."""
    people = "".join(f"  {team.people[at].email}: {{{text}}}\n" for at, text in said.items())
    with team.store.write() as conn:
        teams.put_in_force(conn, replace(team_file.parse(f"version: 1\npeople:\n{people}"), file="team.yaml"), "test")


def served(person: Person, label: str = "positive", most: int = 99) -> list[dict[str, object]]:
    """Work through a queue until it is empty; the data of the tasks that were shown."""
    shown = []
    while len(shown) < most and (task := person.next()) is not None:
        shown.append(task["data"])
        person.answer(int(task["id"]), label)
    return shown


def test_everybody_is_served_only_what_they_speak_and_a_new_skill_counts_at_the_next_round(
        fake_label_studio: object, team_at: TeamFactory) -> None:
    team = team_at(fake_label_studio, rows=[{"text": f"t{n}", "lang": ("de", "fr", "en", "it")[n % 4]}
                                            for n in range(24)])
    hire(team, {at: f"languages: [{language}]" for at, language in enumerate(LANGUAGES)})
    team.apply("version: 1\nrules: [{name: native, when: answers < 1, ask: {n: 1, language: task.lang}}]")
    team.round()
    for at, person in enumerate(team.people):
        shown = served(person)
        assert shown
        assert {task["lang"] for task in shown} == {LANGUAGES[at]}
    team.round()
    assert [person.next() for person in team.people] == [None] * 4      # Italian waits
    # When somebody learns Italian, the Italian texts are theirs
    hire(team, {0: "languages: [de, it]", 1: "languages: [fr]"})
    team.round()
    assert {task["lang"] for task in served(team.people[0])} == {"it"}
    assert [person.next() for person in team.people[1:]] == [None] * 3


def test_who_runs_dry_is_served_what_lies_in_a_slow_queue_and_no_task_is_served_twice(team: Team) -> None:
    team.apply("version: 1\nrules: [{name: one, when: answers < 1, ask: {n: 1}}]")
    team.round()
    fast, answered = team.people[0], []
    for _ in range(4):
        answered += [task["text"] for task in served(fast)]
        team.round()
    left = [len([task for task in team.ids if person.id in team.asked(task)]) for person in team.people]
    assert len(answered) > 10, (answered, left)         # more than the five or so of their own
    assert len(set(answered)) == len(answered)
    assert all(count <= 2 for count in left[1:]), left  # what is on the others' screens stays theirs
    rest = [task["text"] for person in team.people for task in served(person)]
    assert sorted(answered + rest) == sorted(f"text {n}" for n in range(20))


def test_a_paused_persons_work_moves_on_in_label_studio_too(team: Team) -> None:
    team.apply("version: 1\nrules: [{name: one, when: answers < 1, ask: {n: 1}}]")
    team.round()
    paused = team.people[0]
    assert paused.next() is not None
    with team.store.write() as conn:
        conn.execute(pauses.insert().values(project_id=team.project, annotator_id=paused.id, rule="x", rules_hash="",
                                            reason="x", details={}, created_at=now()))
    team.round()
    assert paused.next() is None
    assert sum(len(served(person)) for person in team.people[1:]) == 20
