"""Regions as Label Studio writes them, by tag."""

from __future__ import annotations

from typing import Any

import pytest

from cueloop.types import Control
from sync import kinds
from sync.regions import read, text
from tests.sync.regions.marks import BOXES, POLYGONS, SEGMENTS, SPANS


def item(control: Control, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "x", "from_name": control.name, "to_name": control.to_name, "type": control.type.lower(),
            "value": value, **more}


HYPERTEXT = Control("entity", "html", "HyperTextLabels", ("PER",), "html", kind="spans", shows="HyperText")
DIALOGUE = Control("turn", "chat", "ParagraphLabels", ("Q",), "chat", kind="spans", shows="Paragraphs")
SERIES = Control("run", "ts", "TimeSeriesLabels", ("Run",), "csv", kind="segments", shows="TimeSeries")
TIMELINE = Control("cue", "video", "TimelineLabels", ("nod",), "video", kind="segments", shows="Video")


def test_text_labels_count_characters_and_every_label_of_a_region_is_a_region() -> None:
    result = [item(SPANS, {"start": 14, "end": 20, "text": "London", "labels": ["LOC", "PER"]}),
              item(SPANS, {"start": "3", "end": "9", "labels": ["PER"]})]
    assert read(SPANS, result) == [{"start": 3, "end": 9, "unit": 0, "label": "PER"},
                                   {"start": 14, "end": 20, "unit": 0, "label": "LOC"},
                                   {"start": 14, "end": 20, "unit": 0, "label": "PER"}]


def test_hypertext_uses_global_offsets_and_else_the_element() -> None:
    value = {"start": "/p[1]/text()[1]", "end": "/p[2]/text()[1]", "startOffset": 2, "endOffset": 4,
             "globalOffsets": {"start": 2, "end": 31}, "hypertextlabels": ["PER"]}
    assert read(HYPERTEXT, [item(HYPERTEXT, value)]) == [{"start": 2, "end": 31, "unit": 0, "label": "PER"}]
    inside = {"start": "/p[1]", "end": "/p[1]", "startOffset": 2, "endOffset": 4, "hypertextlabels": ["PER"]}
    assert read(HYPERTEXT, [item(HYPERTEXT, inside)]) == [{"start": 2, "end": 4, "unit": "/p[1]", "label": "PER"}]
    del value["globalOffsets"]
    assert read(HYPERTEXT, [item(HYPERTEXT, value)]) is None


def test_paragraphs_are_units_and_a_span_over_several_becomes_one_region_each() -> None:
    one = {"start": "2", "end": "2", "startOffset": 3, "endOffset": 9, "paragraphlabels": ["Q"]}
    assert read(DIALOGUE, [item(DIALOGUE, one)]) == [{"start": 3, "end": 9, "unit": 2, "label": "Q"}]
    three = {"start": "0", "end": "2", "startOffset": 6, "endOffset": 5, "paragraphlabels": ["Q"],
             "text": "there\n\nyes?\n\nWhere"}
    assert read(DIALOGUE, [item(DIALOGUE, three)]) == [
        {"start": 6, "end": 11, "unit": 0, "label": "Q"}, {"start": 0, "end": 4, "unit": 1, "label": "Q"},
        {"start": 0, "end": 5, "unit": 2, "label": "Q"}]
    # Given a text that was not stored: only the ends are known.
    assert read(DIALOGUE, [item(DIALOGUE, {**three, "text": None})]) == [
        {"start": 6, "end": 7, "unit": 0, "label": "Q"}, {"start": 0, "end": 5, "unit": 2, "label": "Q"}]


def test_audio_has_seconds_and_a_channel() -> None:
    result = [item(SEGMENTS, {"start": 1.5, "end": 2.25, "channel": 1, "labels": ["nod"]})]
    assert read(SEGMENTS, result) == [{"start": 1.5, "end": 2.25, "unit": 1, "label": "nod"}]


def test_time_series_may_have_dates() -> None:
    value = {"start": "1970-01-01 00:01:00", "end": "1970-01-01T00:02:00+00:00", "instant": False,
             "timeserieslabels": ["Run"]}
    assert read(SERIES, [item(SERIES, value)]) == [{"start": 60.0, "end": 120.0, "unit": 0, "label": "Run"}]


def test_a_timeline_region_has_several_ranges_of_frames() -> None:
    value = {"ranges": [{"start": 9, "end": 12}, {"start": 1, "end": 1}], "timelinelabels": ["nod"]}
    assert read(TIMELINE, [item(TIMELINE, value)]) == [{"start": 1, "end": 1, "unit": 0, "label": "nod"},
                                                       {"start": 9, "end": 12, "unit": 0, "label": "nod"}]


def test_boxes_know_their_image_and_a_turned_one_the_shape_of_it() -> None:
    value = {"x": 10, "y": 20.5, "width": 30, "height": 5, "rotation": 0, "rectanglelabels": ["cat"]}
    assert read(BOXES, [item(BOXES, value, item_index=2)]) == [
        {"x": 10, "y": 20.5, "width": 30, "height": 5, "rotation": 0, "unit": 2, "label": "cat"}]
    turned = item(BOXES, {**value, "rotation": 390}, original_width=200, original_height=100)
    assert read(BOXES, [turned]) == [
        {"x": 10, "y": 20.5, "width": 30, "height": 5, "rotation": 30, "unit": 0, "aspect": 2.0, "label": "cat"}]


def test_polygons_are_their_points() -> None:
    value = {"points": [[1, 2], [3, 2.5], [2, 4]], "closed": True, "polygonlabels": ["dog"]}
    assert read(POLYGONS, [item(POLYGONS, value)]) == [
        {"points": [[1, 2], [3, 2.5], [2, 4]], "unit": 0, "label": "dog"}]


def test_an_annotation_without_regions_says_that_there_are_none() -> None:
    choice = {"from_name": "sentiment", "type": "choices", "value": {"choices": ["pos"]}}
    assert read(SPANS, [choice]) == []
    assert kinds.read(SPANS, []) == ("nothing", [])


@pytest.mark.parametrize(("control", "value"), [
    (SPANS, {"start": 3, "labels": ["PER"]}), (SPANS, {"start": 9, "end": 3, "labels": ["PER"]}),
    (SPANS, {"start": 1, "end": 3}), (SPANS, {"start": 1, "end": 3, "labels": "PER"}),
    (SPANS, {"start": 1.5, "end": 3, "labels": ["PER"]}), (SPANS, {"start": True, "end": 3, "labels": ["PER"]}),
    (SPANS, {"start": "nan", "end": 3, "labels": ["PER"]}), (SEGMENTS, {"start": "inf", "end": 1, "labels": ["nod"]}),
    (DIALOGUE, {"start": "2", "end": "1", "startOffset": 0, "endOffset": 1, "paragraphlabels": ["Q"]}),
    (DIALOGUE, {"start": "2", "end": "2", "paragraphlabels": ["Q"]}),
    (TIMELINE, {"ranges": [], "timelinelabels": ["nod"]}),
    (SERIES, {"start": "noon", "end": 3, "timeserieslabels": ["Run"]}),
    (BOXES, {"x": 1, "y": 1, "width": -4, "height": 2, "rectanglelabels": ["cat"]}),
    (BOXES, {"rectanglelabels": ["cat"]}),
    (POLYGONS, {"points": [[1, 2], [3, 4]], "polygonlabels": ["cat"]}),
    (POLYGONS, {"points": [[1, 2], [3, None], [4, 5]], "polygonlabels": ["cat"]}),
    (POLYGONS, {"points": "1,2", "polygonlabels": ["cat"]})])
def test_what_is_broken_is_left_out_and_nothing_else_is_unknown(control: Control, value: dict[str, Any]) -> None:
    assert read(control, [item(control, value), {"from_name": control.name, "value": None}]) is None
    if control is SPANS:
        good = item(SPANS, {"start": 0, "end": 1, "labels": ["LOC"]})
        assert read(SPANS, [item(SPANS, value), good]) == [{"start": 0, "end": 1, "unit": 0, "label": "LOC"}]


def test_short_texts() -> None:
    spans = [{"start": 3, "end": 9, "label": "PER", "unit": 0}, {"start": 14, "end": 20, "label": "LOC", "unit": 2}]
    assert text("spans", spans) == "PER 3-9; LOC 2:14-20"
    stamped = {"start": 1.25, "end": 1700000000.5, "label": "nod", "unit": 0}
    assert text("segments", [stamped]) == "nod 1.25-1700000000.5"
    assert text("boxes", [{"x": 1, "y": 2, "width": 3.5, "height": 4, "rotation": 30, "label": "cat", "unit": 0}]) == (
        "cat 1,2 3.5x4 turned 30")
    assert text("polygons", [{"points": [[1, 2], [3, 2], [2, 4]], "label": "dog", "unit": 0}]) == "dog 3 points at 1,2"
    assert text("spans", []) == "nothing"
    assert len(kinds.text("spans", spans * 5_000)) == kinds.TEXT_LENGTH
