"""A consensus as Label Studio stores it: reading it back gives the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.types import Control
from sync import kinds
from sync.regions.read import in_order
from sync.values.reading import canonical_paths

LABELS = ("PER", "LOC", "Nod, and smile", "ja/nein")


def control(type_: str, kind: str, shows: str | None = None, **more: Any) -> Control:
    return Control("asked", "thing", type_, LABELS, "field", kind=kind, shows=shows, **more)


SPANS = [control("Labels", "spans", "Text"), control("HyperTextLabels", "spans", "HyperText"),
         control("ParagraphLabels", "spans", "Paragraphs")]
SEGMENTS = [control("Labels", "segments", "Audio"), control("TimeSeriesLabels", "segments", "TimeSeries"),
            control("TimelineLabels", "segments", "Video"), control("Labels", "segments", "Video")]
BOXES, POLYGONS = control("RectangleLabels", "boxes", "Image"), control("PolygonLabels", "polygons", "Image")
NUMBERS = st.one_of(st.integers(-10**6, 10**6), st.floats(-1e6, 1e6, allow_nan=False))
LABEL = st.sampled_from(LABELS)


def regions(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Canonical regions, distinct and in order."""
    one = st.fixed_dictionaries({**fields, "label": LABEL})
    return st.lists(one, max_size=5, unique_by=str).map(lambda given: in_order(plain(given)))


def plain(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ends behind starts, and whole numbers whole, as reading has them."""
    def whole(x: Any) -> Any:
        return int(x) if isinstance(x, float) and x.is_integer() else x

    found = []
    for one in given:
        region = {key: whole(value) for key, value in one.items()}
        if "start" in region:
            region["start"], region["end"] = sorted((region["start"], region["end"]))
        found.append(region)
    return list({str(sorted(r.items())): r for r in found}.values())


def lines(whole: bool) -> st.SearchStrategy[list[dict[str, Any]]]:
    edge = st.integers(0, 500) if whole else st.floats(0, 1e5, allow_nan=False)
    return regions(start=edge, end=edge, unit=st.integers(0, 3) if whole else st.just(0))


@pytest.mark.parametrize("asked", SPANS, ids=lambda one: str(one.shows))
@given(found=lines(whole=True))
@settings(max_examples=30, deadline=None)
def test_spans_read_back_as_they_were(asked: Control, found: list[dict[str, Any]]) -> None:
    if asked.shows != "Paragraphs":
        found = in_order(plain([{**one, "unit": 0} for one in found]))
    # given what the consensus adds, which is no part of a result
    value = [{**one, "probability": 0.9, "votes": 2, "of": 3} for one in found]
    assert kinds.read(asked, kinds.to_result(asked, "", value)) == (kinds.text("spans", found), found)


@pytest.mark.parametrize("asked", SEGMENTS, ids=lambda one: f"{one.type} {one.shows}")
@given(found=lines(whole=False))
@settings(max_examples=30, deadline=None)
def test_segments_read_back_as_they_were(asked: Control, found: list[dict[str, Any]]) -> None:
    result = kinds.to_result(asked, "", found)
    assert kinds.read(asked, result) == (kinds.text("segments", found), found)


@given(found=regions(x=NUMBERS, y=NUMBERS, width=st.floats(0, 100), height=st.floats(0, 100),
                     rotation=st.integers(0, 359), unit=st.integers(0, 2)))
@settings(max_examples=30, deadline=None)
def test_boxes_read_back_as_they_were(found: list[dict[str, Any]]) -> None:
    assert kinds.read(BOXES, kinds.to_result(BOXES, "", found)) == (kinds.text("boxes", found), found)


@given(points=st.lists(st.lists(st.integers(0, 100), min_size=2, max_size=2), min_size=3, max_size=6),
       unit=st.integers(0, 2), label=LABEL)
@settings(max_examples=20, deadline=None)
def test_polygons_read_back_as_they_were(points: list[list[int]], unit: int, label: str) -> None:
    found = [{"points": points, "label": label, "unit": unit}]
    assert kinds.read(POLYGONS, kinds.to_result(POLYGONS, "", found)) == (kinds.text("polygons", found), found)


@given(st.sets(LABEL))
@settings(max_examples=20, deadline=None)
def test_several_choices_read_back_and_none_of_them_too(chosen: set[str]) -> None:
    asked = control("Choices", "multi", choice="multiple")
    found = kinds.read(asked, kinds.to_result(asked, "", sorted(chosen)))
    assert found is not None
    assert found[1] == sorted(chosen)


@given(number=st.one_of(st.integers(-10**9, 10**9), st.floats(-1e12, 1e12)))
@settings(max_examples=30, deadline=None)
def test_numbers_read_back_without_their_interval(number: float) -> None:
    asked = control("Number", "number")
    consensus = {"value": number, "mean": number, "low": number - 1, "high": number + 1}
    found = kinds.read(asked, kinds.to_result(asked, str(number), consensus))
    assert found is not None
    assert found[1] == number


def test_a_rating_is_written_as_whole_stars() -> None:
    (item,) = kinds.to_result(control("Rating", "rating"), "4", {"value": 4.0, "mean": 3.8, "low": 3.0, "high": 5.0})
    assert (item["type"], repr(item["value"])) == ("rating", "{'rating': 4}")


def test_ordered_choices_are_written_as_choices() -> None:
    asked = control("Choices", "rating", modelled=True)
    result = kinds.to_result(asked, "LOC", {"value": 2.0, "mean": 2.2, "low": 1.0, "high": 3.0})
    assert [(item["type"], item["value"]) for item in result] == [("choices", {"choices": ["LOC"]})]
    assert kinds.read(asked, result) == ("LOC", None)
    # a label that a machine accepted has no place
    assert kinds.to_result(asked, "LOC", None)[0]["value"] == {"choices": ["LOC"]}
    with pytest.raises(ValueError, match="none at place 9"):
        kinds.to_result(asked, "?", {"value": 9.0})


def test_a_distribution_has_no_winner_and_no_answer_says_nothing() -> None:
    shares = {"distribution": {"PER": {"share": 0.5}, "LOC": {"share": 0.5}}}
    assert kinds.to_result(control("Choices", "distribution", modelled=True), "PER", shares) == []
    assert kinds.to_result(control("Choices", "choice", modelled=True), None, None) == []
    assert kinds.to_result(control("TextArea", "text"), None, None) == []


@given(st.lists(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=3), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_paths_read_back_as_they_were(paths: list[list[str]]) -> None:
    asked = control("Taxonomy", "taxonomy")
    found = kinds.read(asked, kinds.to_result(asked, "", canonical_paths(paths)))
    assert found is not None
    assert found[1] == canonical_paths(paths)


def test_texts_read_back_as_they_were() -> None:
    asked = control("TextArea", "text")
    result = kinds.to_result(asked, "", ["Ä \"quoted\" line", "second\nline"])
    assert result[0]["type"] == "textarea"
    assert kinds.read(asked, result) == ('Ä "quoted" line | second line', ['Ä "quoted" line', "second\nline"])


def test_the_text_of_a_span_comes_from_the_task_where_it_is_certain() -> None:
    span = [{"start": 4, "end": 7, "label": "PER", "unit": 0}]

    def text(field: Any, asked: Control = SPANS[0]) -> Any:
        return kinds.to_result(asked, "", span, data={"field": field})[0]["value"].get("text")

    assert text("Hi, Ann") == "Ann"
    # not: of a text that is too short, of an address, of markup, behind a sign that browsers count as two, of no text
    assert [text("Hi"), text("https://x.org/a.txt"), text({"a": 1}), text("\U0001f600 hi, Ann")] == [None] * 4
    assert text("<b>Ann</b>...", SPANS[1]) is None
    assert text([{"author": "A", "text": "Hi, Ann"}], SPANS[2]) == "Ann"
    assert text([{"author": "A", "words": "Hi, Ann"}], SPANS[2]) is None
    assert text([], SPANS[2]) is None


def test_an_element_of_hypertext_keeps_its_path() -> None:
    found = [{"start": 2, "end": 4, "label": "PER", "unit": "/p[1]"}]
    said = kinds.read(SPANS[1], kinds.to_result(SPANS[1], "", found))
    assert said is not None
    assert said[1] == found


def test_what_somebody_marked_exactly_alike_is_written_as_it_stands() -> None:
    # given two people's marks of one name in a web page, as Label Studio keeps them
    mine = {"id": "r1", "from_name": "asked", "to_name": "thing", "type": "hypertextlabels",
            "value": {"start": "/p[1]/text()[1]", "end": "/p[2]/text()[1]", "startOffset": 2, "endOffset": 1,
                      "globalOffsets": {"start": 2, "end": 9}, "text": "Ann\nB", "hypertextlabels": ["PER"]}}
    value = [{"start": 2, "end": 9, "label": "PER", "unit": 0}, {"start": 2, "end": 9, "label": "LOC", "unit": 0}]
    loc, per = kinds.to_result(SPANS[1], "", value, known=[mine])
    assert per == mine
    # another label on the same place is a region of its own
    assert loc["id"] != "r1"
    assert loc["value"]["hypertextlabels"] == ["LOC"]


def test_images_keep_the_size_that_somebody_noted_each_its_own() -> None:
    box = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0, "label": "PER", "unit": 1}
    known = [{"id": "a", "from_name": "asked", "item_index": place, "original_width": width, "original_height": 100,
              "image_rotation": 0, "value": {}} for place, width in ((0, 640), (1, 200))]
    (item,) = kinds.to_result(BOXES, "", [box], known=known)
    assert (item["original_width"], item["original_height"], item["item_index"]) == (200, 100, 1)
    # and a turned box its proportions
    turned = {**box, "rotation": 30, "aspect": 2.0}
    said = kinds.read(BOXES, kinds.to_result(BOXES, "", [turned], known=known))
    assert said is not None
    assert said[1] == [turned]
    assert "original_width" not in kinds.to_result(BOXES, "", [turned])[0]


def test_a_time_that_no_date_can_be_stays_a_number() -> None:
    known = [{"id": "a", "from_name": "asked", "value": {"start": "2020-01-01", "timeserieslabels": ["PER"]}}]
    found = [{"start": -10**14, "end": 10**14, "label": "LOC", "unit": 0}]
    (item,) = kinds.to_result(SEGMENTS[1], "", found, known=known)
    said = kinds.read(SEGMENTS[1], [item])
    assert said is not None
    assert said[1] == found


@pytest.mark.parametrize("like", ["2020-01-01", "2020-01-01 10:00:00", "2020-01-01T10:00:00+02:00",
                                  "2020-01-01 10:00:00.250000"])
def test_times_that_are_dates_are_dates_again(like: str) -> None:
    known = [{"id": "a", "from_name": "asked", "value": {"start": like, "end": like, "timeserieslabels": ["PER"]}}]
    found = [{"start": 1577923200, "end": 1578009600, "label": "LOC", "unit": 0}]
    (item,) = kinds.to_result(SEGMENTS[1], "", found, known=known)
    assert isinstance(item["value"]["start"], str)
    assert item["value"]["start"].startswith("2020-01-02")
    assert len(item["value"]["start"]) in (10, 19, 25)
    said = kinds.read(SEGMENTS[1], [item])
    assert said is not None
    assert said[1] == found
