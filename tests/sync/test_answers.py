"""What counts as an answer, derived from annotations: whose it is, reviews, skips, ground truth, several controls."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cueloop.label_config import parse
from cueloop.store.annotations import Annotation
from sync.answers import derive
from tests.sync.quality_store import START

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="mood" toName="text"><Choice value="good"/><Choice value="bad"/></Choices>
<Choices name="topics" toName="text" choice="multiple"><Choice value="food"/><Choice value="film"/></Choices>
<Labels name="names" toName="text"><Label value="PER"/></Labels></View>"""
ANN, BOB, MACHINE = 1, 2, 9


def chosen(control: str, *labels: str) -> dict[str, Any]:
    return {"from_name": control, "to_name": "text", "type": "choices", "value": {"choices": list(labels)}}


def person(start: int, end: int) -> dict[str, Any]:
    return {"from_name": "names", "to_name": "text", "type": "labels",
            "value": {"start": start, "end": end, "text": "x", "labels": ["PER"]}}


def made(*result: dict[str, Any], by: int = ANN, number: int = 1, **more: Any) -> Annotation:
    """An annotation of task 7, as its author left it."""
    return replace(Annotation(
        unique_id=f"u{number}", project_id=1, task=7, id=number, annotator_id=by, updated_by=None,
        result=list(result), answer=list(result), answered_at=START, was_cancelled=False, ground_truth=False,
        lead_time=3.0, created_at=START, updated_at=START, parent_prediction=None, parent_annotation=None,
        guideline_version=4, seen_suggestion=False, outside_queue=None, deleted_at=None), **more)


def edited(annotation: Annotation, *result: dict[str, Any], by: int = BOB) -> Annotation:
    return replace(annotation, updated_by=by, result=list(result), updated_at=START + timedelta(hours=1))


def rows(*annotations: Annotation, machine: frozenset[int] = frozenset({MACHINE})) -> dict[tuple[str, int], Any]:
    found = derive(annotations, {1: parse(CONFIG).judged}, machine)
    assert len({(row["task"], row["control"], row["annotator_id"]) for row in found}) == len(found)
    return {(row["control"], row["annotator_id"]): row for row in found}


def test_each_control_of_an_annotation_is_an_answer_of_its_own() -> None:
    found = rows(made(chosen("mood", "good"), chosen("topics", "film", "food"), person(0, 3)))
    assert found["mood", ANN]["label"] == "good"
    assert found["mood", ANN]["value"] is None
    assert found["topics", ANN]["value"] == ["film", "food"]
    assert [(r["start"], r["end"], r["label"]) for r in found["names", ANN]["value"]] == [(0, 3, "PER")]
    assert {row["guideline_version"] for row in found.values()} == {4}


def test_nothing_marked_says_there_is_nothing_and_a_skip_says_nothing() -> None:
    # given somebody who submitted without marking anything, and somebody who skipped
    found = rows(made(), made(by=BOB, number=2, was_cancelled=True))
    # then the first says: no names, no topics; on the mood nobody said anything
    assert {key: row["value"] for key, row in found.items()} == {("topics", ANN): [], ("names", ANN): []}


def test_an_edit_by_somebody_else_is_their_review() -> None:
    # given bob who changed ann's mood and left the rest
    found = rows(edited(made(chosen("mood", "good"), person(0, 3)), chosen("mood", "bad"), person(0, 3)))
    # then both said something on every control, ann what she said, bob what stands there now
    assert (found["mood", ANN]["label"], found["mood", ANN]["review"]) == ("good", False)
    assert (found["mood", BOB]["label"], found["mood", BOB]["review"]) == ("bad", True)
    assert found["names", BOB]["value"] == found["names", ANN]["value"]
    # and nothing is claimed of how long bob took, or what he saw
    assert (found["mood", BOB]["lead_time"], found["mood", BOB]["seen_suggestion"]) == (None, None)


def test_saving_without_a_change_is_no_review() -> None:
    assert set(rows(edited(made(chosen("mood", "good")), chosen("mood", "good")))) == {
        ("mood", ANN), ("topics", ANN), ("names", ANN)}


def test_an_own_answer_counts_before_a_review_and_the_machine_reviews_nothing() -> None:
    own = made(chosen("mood", "good"), by=BOB, number=2)
    assert rows(edited(made(chosen("mood", "good")), chosen("mood", "bad")), own)["mood", BOB]["label"] == "good"
    by_machine = edited(made(chosen("mood", "good")), chosen("mood", "bad"), by=MACHINE)
    assert {who for _, who in rows(by_machine)} == {ANN}


def test_ground_truth_is_the_annotation_as_it_stands() -> None:
    # given ann's answer, corrected by bob and declared to be the truth
    found = rows(edited(made(chosen("mood", "good"), ground_truth=True), chosen("mood", "bad")))
    # then the truth is bob's, and ann is judged by it
    assert (found["mood", BOB]["label"], found["mood", BOB]["ground_truth"]) == ("bad", True)
    assert (found["mood", ANN]["label"], found["mood", ANN]["ground_truth"]) == ("good", False)
    # and one that nobody edited is true as its author gave it
    assert rows(made(chosen("mood", "good"), ground_truth=True))["mood", ANN]["ground_truth"]


def test_of_two_answers_by_one_person_the_newest_counts() -> None:
    later = made(chosen("mood", "bad"), number=2, answered_at=START + timedelta(hours=2))
    assert rows(later, made(chosen("mood", "good")))["mood", ANN]["label"] == "bad"
