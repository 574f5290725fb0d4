"""Projects whose label config has no single choice: people are asked, no model predicts, rules read the consensus."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from console.explanation import human
from cueloop.store import Store, assignments, decisions, performance, routes, schema
from cueloop.store.columns import now
from cueloop.types import Control
from routing import context
from routing.advice import advise
from routing.choosing import expertise
from routing.explaining.explain import explain
from routing.language.default_rules import DEFAULT_RULES
from routing.route import route
from routing.signals import TaskSignals, uncertainty
from sync import quality
from sync.pull import pull
from tests.routing.team import Team, assemble

SPANS = """<View><Text name="text" value="$text"/>
<Labels name="names" toName="text"><Label value="PER"/><Label value="LOC"/></Labels></View>"""
TEXTS = """<View><Text name="text" value="$text"/><TextArea name="why" toName="text"/>
<TextArea name="more" toName="text"/></View>"""


def span(start: int, end: int) -> list[dict[str, Any]]:
    return [{"id": "a", "from_name": "names", "to_name": "text", "type": "labels",
             "value": {"start": start, "end": end, "text": "Ann saw it"[start:end], "labels": ["PER"]}}]


def written(text: str, control: str = "why") -> list[dict[str, Any]]:
    return [{"id": "a", "from_name": control, "to_name": "text", "type": "textarea", "value": {"text": [text]}}]


@pytest.fixture
def team_asked(store: Store, fake_label_studio: Any, project_factory: Any) -> Any:
    """`team_asked(config, people=4)`: a connected project with six texts and the default rules."""
    made: list[Team] = []

    def make(config: str, people: int = 4) -> Team:
        project = project_factory(fake_label_studio, tasks=[{"text": f"Ann saw it {n}"} for n in range(6)],
                                  label_config=config)
        made.append(assemble(store, fake_label_studio, project, people))
        made[-1].apply(DEFAULT_RULES)
        made[-1].round()
        return made[-1]

    yield make
    for team in made:
        for client in (team.admin, *(person.client for person in team.people)):
            client.close()


def submit(team: Team, task: int, results: list[list[dict[str, Any]]]) -> None:
    """Those who are asked about a task answer, one after another, with these results."""
    for person, result in zip(team.asked(task), results, strict=True):
        team.person(person).client.annotate(task, result, lead_time=5.0)


def test_spans_are_asked_of_two_people_and_of_a_third_where_those_differ(team_asked: Any) -> None:
    # given a project that only asks for spans
    team = team_asked(SPANS)
    agreed, torn = team.ids[:2]
    for task in team.ids:
        assert len(team.asked(task)) == 2
    # when two people agree about all texts but one, on which they mark different things
    for task in team.ids:
        submit(team, task, [span(0, 3), span(0, 3) if task != torn else span(4, 7)])
    team.round()
    team.round()
    # then what they agree on is done, the other goes to a third
    assert team.route(agreed).state == routes.DONE
    assert team.route(torn).state == routes.ASKED
    assert len(team.asked(torn)) == 1
    # and the explanation says what is known: nothing of a model, the consensus of people
    told = explain(team.store, team.project, torn)
    (names,) = told["controls"]
    assert names["signals"]["answers"] == 2
    assert names["signals"]["score"] is None
    assert 0 < names["signals"]["posterior"] < 0.9
    assert {rule["rule"]: rule["holds"] for rule in names["rules"]} == {
        "clear": "unknown", "stuck": "false", "sure": "false", "first-pass": "false", "torn": "true"}
    assert "ask by rule torn" in human(told)
    # and the loop comes to rest
    assert route(team.store, team.project) == 0


def test_a_field_that_everybody_left_empty_holds_nothing_up(team_asked: Any) -> None:
    # given two free texts, of which people fill in only the first
    team = team_asked(TEXTS)
    first, *_, last = team.ids
    for task in team.ids[:-1]:
        submit(team, task, [written("it was good"), written("it was good")])
    # and a task that two people submit with nothing in it
    submit(team, last, [[], []])
    # when it is routed
    team.round()
    team.round()
    # then what was filled in decides, and where there is nothing nobody else is asked
    assert team.route(first).state == routes.DONE
    assert team.asked(last) == []
    assert team.route(last).need == 0


def test_a_review_of_spans_is_no_further_answer(team_asked: Any) -> None:
    # given a task that two people answered
    team = team_asked(SPANS)
    task = team.ids[0]
    submit(team, task, [span(0, 3), span(0, 3)])
    changed = pull(team.store, team.admin, team.project).changed
    # when somebody else edits one of the two
    with team.store.read() as conn:
        number = conn.scalar(schema.annotations.select().with_only_columns(schema.annotations.c.id).limit(1))
    other = next(p for p in team.people if p.id not in {a.annotator_id for a in _assigned(team, task)})
    other.client.patch_annotation(number, result=span(4, 7))
    changed |= pull(team.store, team.admin, team.project).changed
    quality.step(team.store, team.admin, team.project, changed)
    # then there are still two answers
    assert explain(team.store, team.project, task)["controls"][0]["signals"]["answers"] == 2


def _assigned(team: Team, task: int) -> list[assignments.Assignment]:
    with team.store.read() as conn:
        key = team.key(task)
        return assignments.of_tasks(conn, [key])[key]


def test_decisions_about_such_tasks_name_the_control_and_whoever_could_be_asked(team_asked: Any) -> None:
    team = team_asked(SPANS)
    with team.store.read() as conn:
        made = [one for _, one in decisions.of_task(conn, team.key(team.ids[0]))]
    assert [(one.kind, one.control, one.rule) for one in made] == [("ask", "names", "first-pass")]
    assert made[0].inputs["answers"] == 0
    assert len(made[0].candidates) == 4
    assert all(candidate["value"] > 0 for candidate in made[0].candidates)


def test_whoever_is_right_more_often_is_worth_more_and_a_guesser_nothing(any_store: Store) -> None:
    # given three annotators of spans, and one who is not known
    control = Control("names", "text", "Labels", ("PER",), "text", kind="spans")
    with any_store.write() as conn:
        conn.execute(schema.projects.insert().values(id=1, title="x", label_config=SPANS, mode="connected",
                                                     connected_at=now()))
        performance.write(conn, 1, "names", [
            {"annotator_id": who, "answers": 20, "skips": 0, "accuracy": right, "low": 0.0, "high": 1.0, "labels": [],
             "confusion": [], "counts": []} for who, right in ((1, 0.95), (2, 0.7), (3, 0.2))])
        found = expertise.load(conn, 1, control, [1, 2, 3, 4])
    # when it is asked what their answers would tell about a task of which nothing is known
    belief = TaskSignals(1, {}).belief(())
    (value,) = expertise.information(belief[None], found.confusion)
    # then the best tells most, a guesser nothing, and the unknown one counts as the mean
    assert value[0] > value[1] > value[3] > value[2] == pytest.approx(0.0, abs=1e-9)
    assert list(found.answers) == [20, 20, 20, 0]


@pytest.mark.parametrize(("posterior", "sure"), [(None, 1.0), (0.5, 1.0), (0.99, 0.0808), (0.0, 0.0)])
def test_a_consensus_that_may_be_right_or_wrong_is_as_uncertain_as_its_probability(
        posterior: float | None, sure: float) -> None:
    belief = TaskSignals(1, {}, posterior=posterior).belief(())
    assert belief.sum() == pytest.approx(1.0)
    assert np.isfinite(belief).all()
    assert uncertainty(belief) == pytest.approx(sure, abs=1e-4)


def test_the_admin_is_told_that_no_model_will_predict(team_asked: Any) -> None:
    team = team_asked(SPANS)
    with team.store.read() as conn:
        said = advise(context.read(conn, team.project, now()))
    assert any("no single choice" in sentence for sentence in said)


def test_people_are_worth_something_before_anybody_could_be_judged(any_store: Store) -> None:
    # given nothing but an expert's ground truth, which says nothing of how often people are right
    control = Control("names", "text", "Labels", ("PER",), "text", kind="spans")
    with any_store.write() as conn:
        conn.execute(schema.projects.insert().values(id=1, title="x", label_config=SPANS, mode="connected",
                                                     connected_at=now()))
        performance.write(conn, 1, "names", [
            {"annotator_id": 9, "answers": 9, "skips": 0, "accuracy": 0.4, "low": 0.0, "high": 1.0, "labels": [],
             "confusion": [], "counts": []}])
        found = expertise.load(conn, 1, control, [1, 2])
        nobody = expertise.load(conn, 1, control, [])
    assert (expertise.information(TaskSignals(1, {}).belief(())[None], found.confusion) > 0).all()
    assert nobody.confusion.shape == (0, 2, 2)
