"""Who meets what a rule demands of people: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.language.audience import ANYBODY, Audience, Mix, Nobody
from routing.people import qualify, team_file
from routing.people.qualify import meets, reasons, resolve
from routing.people.team import Person, Team

TEAM = team_file.parse("""version: 1
people:
  ada@example.org: {teams: [trust], skills: [graphic], languages: [de, en], seniority: senior,
                    attributes: {supervisor: kim, culture: DE}, never: task.author == "ada"}
  bo@example.org: {teams: [trust], languages: [fr], seniority: junior, attributes: {supervisor: kim, culture: FR}}
  cy@example.org: {teams: [translated], languages: [fr, de], attributes: {supervisor: noor, culture: DE}}
  di@example.org: {seniority: lead}
""")
ADA, BO, CY, DI = PEOPLE = tuple(TEAM.people.values())
NOBODY = Nobody(after=7200, widen=("translated",), escalate=("di@example.org",))


def who_meets(who: Audience, data: dict[str, Any] | None = None, **more: Any) -> str:
    """First letters of those who may be asked."""
    return "".join(p.email[0] for p in PEOPLE if meets(who, data or {}, p, TEAM, **more))


@pytest.mark.parametrize(("who", "data", "expected"), [
    (ANYBODY, {}, "abcd"),
    (Audience(people=("ada@example.org", "di@example.org")), {}, "ad"),
    (Audience(teams=("Trust", "translated")), {}, "abc"),
    (Audience(skills=("graphic",)), {}, "a"),
    (Audience(languages=("fr", "de")), {}, "c"),
    (Audience(languages=("task.lang",)), {"lang": "FR"}, "bc"),
    (Audience(languages=("task.langs",)), {"langs": ["fr", "de"]}, "c"),
    (Audience(languages=("task.lang",)), {}, ""),               # absent: the demand is unknown, nobody meets it
    (Audience(languages=("task.lang",)), {"lang": " "}, ""),
    (Audience(languages=("task.lang",)), {"lang": {"a": 1}}, ""),
    (Audience(seniority="senior"), {}, "ad"),
    (Audience(seniority="task.least"), {"least": "junior"}, "abd"),
    (Audience(seniority="boss"), {}, ""),
    (Audience(never=("task.by",)), {"by": "ADA@example.org"}, "bcd"),
    (Audience(never=("task.by", "bo@example.org")), {}, "acd"),     # absent: it names nobody
    (Audience(teams=("trust",), languages=("de",)), {}, "a"),
    (ANYBODY, {"author": "ada"}, "bcd"),                            # what team.yaml says of one person
    (Audience(people=("task.owner",)), {"owner": "bo@example.org"}, "b")])
def test_all_demands_hold_at_once(who: Audience, data: dict[str, Any], expected: str) -> None:
    assert who_meets(who, data) == expected


def test_a_person_must_be_right_often_enough_on_the_labels_in_question() -> None:
    who = Audience(qualified=0.7)
    assert meets(who, {}, BO, TEAM, right=0.7)
    assert not meets(who, {}, BO, TEAM, right=0.69)
    assert reasons(resolve(who, {}), [BO], TEAM, [0.62]) == {
        "bo@example.org": "accuracy on the labels in question is 62%, 70% is asked for"}


def test_those_asked_differ_from_each_other_and_from_those_who_answered() -> None:
    who = Audience(not_same=("supervisor",))
    assert who_meets(who, involved=[ADA]) == "c"        # bo has ada's supervisor; di's is not known
    assert who_meets(who, involved=[ADA, CY]) == ""
    assert who_meets(who, involved=[DI]) == "abc"       # of whom nothing is known holds nobody up


def test_the_last_seats_are_kept_for_what_the_mix_still_lacks() -> None:
    who = Audience(mix=(Mix("culture", "task.culture", 1),))
    data = {"culture": "FR"}
    assert who_meets(who, data, seats=2) == "abcd"
    assert who_meets(who, data, seats=1) == "b"
    assert who_meets(who, data, seats=1, involved=[BO]) == "abcd"
    assert who_meets(who, {}, seats=2) == ""
    two = Audience(mix=(Mix("culture", "FR"), Mix("culture", "DE")))
    assert who_meets(two, seats=2) == "abc"             # two seats for two demands
    assert who_meets(two, seats=1, involved=[BO]) == "ac"


def test_reasons_are_sentences_and_who_may_be_asked_has_none() -> None:
    who = Audience(teams=("trust",), seniority="senior", not_same=("supervisor",))
    said = reasons(resolve(who, {}), PEOPLE, TEAM, [None] * 4, involved=[CY], data={"author": "ada"})
    assert said == {"ada@example.org": 'never gets tasks where task.author == "ada"',
                    "bo@example.org": "junior, senior is asked for", "cy@example.org": "not in team trust",
                    "di@example.org": "not in team trust"}
    said = reasons(resolve(Audience(languages=("task.lang",)), {}), PEOPLE, TEAM, [None] * 4)
    assert set(said.values()) == {"the task has no task.lang, so nobody is known to meet what is asked for"}
    assert reasons(resolve(ANYBODY, {}), PEOPLE, TEAM, [None] * 4) == {}


def test_when_nobody_was_found_in_time_others_are_let_in_and_then_those_who_decide() -> None:
    who = Audience(skills=("medical",), never=("task.by",), if_nobody=NOBODY)
    start = datetime(2026, 5, 1, tzinfo=UTC)
    assert not qualify.overdue(who, start.isoformat(), start + timedelta(hours=1))
    assert qualify.overdue(who, start.isoformat(), start + timedelta(hours=2))
    assert not qualify.overdue(who, None, start)
    late = qualify.allowed(resolve(who, {}), PEOPLE, TEAM, [None] * 4, late=True)
    assert late.tolist() == [False, False, True, False]
    # the veto holds also for those who are let in; then those decide to whom it escalates
    late = qualify.allowed(resolve(who, {"by": "cy@example.org"}), PEOPLE, TEAM, [None] * 4, late=True)
    assert late.tolist() == [False, False, False, True]
    assert not qualify.allowed(resolve(who, {}), PEOPLE, TEAM, [None] * 4).any()


def test_somebody_who_is_asked_stays_unless_the_team_or_a_veto_says_otherwise() -> None:
    who, moment = Audience(languages=("fr",), qualified=0.9, if_nobody=NOBODY), datetime(2026, 5, 1, tzinfo=UTC)
    since = (moment - timedelta(hours=3)).isoformat()

    def stays(person: Person, data: dict[str, Any] | None = None) -> bool:
        return qualify.stays(who, data or {}, person, TEAM, since=since, now=moment)

    assert [stays(person) for person in PEOPLE] == [False, True, True, True]
    assert not qualify.stays(ANYBODY, {"author": "ada"}, ADA, TEAM, since=None, now=moment)
    assert not qualify.stays(replace(who, never=("bo@example.org",)), {}, BO, TEAM, since=since, now=moment)


def test_tasks_whose_people_are_the_same_are_one_group() -> None:
    who = Audience(languages=("task.lang",), never=("task.by",))
    assert qualify.group(who, {"lang": "fr", "by": "x@y.z"}) == qualify.group(who, {"lang": "fr"}) != ""
    assert qualify.group(who, {"lang": "fr"}) != qualify.group(who, {"lang": "de"})
    assert qualify.group(Audience(never=("task.by",), not_same=("supervisor",)), {"by": "x@y.z"}) == ""
    demand, labels, control = qualify.members(qualify.group(Audience(qualified=0.7), {}, ["b", "a"], "s"))
    assert (demand.who, labels, control) == (Audience(qualified=0.7), ("a", "b"), "s")
    assert qualify.members(qualify.group(who, {}))[0].absent == ("task.lang",)


words = st.sampled_from(["a", "b", "task.x"])
lists = st.lists(words, max_size=2).map(tuple)


@settings(max_examples=50)
@given(st.builds(Audience, teams=lists, skills=lists, languages=lists, never=st.just(("p0@x.y",))),
       st.dictionaries(st.just("x"), st.sampled_from(["a", "b", "", 3, None])), st.data())
def test_a_group_never_shuts_out_whom_a_task_would_let_in(who: Audience, data: dict[str, Any], draw: Any) -> None:
    kinds = st.frozensets(st.sampled_from(["a", "b", "3"]))
    crowd = [Person(f"p{n}@x.y", teams=draw.draw(kinds), skills=draw.draw(kinds), languages=draw.draw(kinds))
             for n in range(3)]
    group = qualify.members(qualify.group(who, data))[0]
    wide = qualify.allowed(group, crowd, Team(), [None] * 3)
    exact = np.array([meets(who, data, person, Team()) for person in crowd])
    assert not (exact & ~wide).any()
    assert {p.email for p, ok in zip(crowd, exact, strict=True) if not ok} == set(
        reasons(resolve(who, data), crowd, Team(), [None] * 3))
