"""What must never break: empty input, strange regions, any order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.types import Control
from sync.observations import observe
from sync.outcome import Outcome
from sync.regions import judge
from tests.sync.regions.marks import BOXES, POLYGONS, SEGMENTS, SPANS, Marks, answers, box, line, polygon

LINES = st.lists(st.builds(lambda start, length, label, unit: line(start, start + length, label, unit),
                           st.integers(0, 12), st.integers(0, 6), st.sampled_from(["PER", "LOC", "new"]),
                           st.sampled_from([0, 1])), max_size=5)


def json_of(found: Outcome) -> Any:
    """Everything an outcome says, as valid JSON."""
    return json.loads(json.dumps([
        [[row.label, row.value, row.probability, row.wrong] for row in found.consensus],
        [[row.accuracy, row.low, row.high, row.confusion, row.counts, row.details] for row in found.annotators],
        found.agreement, found.warnings], allow_nan=False))


def test_no_answers_at_all() -> None:
    for control in (SPANS, SEGMENTS, BOXES, POLYGONS):
        found = judge(control, answers([]))
        assert (found.consensus, found.annotators, found.agreement["value"]) == ((), (), None)
        json_of(found)


def test_answers_without_values_are_refused() -> None:
    with pytest.raises(ValueError, match="1 answers have 0 values"):
        judge(SPANS, observe([1], ["a"], ["-"]))


def test_one_answer() -> None:
    found = judge(SPANS, answers([(1, "a", [line(0, 5)])]))
    assert found.consensus[0].label == "PER 0-5"
    json_of(found)


def test_only_a_ground_truth() -> None:
    found = judge(SPANS, answers([(1, "a", [line(0, 5)])], truth=[True]))
    assert found.consensus[0].value[0]["of"] == 0
    json_of(found)


def test_a_label_that_is_called_nothing() -> None:
    control = Control("c", "t", "Labels", ("nothing",), "t", kind="spans", shows="Text")
    found = judge(control, answers([(1, who, [line(0, 5, "nothing")]) for who in "abc"]))
    assert found.annotators[0].labels == ("nothing", "(nothing)")
    assert found.consensus[0].value[0]["label"] == "nothing"


def test_regions_without_extent_and_flat_or_crossing_polygons() -> None:
    points = judge(SEGMENTS, answers([(1, who, [line(4, 4, "nod"), line(9, 9, "nod")]) for who in "abc"]))
    assert points.consensus[0].label == "nod 4-4; nod 9-9"
    assert points.agreement["value"] == 1
    json_of(points)
    flat, bow = polygon((0, 0), (1, 0), (2, 0)), polygon((0, 0), (4, 4), (4, 0), (0, 4))
    shapes = judge(POLYGONS, answers([(1, who, [flat, bow]) for who in "abc"]))
    assert len(shapes.consensus[0].value) == 2
    json_of(shapes)
    json_of(judge(BOXES, answers([(1, who, [box(1, 1, 0, 0), box(1, 1, 0, 0, rotation=45)]) for who in "abc"])))


def test_dialogues_have_paths_and_numbers_as_units() -> None:
    marks = [line(0, 5, unit="/p[1]"), line(0, 5, unit=3), line(0, 5)]
    found = judge(SPANS, answers([(1, who, marks) for who in "abc"]))
    assert [one["unit"] for one in found.consensus[0].value] == [0, 3, "/p[1]"]


def test_frames_come_back_as_they_were() -> None:
    video = Control("cue", "v", "TimelineLabels", ("nod",), "v", kind="segments", shows="Video")
    found = judge(video, answers([(1, who, [line(3, 3, "nod"), line(10, 20, "nod")]) for who in "abc"]))
    assert [(one["start"], one["end"]) for one in found.consensus[0].value] == [(3, 3), (10, 20)]


@settings(max_examples=20, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_any_marks_give_valid_reports_that_do_not_depend_on_order(marks: list[Marks], shuffler: Any) -> None:
    rows = [(at // 3, f"annotator {at % 3}", one) for at, one in enumerate(marks)]
    found = judge(SPANS, answers(rows))
    json_of(found)
    for row in found.consensus:
        assert 0 <= row.probability <= 1
        assert all(one["end"] >= one["start"] and 0 <= one["votes"] <= one["of"] for one in row.value)
    for person in found.annotators:
        assert 0 <= person.low <= person.accuracy <= person.high <= 1
    shuffler.shuffle(rows)
    rows = [(task, who, shuffler.sample(one, len(one))) for task, who, one in rows]
    again = {row.task: row.label for row in judge(SPANS, answers(rows)).consensus}
    assert again == {row.task: row.label for row in found.consensus}
