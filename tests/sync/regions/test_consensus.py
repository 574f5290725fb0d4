"""The consensus of regions: what is there, where it lies, how sure that is."""

from __future__ import annotations

import random

import numpy as np
import pytest

from sync import kinds
from sync.observations import Observations
from sync.regions import judge
from sync.regions.extents import middle
from tests.sync.regions.marks import BOXES, POLYGONS, SEGMENTS, SPANS, Marks, answers, box, crowd, line, polygon

WATCHED = [line(3, 9), line(14, 20, "LOC")]


def places(value: Marks) -> list[tuple[float, float, str]]:
    return [(one["start"], one["end"], one["label"]) for one in value]


def repeated(*marks: Marks, tasks: int = 12) -> Observations:
    """The same answers of annotators a, b, ... to many tasks."""
    return answers([(task, chr(97 + at), one) for task in range(tasks) for at, one in enumerate(marks)])


def test_what_most_mark_is_there_and_lies_in_the_middle() -> None:
    found = judge(SPANS, repeated([line(3, 9)], [line(4, 9)], [line(3, 11), line(30, 40, "LOC")], WATCHED))
    first = found.consensus[0]
    assert places(first.value) == [(3, 9, "PER")]
    assert (first.value[0]["votes"], first.value[0]["of"], first.answers) == (4, 4, 4)
    assert first.label == "PER 3-9"
    assert 0.8 < first.value[0]["probability"] <= 1
    assert first.probabilities == {}
    assert 0 <= first.wrong <= 1  # type: ignore[operator]


def test_nobody_marks_anything() -> None:
    found = judge(SPANS, repeated([], [], []))
    assert [(row.label, row.value, row.answers) for row in found.consensus] == [("nothing", [], 3)] * 12
    assert found.consensus[0].probability == 1
    assert found.agreement["value"] is None
    assert found.agreement["reason"]
    assert found.annotators[0].details["reason"]


def test_an_empty_answer_counts_as_a_vote_for_nothing() -> None:
    rows = [(task, who, WATCHED) for task in range(20) for who in "abc"]
    one_of_three = answers([*rows, (99, "a", [line(50, 60)]), (99, "b", []), (99, "c", [])])
    last = judge(SPANS, one_of_three).consensus[-1]
    assert (last.label, last.value) == ("nothing", [])
    assert 0.5 < last.probability < 1


def test_the_label_that_most_give_holds_and_votes_say_how_many() -> None:
    found = judge(SPANS, repeated([line(0, 5, "PER")], [line(0, 5, "LOC")], [line(0, 5, "LOC")], [line(0, 5, "LOC")]))
    only = found.consensus[0].value
    assert places(only) == [(0, 5, "LOC")]
    assert (only[0]["votes"], only[0]["of"]) == (3, 4)


def test_ground_truth_is_the_consensus() -> None:
    # Given three who agree, and a declared truth that says otherwise.
    rows = [(task, who, [line(0, 5)]) for task in range(6) for who in "abc"]
    seen = answers([*rows, (0, "lead", [line(1, 7, "LOC"), line(9, 12)])], truth=[False] * len(rows) + [True])
    found = judge(SPANS, seen)
    first = found.consensus[0]
    assert places(first.value) == [(1, 7, "LOC"), (9, 12, "PER")]
    assert (first.method, first.probability, first.wrong, first.answers) == ("ground-truth", 1.0, 0.0, 4)
    assert first.value[0]["of"] == 3
    assert places(found.consensus[1].value) == [(0, 5, "PER")]
    # Then the truth counts against the three, and the lead is not judged by it.
    judged = {row.annotator: row for row in found.annotators}
    assert judged["a"].details["recall"]["value"] < 1
    assert judged["lead"].details["f1"]["value"] is None


def test_the_newest_of_two_truths_holds() -> None:
    seen = answers([(0, "a", [line(0, 5)]), (0, "b", [line(2, 8)]), (0, "c", [line(0, 5)])], truth=[True, True, False])
    assert places(judge(SPANS, seen).consensus[0].value) == [(2, 8, "PER")]


def test_a_median_is_not_moved_by_one_slip_and_halves_are_settled() -> None:
    extent = np.array([[0.0, 10], [1, 11], [50, 90], [0, 10], [4, 8]])
    group, weight = np.array([0, 0, 0, 1, 1]), np.ones(5)
    assert middle(extent, weight, group, 2, whole=False).tolist() == [[1, 11], [2, 9]]
    # Characters go to what somebody marked, the wider of two.
    assert middle(extent, weight, group, 2, whole=True).tolist() == [[1, 11], [0, 10]]
    # Given one who weighs more than the two others together.
    assert middle(extent, np.array([1, 1, 3.0, 1, 1]), group, 2, whole=False)[0].tolist() == [50, 90]


def test_boxes_are_settled_side_by_side_and_turned_ones_by_their_best_example() -> None:
    upright = judge(BOXES, repeated([box(0, 0, 10, 10)], [box(1, 0, 10, 11)], [box(2, 1, 10, 10)])).consensus[0].value
    assert [upright[0][key] for key in ("x", "y", "width", "height", "rotation")] == [1, 0, 10, 11, 0]
    turned = [box(10, 10, 20, 5, rotation=30), box(10.5, 10, 20, 5, rotation=31), box(14, 10, 20, 5, rotation=33)]
    found = judge(BOXES, repeated(*([one] for one in turned))).consensus[0].value
    assert {key: found[0][key] for key in turned[1]} == turned[1]


def test_a_polygon_stands_for_all() -> None:
    square = polygon((0, 0), (10, 0), (10, 10), (0, 10))
    near, far = polygon((0, 0), (11, 0), (11, 10), (0, 10)), polygon((0, 0), (10, 0), (10, 14), (0, 14))
    found = judge(POLYGONS, repeated([square], [near], [far])).consensus[0]
    assert found.value[0]["points"] == square["points"]
    assert found.label.startswith("cat 4 points")


def test_consensus_is_better_than_its_annotators_and_the_order_of_answers_changes_nothing() -> None:
    seen, truth = crowd(miss=[.05, .1, .2, .3, .4, .1], invent=[.2, .2, .5, .2, 1, 2], late=[0] * 6)
    rows = [(seen.tasks[t], seen.annotators[a], v)
            for t, a, v in zip(seen.task, seen.annotator, seen.value, strict=True)]
    random.Random(1).shuffle(rows)
    one, other = judge(SEGMENTS, seen), judge(SEGMENTS, answers(rows))
    by_task = {row.task: row for row in other.consensus}
    for row in one.consensus:
        again = by_task[row.task]
        assert row.label == again.label
        assert row.probability == pytest.approx(again.probability, abs=1e-5)
    assert one.agreement["value"] == pytest.approx(other.agreement["value"])

    def right(marks: Marks, there: Marks) -> int:
        return sum(any(abs(m["start"] - t["start"]) < 1 and m["label"] == t["label"] for m in marks) for t in there)

    hits = sum(right(row.value, truth[row.task]) for row in one.consensus)
    size = sum(len(row.value) for row in one.consensus) + sum(map(len, truth.values()))
    assert 2 * hits / size > 0.95


def test_what_is_told_of_a_task_is_the_f1_it_can_expect() -> None:
    seen, _ = crowd(miss=[.1] * 6, invent=[.3] * 6, late=[0] * 6, overlap=3)
    told = np.mean([row.probability for row in judge(SEGMENTS, seen).consensus])
    assert 0.75 < told < 1  # careful, as the model for choices is
    wrong = [row.wrong for row in judge(SEGMENTS, seen).consensus]
    assert np.mean(wrong) > 1 - told  # type: ignore[arg-type]  # all being right is harder than most being right


def test_a_few_tasks_are_judged_with_qualities_known_before() -> None:
    seen, _ = crowd(miss=[.05, .1, .2, .3, .4, .1], invent=[.2, .2, .5, .2, 1, 2], late=[0] * 6)
    full = judge(SEGMENTS, seen)
    known = {row.annotator: row for row in full.annotators}
    few = answers([(seen.tasks[t], seen.annotators[a], v) for t, a, v in
                   zip(seen.task, seen.annotator, seen.value, strict=True) if t < 10])
    again = judge(SEGMENTS, few, known=known)
    whole = {row.task: row for row in full.consensus}
    for row in again.consensus:
        assert row.label == whole[row.task].label
        assert row.probability == pytest.approx(whole[row.task].probability, abs=0.1)
    assert again.annotators == ()
    # Somebody new, a label that nobody knew, a task that is declared: all are judged.
    new = answers([(0, "new", [line(0, 5, "tilt")]), (0, "annotator 0", [line(0, 5, "tilt")]),
                   (1, "lead", [line(1, 2, "nod")])], truth=[False, False, True])
    first, second = judge(SEGMENTS, new, known=known).consensus
    assert places(first.value) == [(0, 5, "tilt")]
    assert second.method == "ground-truth"


def test_thousands_of_labels_are_decided_by_vote() -> None:
    rows = [(task, who, [line(0, 5, f"code {task}"), line(10, 15, f"other {task}")]) for task in range(600)
            for who in "ab"]
    rows += [(task, "c", [line(0, 5, f"code {task}"), line(10, 15, "code 0")]) for task in range(600)]
    seen = answers(rows)
    found = judge(SPANS, seen)
    assert places(found.consensus[7].value) == [(0, 5, "code 7"), (10, 15, "other 7")]
    judged = {row.annotator: row for row in found.annotators}
    assert judged["a"].labels == ("something", "nothing")
    assert judged["c"].accuracy < 0.7 < judged["a"].accuracy
    again = judge(SPANS, answers(rows[:4]), known=judged)
    assert places(again.consensus[0].value) == [(0, 5, "code 0"), (10, 15, "other 0")]


def test_kinds_leads_here() -> None:
    found = kinds.judge(SPANS, repeated(WATCHED, WATCHED))
    assert found.consensus[0].label == "PER 3-9; LOC 14-20"
