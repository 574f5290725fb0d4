"""Overlap, matching and grouping of regions."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.types import Control
from sync.regions import matching
from sync.regions.gathered import Regions, gather
from sync.regions.groups import groups
from sync.regions.matching import assigned, matches
from sync.regions.overlap import iou, overlapping
from tests.sync.regions.marks import BOXES, POLYGONS, SEGMENTS, SPANS, Marks, answers, box, line, polygon


def of(control: Control, *marked: Marks) -> Regions:
    """Regions of annotators a, b, ... on one task."""
    return gather(control, answers([(1, chr(97 + at), marks) for at, marks in enumerate(marked)]))


def pair_iou(control: Control, one: dict[str, Any], other: dict[str, Any]) -> float:
    regions = of(control, [one], [other])
    found = float(iou(regions, np.array([0]), np.array([1]))[0])
    paired = overlapping(regions)
    assert paired.iou.tolist() == ([found] if found > 0 else [])
    return found


def test_overlap_of_lines_and_boxes_by_hand() -> None:
    assert pair_iou(SPANS, line(0, 10), line(5, 15)) == pytest.approx(5 / 15)
    assert pair_iou(SPANS, line(0, 10), line(10, 15)) == 0
    assert pair_iou(BOXES, box(0, 0, 10, 10), box(5, 5, 10, 10)) == pytest.approx(25 / 175)
    assert pair_iou(BOXES, box(0, 0, 10, 10), box(20, 0, 10, 10)) == 0


def test_what_has_no_extent_overlaps_only_with_its_equal() -> None:
    assert pair_iou(SPANS, line(4, 4), line(4, 4)) == 1
    assert pair_iou(SPANS, line(4, 4), line(5, 5)) == 0
    assert pair_iou(SPANS, line(4, 4), line(0, 9)) == 0
    assert pair_iou(BOXES, box(1, 1, 0, 5), box(1, 1, 0, 5)) == 1
    flat = polygon((0, 0), (1, 0), (2, 0))
    assert pair_iou(POLYGONS, flat, flat) == 1
    assert pair_iou(POLYGONS, flat, polygon((0, 0), (4, 0), (4, 4))) == 0


def test_a_video_segment_includes_its_last_frame() -> None:
    video = Control("cue", "v", "TimelineLabels", ("nod",), "v", kind="segments", shows="Video")
    assert pair_iou(video, line(3, 3), line(3, 4)) == pytest.approx(1 / 2)


def test_turned_boxes_and_polygons() -> None:
    # A square turned by 90 degrees round its top left corner lies to the left of it: none is shared.
    assert pair_iou(BOXES, box(50, 50, 10, 10), box(50, 50, 10, 10, rotation=90)) == pytest.approx(0, abs=1e-9)
    assert pair_iou(BOXES, box(50, 50, 10, 10, rotation=90), box(40, 50, 10, 10)) == pytest.approx(1)
    # On an image twice as wide as high, 10 % across are 20 % down once turned.
    assert pair_iou(BOXES, box(50, 50, 10, 8, rotation=90, aspect=2.0), box(46, 50, 4, 20)) == pytest.approx(1)
    assert pair_iou(POLYGONS, polygon((0, 0), (4, 0), (4, 4), (0, 4)),
                    polygon((2, 0), (6, 0), (6, 4), (2, 4))) == pytest.approx(1 / 3)
    # One that crosses itself (a bow tie of two triangles) counts what it encloses: 4 of the square's 16 twice.
    bow = polygon((0, 0), (4, 4), (4, 0), (0, 4))
    assert pair_iou(POLYGONS, bow, polygon((0, 0), (4, 0), (4, 4), (0, 4))) == pytest.approx(8 / 16)


def test_units_tasks_and_annotators_are_kept_apart() -> None:
    seen = answers([(1, "a", [line(0, 9), line(1, 9), line(0, 9, unit=1)]), (2, "b", [line(0, 9)])])
    assert len(overlapping(gather(SPANS, seen)).iou) == 0


def test_equal_regions_of_one_answer_count_once() -> None:
    assert len(of(SPANS, [line(0, 5), line(0, 5), line(0, 5, "LOC")])) == 2


def test_matching_finds_the_best_whole_and_not_the_best_pair() -> None:
    # a2 overlaps best with b1, but then a1 goes without: the whole is two matches.
    regions = of(SEGMENTS, [line(0, 10, "nod"), line(3, 13, "nod")], [line(3, 12, "nod"), line(5.5, 15, "nod")])
    found = matches(regions, overlapping(regions))
    assert len(found.iou) == 2
    assert found.iou.sum() == pytest.approx(7 / 12 + 7.5 / 12)


def test_labels_must_be_equal_or_are_preferred() -> None:
    regions = of(SPANS, [line(0, 10, "PER"), line(0, 10, "LOC")], [line(0, 10, "LOC")])
    pairs = overlapping(regions)
    assert len(matches(regions, pairs).iou) == 1
    loose = matches(regions, pairs, labelled=False)
    assert regions.label[loose.left].tolist() == regions.label[loose.right].tolist() == [1]
    other = of(SPANS, [line(0, 10, "PER")], [line(0, 10, "LOC")])
    assert len(matches(other, overlapping(other)).iou) == 0
    assert len(matches(other, overlapping(other), labelled=False).iou) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 50)), max_size=12,
                unique_by=lambda edge: edge[:2]))
def test_assignment_is_as_good_as_trying_everything(edges: list[tuple[int, int, int]]) -> None:
    left, right, gain = (np.array([edge[at] for edge in edges], np.int64) for at in range(3))
    chosen = assigned(left, right, gain.astype(float))
    assert len(set(left[chosen])) == len(set(right[chosen])) == len(chosen)
    worth = {(a, b): g for a, b, g in edges}
    best = max(sum(worth.get((a, b), 0) for a, b in enumerate(way)) for way in permutations(range(5)))
    assert gain[chosen].sum() == best


def test_a_huge_cluster_is_matched_greedily(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "EXACT", 1)
    regions = of(SEGMENTS, [line(0, 10, "nod"), line(1, 11, "nod")], [line(0, 10, "nod"), line(1, 11, "nod")])
    assert matches(regions, overlapping(regions)).iou.tolist() == [1, 1]


def test_groups_take_every_annotator_once_and_do_not_chain() -> None:
    nested = of(SPANS, [line(0, 10), line(2, 10)], [line(0, 10)], [line(2, 10)])
    group = groups(nested, overlapping(nested))
    for one in set(group.tolist()):
        people = nested.annotator[group == one].tolist()
        assert len(people) == len(set(people))
    assert np.bincount(group).tolist() == [2, 2]
    # Each overlaps the next by more than half, the first and the last not at all.
    chain = of(SEGMENTS, *([line(at * 3.0, at * 3.0 + 10, "nod")] for at in range(6)))
    assert len(set(groups(chain, overlapping(chain)).tolist())) > 1


def test_regions_with_two_labels_make_two_groups() -> None:
    both = [line(0, 5, "PER"), line(0, 5, "LOC")]
    regions = of(SPANS, both, both, both)
    group = groups(regions, overlapping(regions))
    assert sorted(regions.label[group == one].tolist() for one in (0, 1)) == [[0, 0, 0], [1, 1, 1]]


def test_a_disputed_label_is_one_thing_where_the_places_agree() -> None:
    same = of(SPANS, [line(0, 10, "PER")], [line(0, 10, "LOC")])
    apart = of(SPANS, [line(0, 10, "PER")], [line(5, 14, "LOC")])
    assert len(set(groups(same, overlapping(same)).tolist())) == 1
    assert len(set(groups(apart, overlapping(apart)).tolist())) == 2
