"""Who was asked to decide decides: their answer is the consensus, in full and quick updates, for every shape."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cueloop.store import Store, adjudications, consensus, figures, performance, schema
from cueloop.store.adjudications import Adjudication
from cueloop.store.consensus import Consensus
from sync import quality
from tests.sync import quality_store as given

LEAD, OTHER = 8, 9

SHAPES = """<View><Text name="text" value="$text"/><Rating name="stars" toName="text" maxRating="5"/>
<Number name="price" toName="text"/><TextArea name="words" toName="text"/>
<Choices name="tags" toName="text" choice="multiple"><Choice value="a"/><Choice value="b"/></Choices>
<Taxonomy name="tree" toName="text"><Choice value="x"><Choice value="y"/></Choice></Taxonomy>
<Labels name="spans" toName="text"><Label value="P"/></Labels></View>"""


def decide(store: Store, task: int, judge: int = LEAD, control: str = "mood", minute: int = 60) -> None:
    """A rule asked somebody to decide a task (key), and they did."""
    with store.write() as conn:
        adjudications.write(conn, [Adjudication(1, task, control, judge, "torn",
                                                given.START + timedelta(minutes=minute))])


def disputed(store: Store) -> list[int]:
    """Ten tasks that three people answer alike but for the first, where the lead is alone against them."""
    keys = given.project(store, tasks=10)
    given.answers(store, 1, [(key, who, "good" if place % 2 else "bad") for place, key in enumerate(keys)
                             for who in (1, 2, 3)])
    given.answers(store, 1, [(keys[0], LEAD, "good")])
    return keys


def row(store: Store, task: int, control: str = "mood") -> Consensus:
    """The consensus of a task (key)."""
    with store.read() as conn:
        return consensus.of_tasks(conn, [task], control)[task]


@pytest.mark.parametrize("how", ["full", "quick"])
def test_the_judges_answer_is_the_consensus_until_they_take_it_back(any_store: Store, how: str) -> None:
    def look() -> Consensus:
        if how == "full":
            quality.recompute(any_store, 1)
        else:
            quality.update(any_store, 1, [task])
        return row(any_store, task)

    # given three people against one, who was then asked to decide
    task = disputed(any_store)[0]
    quality.recompute(any_store, 1)
    assert (row(any_store, task).label, row(any_store, task).method) == ("bad", "hierarchical")
    decide(any_store, task)
    # then what they say holds, for sure
    found = look()
    assert (found.label, found.probability, found.method, found.wrong) == ("good", 1.0, "adjudication", 0.0)
    assert found.answers == 4
    # when somebody is asked later and decides otherwise, that holds
    given.answers(any_store, 1, [(task, OTHER, "bad")])
    decide(any_store, task, OTHER, minute=90)
    assert (look().label, look().method) == ("bad", "adjudication")
    # when they delete their answer, the earlier decision counts again, as its judge puts it now
    with any_store.write() as conn:
        conn.execute(schema.answers.delete().where(schema.answers.c.annotator_id == OTHER))
    assert look().label == "good"
    # and without any the crowd decides
    with any_store.write() as conn:
        conn.execute(schema.answers.delete().where(schema.answers.c.annotator_id == LEAD))
    assert (look().label, look().method) == ("bad", "hierarchical")


def test_a_ground_truth_stands_above_a_decision(store: Store) -> None:
    task = disputed(store)[0]
    decide(store, task)
    with store.write() as conn:
        given.answer(conn, 1, task, 5, "mood", "bad", truth=True)
    quality.recompute(store, 1)
    assert (row(store, task).label, row(store, task).method) == ("bad", "ground-truth")


def test_a_judge_who_saves_somebodys_annotation_as_it_is_decides_for_it(store: Store) -> None:
    # given three against one, and a judge who has no answer of their own but saved the one's annotation
    keys = disputed(store)
    with store.write() as conn:
        given.answer(conn, 1, keys[0], OTHER, "mood", "good")
        conn.execute(schema.answers.delete().where(schema.answers.c.annotator_id == LEAD))
        conn.execute(schema.annotations.insert().values(
            unique_id=f"{keys[0]}-{OTHER}", project_id=1, task=keys[0], id=1, annotator_id=OTHER, updated_by=LEAD,
            result=[], was_cancelled=False, ground_truth=False, created_at=given.START, updated_at=given.START))
    decide(store, keys[0])
    quality.recompute(store, 1)
    assert (row(store, keys[0]).label, row(store, keys[0]).method) == ("good", "adjudication")
    # when its author saves it again, nobody's decision is left
    with store.write() as conn:
        conn.execute(schema.annotations.update().values(updated_by=OTHER))
    quality.recompute(store, 1)
    assert row(store, keys[0]).method == "hierarchical"


def test_a_decision_teaches_about_annotators_but_is_no_gold(store: Store) -> None:
    # given one annotator whom two others outvote in thirty of forty tasks, and a judge who sides with the one
    keys = given.project(store, tasks=40)
    given.answers(store, 1, [(key, who, "good" if who < 3 or place >= 30 else "bad") for place, key in enumerate(keys)
                             for who in (1, 2, 3)])
    quality.recompute(store, 1)
    with store.read() as conn:
        before = {one.annotator_id: one.accuracy for one in conn.execute(performance.of_project(1, "mood"))}
    given.answers(store, 1, [(key, LEAD, "bad") for key in keys[:30]])
    for key in keys[:30]:
        decide(store, key)
    quality.recompute(store, 1)
    with store.read() as conn:
        after = {one.annotator_id: one for one in conn.execute(performance.of_project(1, "mood"))}
        proposed = figures.read(conn, 1, "mood", "gold_candidates")
    # then accuracies turn; of gold nobody has answered any, and the judge is not judged by their own decisions
    assert before[1] > before[3]
    assert after[3].accuracy > after[1].accuracy
    assert [after[who].details["card"]["quality"]["gold"]["n"] for who in (1, 2, 3)] == [0, 0, 0]
    assert not {one["task"] for one in proposed or []} & set(keys[:30])


SAID: dict[str, tuple[Any, Any]] = {
    "stars": (1, 5), "price": (1.0, 9.0), "words": (["one"], ["another"]), "tags": (["a"], ["b"]),
    "tree": ([["x"]], [["x", "y"]]),
    "spans": ([{"start": 0, "end": 2, "label": "P", "unit": 0}], [{"start": 3, "end": 6, "label": "P", "unit": 0}])}


@pytest.mark.parametrize("control", SAID)
def test_a_decision_holds_for_every_shape_of_answer(store: Store, control: str) -> None:
    keys = given.project(store, config=SHAPES, tasks=3)
    crowd, judge = SAID[control]
    given.answers(store, 1, [(key, who, "said") for key in keys for who in (1, 2, 3)], control, crowd)
    given.answers(store, 1, [(keys[0], LEAD, "decided")], control, judge)
    quality.recompute(store, 1)
    assert row(store, keys[0], control).method != "adjudication"
    decide(store, keys[0], control=control)
    for look in (lambda: quality.recompute(store, 1), lambda: quality.update(store, 1, keys)):
        look()
        found, other = row(store, keys[0], control), row(store, keys[1], control)
        assert (found.method, found.probability) == ("adjudication", 1.0)
        value = found.value["value"] if control in ("stars", "price") else found.value
        said = [{k: one[k] for k in judge[0]} for one in value] if control == "spans" else value
        assert said == judge
        assert other.method != "adjudication"


def test_where_there_is_no_winner_a_decision_is_one_more_answer(store: Store) -> None:
    keys = disputed(store)
    with store.write() as conn:
        conn.execute(schema.projects.update().values(declared={"labels": {"mood": "distribution"}}))
    decide(store, keys[0])
    quality.recompute(store, 1)
    found = row(store, keys[0])
    assert found.method != "adjudication"
    assert found.answers == 4
