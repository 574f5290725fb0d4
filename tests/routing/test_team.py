"""team.yaml: read with every mistake, applied once for all projects, never over somebody else's edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cueloop import audit, declared
from cueloop.errors import Conflict, RulesError
from cueloop.store import Store, annotators, projects
from cueloop.store.columns import now
from routing import context
from routing.language import rules
from routing.language.mistakes import RulesRefused
from routing.people import team_advice, team_file, teams
from routing.people.team import NO_TEAM, Team

EXAMPLE = Path(__file__).parents[2] / "examples" / "team.yaml"

SMALL = """version: 1
currency: EUR
teams:
  students: {seniority: junior, cost: 18 EUR/h, languages: [en], attributes: {employer: uni}}
people:
  Ada@Example.org: {teams: [students], languages: [de, no], hours: 10h/week, attributes: {supervisor: kim}}
  bo@example.org: {teams: students, cost: 30, capacity: 60/day, share: 15%, qualified: {hate: 90%}}
  cy@example.org:
"""

CONFIG = """<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text">
<Choice value="negative"/><Choice value="positive"/></Choices></View>"""


def test_people_have_what_their_teams_have_and_what_is_said_of_them_wins() -> None:
    team = team_file.parse(SMALL)
    ada, bo, cy = (team.people[f"{name}@example.org"] for name in ("ada", "bo", "cy"))
    assert ada.languages == {"en", "de", "no"}              # `no` is Norwegian, whatever YAML thinks
    assert (ada.cost, bo.cost, cy.cost) == (18.0, 30.0, None)
    assert ada.attributes == {"employer": "uni", "supervisor": "kim"}
    assert (ada.hours, bo.capacity, bo.share, bo.qualified) == (36_000.0, 60, 0.15, {"hate": 0.9})
    assert ada.seniority == "junior"
    assert team.costs == {"ada@example.org": 18.0, "bo@example.org": 30.0}
    assert team.person("STRANGER@example.org").teams == frozenset()


def test_every_mistake_is_told_at_once_with_its_place_and_a_suggestion() -> None:
    wrong = """version: 2
curency: EUR
teams: {a: {senority: x}}
people:
  ada: {}
  b@c.d: {teams: [b], hours: 20, capacity: 60, cost: 3 USD/h, share: 150%, never: score > 1, time_zone: Europe/Berln}
  e@f.g: {cost: 3 EUR, seniority: seniour, attributes: {team: x}}
  E@f.g: {}
"""
    with pytest.raises(RulesRefused) as refused:
        team_file.parse(wrong)
    lines = str(refused.value).splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "2", "3", "5", *["6"] * 6, *["7"] * 3, "8"]
    said = "\n".join(lines)
    for part in ("version 1 of team files, not `2`", "`curency`, did you mean currency?", "did you mean seniority?",
                 "`ada` is none", "no team `b`", "e.g. 20h/week", "e.g. 60/day", "between 0% and 100%", "`score`",
                 "did you mean Europe/Berlin?", "amounts are added up", "did you mean senior?",
                 "no attribute of your own", "stands twice"):
        assert part in said, part


@pytest.mark.parametrize(("text", "said"), [
    ("", "the file is empty"), ("people: {a@b.c: }", "needs `version: 1`"), ("version: 1", "needs `people`"),
    ("version: 1\npeople: [a@b.c]", "`people` is a set of"), ("version: 1\npeople: {a@b.c: 3}", "is a set of"),
    ("version: 1\nseniority: [a, A]\npeople: {}", "names a word twice"), ("- 1\n- 2", "a team file is a set of")])
def test_what_is_no_team_file_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(RulesError, match=said):
        team_file.parse(text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="cannot be read"):
        team_file.load(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"version: 1 # \xe4")
    with pytest.raises(RulesError, match="not UTF-8"):
        team_file.load(tmp_path / "latin.yaml")


def test_the_example_is_right_and_its_people_wake_up_at_their_own_time() -> None:
    team = team_file.load(EXAMPLE)
    noon = datetime(2026, 7, 1, 1, 30, tzinfo=UTC)
    assert team.people["ada@example.org"].midnight(noon) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert team.people["cleo@example.org"].midnight(noon) == datetime(2026, 6, 30, 3, tzinfo=UTC)
    assert team.people["cleo@example.org"].cost == 31.0       # her own, not that of a team
    assert team.people["bo@example.org"].capacity == 400


@pytest.fixture
def project(store: Store) -> Store:
    """A store with two projects that have rules, and one without."""
    with store.write() as conn:
        for number in (1, 2, 3):
            projects.put(conn, number, title="Test", label_config=CONFIG, mode="connected", connected_at=now())
        annotators.put(conn, [{"id": n, "email": f"{name}@example.org"} for n, name in enumerate(("ada", "bo", "di"))])
        for number, costs in ((1, "{per_hour: 20}"), (2, "{currency: USD, people: {bo@example.org: 40}}")):
            text = f"version: 1\nrules: [{{name: two, when: answers < 2, ask: {{n: 2}}}}]\ncosts: {costs}"
            context.put_in_force(conn, number, rules.parse(text), "test")
    return store


def costs(store: Store, number: int) -> declared.Costs:
    """What a project reckons with."""
    with store.read() as conn:
        return declared.of(projects.get(conn, number).declared).costs


def test_the_newest_team_is_in_force_for_all_projects_and_its_costs_count_where_rules_say_nothing(
        project: Store) -> None:
    with project.write() as conn:
        assert teams.in_force(conn) == NO_TEAM
        assert teams.put_in_force(conn, team_file.parse(SMALL), "kim")
        assert not teams.put_in_force(conn, team_file.parse(SMALL), "kim")
        assert audit.verify(conn) == 3
    assert costs(project, 1) == declared.Costs("EUR", 20.0, {"ada@example.org": 18.0, "bo@example.org": 30.0})
    assert costs(project, 2).people == {"bo@example.org": 40}      # another currency: amounts are not mixed
    with project.write() as conn:       # rules that are applied later know it, too
        context.put_in_force(conn, 3, rules.parse("version: 1\nrules: []\ncosts: {people: {ada@example.org: 50}}"), "x")
        assert context.read(conn, 3, now()).rules.declared.costs.people["ada@example.org"] == 50
    assert costs(project, 3).people == {"ada@example.org": 50, "bo@example.org": 30}


def test_an_edit_from_elsewhere_is_not_overwritten_unless_it_is_named(project: Store) -> None:
    first = replace(team_file.parse(SMALL), file="/a/team.yaml")
    second = replace(team_file.parse(SMALL.replace("60/day", "70/day")), file="/b/team.yaml")
    third = replace(team_file.parse(SMALL.replace("60/day", "80/day")), file="/a/team.yaml")
    with project.write() as conn:
        teams.put_in_force(conn, first, "kim")
        with pytest.raises(Conflict, match="applied by kim"):
            teams.put_in_force(conn, second, "noor")
        assert teams.put_in_force(conn, second, "noor", replaces=first.hash[:12])
        with pytest.raises(Conflict, match="from elsewhere than /a/"):
            teams.put_in_force(conn, third, "kim")
        with pytest.raises(Conflict, match="not a team with hash"):
            teams.put_in_force(conn, third, "kim", replaces=first.hash)
        assert teams.in_force(conn).hash == second.hash
        assert teams.put_in_force(conn, replace(first, file="/b/team.yaml"), "noor")     # its own file, back again


def advice(store: Store, team: str, rule: str) -> list[str]:
    """What is said of a rule and a team in project 1."""
    with store.write() as conn:
        teams.put_in_force(conn, replace(team_file.parse(team), file="t"), "test")
        return team_advice.of_rules(context.read(conn, 1, now(), rules=rules.parse(f"version: 1\nrules:\n  - {rule}")))


PEOPLE = """version: 1
people:
  ada@example.org: {teams: [crowd], languages: [de], seniority: junior, attributes: {boss: kim}}
  bo@example.org: {teams: [crowd], skills: [graphic], attributes: {boss: kim}}
  di@example.org: {teams: [staff], seniority: lead}
"""


@pytest.mark.parametrize(("ask", "said"), [
    ("team: crowds", "asks for team crowds, which nobody in team.yaml has, did you mean crowd?"),
    ("language: fr", "asks for language fr, which nobody in team.yaml has"),
    ("skill: grafic", "did you mean graphic?"),
    ("seniority: boss", "asks for seniority boss, and the order is junior, senior, lead"),
    ("n: 1, not_same: bos", "asks for bos, which nobody in team.yaml has, did you mean boss?"),
    ("people: [ad@example.org]", "names ad@example.org, who is no annotator of this project, did you mean "
                                 "ada@example.org?"),
    ("team: staff, language: de", "can ask nobody: its tasks will wait, and the admins are told so (ada@example.org: "
                                  "not in team staff; bo@example.org: not in team staff; di@example.org: speaks no de"),
    ("n: 3, team: crowd", "asks 3 people about a task and 2 may be asked (ada@example.org, bo@example.org): such tasks "
                          "get 2 and wait for 1 more"),
    ("n: 2, team: crowd, not_same: boss", "asks 2 people who all differ in boss, and those who may be asked have 1"),
    ("n: 2, not_same: boss", "asks nobody whose boss is not in team.yaml: di@example.org"),
    ("n: 2, mix: {language: {value: de, at_least: 2}}", "asks for 2 with language de, and 1 of those"),
    ("team: staff, language: de, if_nobody: {after: 2h, widen: [crwd]}", "widens to crwd, which is neither a team nor "
                                                                        "a skill in team.yaml, did you mean crowd?")])
def test_people_that_are_asked_for_and_are_not_there_are_told_with_the_rules_line(
        project: Store, ask: str, said: str) -> None:
    found = advice(project, PEOPLE, f"{{name: a, when: true, ask: {{{ask}}}}}")
    assert any(said in one for one in found), found
    assert all(one.startswith("rules.yaml:3: rule a ") for one in found)


def test_nothing_is_said_where_nothing_is_wrong(project: Store) -> None:
    assert advice(project, PEOPLE, "{name: a, when: true, ask: {n: 2, team: crowd, language: task.lang}}") == []
    assert advice(project, PEOPLE, "{name: a, when: true, ask: {n: 3}}") == []


def test_strangers_and_silence_in_a_team_file_are_told(project: Store) -> None:
    team = team_file.parse(PEOPLE.replace("di@", "dii@"))
    with project.read() as conn:
        said = team_advice.of_team(conn, team)
        empty = team_advice.of_team(conn, Team(file="team.yaml"))
    assert said == ["team.yaml:5: dii@example.org is nobody whom Cueloop knows in Label Studio, did you mean "
                    "di@example.org?", "team.yaml says nothing of di@example.org: no team, no skill, no limit"]
    assert "names nobody" in empty[0]
