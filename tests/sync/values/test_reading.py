"""Results as Label Studio writes them become canonical values; what is no answer is none."""

from __future__ import annotations

from typing import Any

import pytest

from cueloop.types import Control
from sync import kinds
from sync.values import plain, read, text
from tests.sync.values.crowds import MULTI, NUMBER, ORDERED, RATING, TAXONOMY, TEXT

OTHER = {"from_name": "other", "to_name": "text", "type": "choices", "value": {"choices": ["a"]}}


def result(control: Control, **value: Any) -> list[dict[str, Any]]:
    """One item of a result for a control, beside one of another control."""
    return [OTHER, {"from_name": control.name, "to_name": "text", "type": control.type.lower(), "value": value}]


@pytest.mark.parametrize(("control", "value", "expected"), [
    (MULTI, {"choices": ["c", "a", "c"]}, ["a", "c"]),
    (MULTI, {"choices": []}, []),
    (MULTI, {"choices": "b"}, ["b"]),
    (MULTI, {"choices": [["a", "b"], "zebra", 7, None]}, ["b"]),
    (RATING, {"rating": 4}, 4),
    (RATING, {"rating": "3"}, 3),
    (RATING, {"rating": 0}, None),
    (RATING, {"rating": None}, None),
    (ORDERED, {"choices": ["high"]}, 3),
    (ORDERED, {"choices": ["low", "high"]}, None),
    (NUMBER, {"number": -2.5}, -2.5),
    (NUMBER, {"number": 0}, 0),
    (NUMBER, {"number": True}, None),
    (NUMBER, {"number": "twelve"}, None),
    (NUMBER, {"number": float("nan")}, None),
    (TAXONOMY, {"taxonomy": 5.0}, None), (TAXONOMY, {"taxonomy": "abc"}, None),
    (NUMBER, {"number": 1e49}, 1e49), (NUMBER, {"number": 1e308}, None), (NUMBER, {"number": 10**400}, None),
    (TAXONOMY, {"taxonomy": [["Eukarya"], ["Eukarya", "Human"], ["Bacteria"]]}, [["Bacteria"], ["Eukarya", "Human"]]),
    (TAXONOMY, {"taxonomy": [[], "loose", [["nested"]]]}, None),
    (TEXT, {"text": ["one", " ", "two"]}, ["one", "two"]),
    (TEXT, {"text": "only"}, ["only"]),
    (TEXT, {"text": [""]}, None),
    (TEXT, {}, None),
])
def test_values_are_read_as_label_studio_writes_them(control: Control, value: dict[str, Any], expected: Any) -> None:
    assert read(control, result(control, **value)) == expected


def test_several_choices_without_any_are_an_answer_and_other_values_are_not() -> None:
    # given an annotation that says nothing on these controls
    assert read(MULTI, [OTHER]) == []
    assert [read(control, [OTHER]) for control in (RATING, NUMBER, TAXONOMY, TEXT)] == [None] * 4
    # and one whose item has no value at all
    assert read(NUMBER, [{"from_name": "price", "value": None}]) is None


def test_a_control_that_occurs_twice_is_one_answer() -> None:
    twice = [*result(MULTI, choices=["b"]), *result(MULTI, choices=["a"])]
    assert read(MULTI, twice) == ["a", "b"]
    assert read(TEXT, [*result(TEXT, text=["x"]), *result(TEXT, text=["y"])]) == ["x", "y"]


def test_labels_that_come_with_the_task_all_count() -> None:
    dynamic = Control("topics", "text", "Choices", (), None, choice="multiple", kind="multi")
    assert read(dynamic, result(dynamic, choices=["never seen"])) == ["never seen"]


def test_a_kind_without_a_value_for_the_whole_task_is_an_error() -> None:
    boxes = Control("boxes", "image", "RectangleLabels", ("car",), None, kind="boxes")
    with pytest.raises(ValueError, match="boxes"):
        read(boxes, [])


def test_short_texts_are_one_line() -> None:
    assert text("multi", ["a", "c"]) == "a, c"
    assert text("multi", []) == "(none)"
    assert text("rating", 4) == "4"
    assert text("number", 2.50) == "2.5"
    assert text("number", {"value": 1.0, "mean": 1.0, "low": 0.0, "high": 2.0}) == "1"
    assert text("taxonomy", [["Eukarya", "Human"], ["Bacteria"]]) == "Eukarya / Human; Bacteria"
    assert text("text", ["one\n two", "three"]) == "one two | three"
    assert plain("rating", {"value": 4.0, "mean": 3.8, "low": 3.0, "high": 5.0}) == 4.0


def test_the_table_of_kinds_reads_through_here() -> None:
    assert kinds.read(RATING, result(RATING, rating=5)) == ("5", 5)
    assert kinds.read(TAXONOMY, [OTHER]) is None
