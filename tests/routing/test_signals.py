"""Signals that rules may name, as they are read from the store; unknown where the store does not know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cueloop.declared import Costs
from cueloop.store import Store, annotators, projects, schema
from cueloop.store.upsert import upsert
from cueloop.types import Control
from routing.signals import Champion, TaskSignals, gather
from routing.signals.said import interval_width, named

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHOICE = Control("c", "t", "Choices", ("a", "b"), "text", modelled=True, kind="choice")
SPANS = Control("c", "t", "Labels", ("a", "b"), "text", kind="spans", shows="Text")
EVERY = frozenset({"agreement", "interval_width", "labels", "regions", "asked", "state", "age", "quiet", "seconds",
                   "cost", "answer_guideline"})


@pytest.fixture
def project(any_store: Store) -> Store:
    """A project with one task, two hours old, and three people."""
    with any_store.write() as conn:
        projects.put(conn, 1, title="T", label_config="<View/>", mode="connected", connected_at=NOW)
        annotators.put(conn, [{"id": n, "email": f"P{n}@x.org"} for n in (1, 2, 3)])
        conn.execute(schema.tasks.insert().values(
            project_id=1, id=7, created_at=NOW - timedelta(hours=2), updated_at=NOW, data={"text": "x"}, cue={},
            overlap=1, is_labeled=False, blind=False))
    return any_store


def answer(store: Store, person: int, label: str, *, minutes: float = 30, value: Any = None, seconds: float | None = 60,
           review: bool = False, guideline: int | None = 1) -> None:
    """Somebody's answer, so many minutes ago."""
    at, name = NOW - timedelta(minutes=minutes), f"u{person}"
    with store.write() as conn:
        conn.execute(schema.annotations.insert().values(
            unique_id=name, project_id=1, task=1, id=person, annotator_id=person, result=[], was_cancelled=False,
            ground_truth=False, lead_time=seconds, created_at=at, updated_at=at))
        upsert(conn, schema.answers, [{
            "task": 1, "control": "c", "annotator_id": person, "project_id": 1, "label": label, "value": value,
            "unique_id": name, "ground_truth": False, "review": review, "guideline_version": guideline,
            "answered_at": at}])


def read(store: Store, control: Control = CHOICE, names: frozenset[str] = EVERY, **others: Any) -> TaskSignals:
    """The signals of the task."""
    with store.read() as conn:
        return gather(conn, 1, control, [1], others.pop("champion", None), 2, names=names, now=NOW, **others)[0]


def test_of_a_task_that_nobody_answered_little_is_known(project: Store) -> None:
    said = read(project, costs=Costs(per_hour=60))
    assert (said.state, said.asked, said.age) == ("new", 0, 7200)
    assert (said.seconds, said.cost) == (0, 0)
    assert (said.agreement, said.quiet, said.interval_width, said.answer_guideline) == (None,) * 4
    assert said.value("labels") == frozenset()
    assert said.regions is None


def test_what_no_rule_names_is_not_read(project: Store) -> None:
    answer(project, 1, "a")
    said = read(project, names=frozenset())
    assert (said.age, said.seconds, said.quiet) == (None, None, None)
    assert "age" not in said.inputs()


def test_answers_tell_agreement_labels_quiet_guideline_time_and_cost(project: Store) -> None:
    answer(project, 1, "a", minutes=50, guideline=1)
    answer(project, 2, "a", minutes=40, guideline=2, seconds=None)
    answer(project, 3, "b", minutes=30, guideline=2)
    said = read(project, costs=Costs(per_hour=60, people={"p3@x.org": 120}))
    assert said.agreement == pytest.approx(1 / 3)
    assert said.value("labels") == {"a", "b"}
    assert (said.quiet, said.answer_guideline) == (1800, 1)
    assert (said.seconds, said.cost) == (120, pytest.approx(3.0))       # a minute at 60, one at 120 an hour
    assert read(project, costs=Costs(people={"p1@x.org": 60})).cost is None     # p3's rate is not known


def test_a_correction_is_no_independent_answer_and_an_unknown_guideline_stays_unknown(project: Store) -> None:
    answer(project, 1, "a", guideline=None)
    answer(project, 2, "b", review=True, guideline=None)
    said = read(project)
    assert said.agreement is None
    assert said.answer_guideline is None


def test_other_models_agree_with_the_champion_or_not(project: Store) -> None:
    champion = Champion("m", "v1")
    with project.write() as conn:
        for model, version, label, minute in (("m", "v1", "a", 0), ("n", "n1", "b", 1), ("n", "n2", "a", 2),
                                              ("o", "o1", "b", 3)):
            at = NOW + timedelta(minutes=minute)
            conn.execute(schema.model_versions.insert().values(
                name=model, version=version, project_id=1, kind="elsewhere", path="", sha256={}, card={},
                created_at=at))
            conn.execute(schema.predictions.insert().values(
                project_id=1, task=1, control="c", model=model, version=version, label=label, score=0.5,
                probabilities={label: 0.5}, out_of_fold=True, created_at=at))
    names = frozenset({"models_agree"})
    # Of each other model its newest version counts: n says the same, o does not
    assert read(project, names=names, champion=champion).value("models_agree") == 0.5
    assert read(project, names=frozenset(), champion=champion).models_agree is None
    # It is unknown without a champion, and where no other model says anything
    assert read(project, names=names).models_agree is None
    with project.write() as conn:
        conn.execute(schema.predictions.delete().where(schema.predictions.c.model != "m"))
    assert read(project, names=names, champion=champion).models_agree is None


def test_agreement_on_regions_is_their_f1_and_predicted_regions_are_read(project: Store) -> None:
    one = {"start": 0, "end": 5, "label": "a", "unit": 0}
    other = {"start": 20, "end": 25, "label": "b", "unit": 0}
    answer(project, 1, "a", value=[one, other])
    answer(project, 2, "a", value=[one])
    with project.write() as conn:
        conn.execute(schema.predictions.insert().values(
            project_id=1, task=1, control="c", model="m", version="v1", label="a", score=0.5, probabilities={},
            out_of_fold=True, created_at=NOW, value=[{**one, "score": 0.7}, "nonsense"]))
    said = read(project, SPANS, champion=Champion("m", "v1"))
    assert said.agreement == pytest.approx(2 / 3)
    assert said.value("labels") == {"a", "b"}
    assert said.regions == ({**one, "score": 0.7},)


def test_the_width_of_an_interval_is_that_of_the_largest_share_or_of_a_value() -> None:
    shares = {"a": {"share": 0.7, "low": 0.5, "high": 0.8}, "b": {"share": 0.3, "low": 0.0, "high": 0.5}}
    assert interval_width({"distribution": shares, "width": 0.5}) == pytest.approx(0.3)
    assert interval_width({"value": 4, "low": 3, "high": 5}) == 2
    odd: list[Any] = [None, [], {"low": "3", "high": 5}, {"distribution": {}}, {"value": 1}]
    assert [interval_width(value) for value in odd] == [None] * 5


def test_ratings_and_texts_name_no_labels() -> None:
    class Row:
        label, value = "4", 4

    assert named(Control("c", "t", "Rating", (), "text", kind="rating"), [Row()]) == frozenset()
