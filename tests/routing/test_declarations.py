"""Declarations of a rules file: what is taken, what is refused with its place, what comes into force."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop import declared
from cueloop.declared import Costs, Declared, Gold, Recheck
from cueloop.store import projects
from routing import context
from routing.advice import advise
from routing.language import rules
from routing.language.mistakes import RulesRefused
from tests.routing.team import RULES, Team

DAY = 86_400.0

FULL = """\
version: 1
rules: [{name: all, when: answers < 1, ask: {n: 1}}]
controls: {sentiment: {labels: ordered}, cue: {labels: distribution}, plain: {labels: one}}
gold: {share: 6%, imported: true}
recheck: {share: 0.02, after: 1.5d}
costs: {currency: EUR, per_hour: 20, people: {"Ann@B.org": 35.5}, machine_per_hour: 0.4}
"""

WRONG = """\
version: 1
rules: [{name: all, when: answers < 1, ask: {n: 1}}]
controls: {cue: {labels: sorted}, mood: distribution, cue: {label: one}}
gold: {share: 60%, imports: true, imported: maybe}
recheck: {share: 2, after: 3}
costs: {per_hour: -20, people: {ann: 3}, machine_per_hour: cheap, currency: }
"""


def test_declarations_are_read() -> None:
    assert rules.parse(FULL).declared == Declared(
        labels={"sentiment": "ordered", "cue": "distribution"}, gold=Gold(0.06, True), recheck=Recheck(0.02, 1.5 * DAY),
        costs=Costs("EUR", 20.0, {"ann@b.org": 35.5}, 0.4))


def test_a_file_without_declarations_has_the_defaults() -> None:
    assert rules.parse(RULES).declared == Declared()
    assert context.default().declared == Declared()


def test_every_mistake_is_told_with_its_place() -> None:
    with pytest.raises(RulesRefused) as error:
        rules.parse(WRONG, "r.yaml")
    assert [line.removeprefix("r.yaml:") for line in str(error.value).splitlines()] == [
        "3:26: `labels` is one of one, ordered, distribution, not `sorted`, did you mean ordered?",
        "3:41: control `mood` is a set of `field: value`, not `distribution`",
        "3:55: `cue` stands twice in `controls`; keep one",
        "4:15: `share` is at most 50% of somebody's work, not 60%",
        "4:20: `gold` has no field `imports`, did you mean imported?",
        "4:45: `imported` is true or false, not `maybe`",
        "5:18: `share` is a share between 0% and 100%, e.g. 5% or 0.05, not `2`",
        "5:28: `after` is a duration such as 30m, 2h or 1d, not `3`",
        "6:19: `per_hour` is a number of at least 0, e.g. 20 or 0.4, not `-20`",
        "6:38: `people` maps e-mail addresses to what an hour costs, and `ann` is none",
        "6:60: `machine_per_hour` is a number of at least 0, e.g. 20 or 0.4, not `cheap`",
        "6:76: `currency` is a text, not nothing",
    ]


@pytest.mark.parametrize("text", ["gold: 6%", "controls: [a]", "recheck: soon", "costs: {people: [a]}",
                                  "controls: {[a]: {labels: one}}", "costs: {per_hour: .inf}", "gold: {share: .nan}"])
def test_another_shape_is_refused_and_never_a_traceback(text: str) -> None:
    with pytest.raises(RulesRefused):
        rules.parse(f"version: 1\nrules: []\n{text}\n")


amounts = st.none() | st.floats(0, 1e6, allow_nan=False)


@settings(max_examples=50, deadline=None)
@given(st.builds(
    Declared, labels=st.dictionaries(st.text(min_size=1), st.sampled_from(["ordered", "distribution"])),
    gold=st.builds(Gold, st.floats(0, 0.5), st.booleans()),
    recheck=st.builds(Recheck, st.floats(0, 0.5), st.floats(1, 1e7)),
    costs=st.builds(Costs, st.text(), amounts, st.dictionaries(st.text(), st.floats(0, 1e6)), amounts)))
def test_what_is_declared_survives_the_store(said: Declared) -> None:
    assert declared.of(json.loads(json.dumps(said.to_json()))) == said


def test_declarations_come_into_force_with_the_rules(team: Team) -> None:
    # Given rules in force that declare nothing
    team.apply(RULES)
    # When others are applied, and then the first ones again
    seen = []
    for text in (FULL, RULES):
        team.apply(text)
        with team.store.read() as conn:
            seen.append(declared.of(projects.get(conn, team.project).declared))
    # Then the project declares what its rules do
    assert seen == [rules.parse(FULL).declared, Declared()]


def test_an_admin_is_told_what_does_not_fit_the_project(team: Team) -> None:
    text = RULES + "controls: {sentimant: {labels: ordered}}\ngold: {share: 6%}\ncosts: {people: {nobody@b.org: 3}}\n"
    with team.store.write() as conn:
        given = context.read(conn, team.project, context.projects.get(conn, team.project).connected_at,
                             rules=rules.parse(text, "r.yaml"))
    assert [said for said in advise(given) if said.startswith("r.yaml: ")] == [
        "r.yaml: `controls` names sentimant, which is no control of this project, did you mean sentiment?",
        "r.yaml: `costs` names nobody@b.org, who is no annotator of this project",
        "r.yaml: `gold` has nothing to mix in yet: no annotation that was pulled counts as ground truth"]
