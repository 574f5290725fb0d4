"""What regions say of each annotator."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sync.regions import judge
from sync.regions.boundaries import clustered
from tests.sync.regions.marks import BOXES, POLYGONS, SEGMENTS, SPANS, answers, box, crowd, line, polygon

MISS = [0.02, 0.1, 0.2, 0.35, 0.5, 0.1]
INVENT = [0.1, 0.2, 0.2, 0.1, 0.1, 1.5]
LATE = [0.0, 0.0, 0.3, 0.0, 0.0, -0.4]


def test_recall_precision_and_bias_of_simulated_annotators_are_recovered() -> None:
    seen, truth = crowd(miss=MISS, invent=INVENT, late=LATE, tasks=200)
    there = np.mean([len(marks) for marks in truth.values()])
    for row in judge(SEGMENTS, seen).annotators:
        who = int(str(row.annotator)[-1])
        recall, precision = 1 - MISS[who], (1 - MISS[who]) * there / ((1 - MISS[who]) * there + INVENT[who])
        found = row.details
        assert found["recall"]["value"] == pytest.approx(recall, abs=0.08)
        assert found["precision"]["value"] == pytest.approx(precision, abs=0.08)
        assert row.low <= 2 * recall * precision / (recall + precision) <= row.high
        assert row.low <= row.accuracy == found["f1"]["value"] <= row.high
        assert found["boundaries"]["start"]["mean"] == pytest.approx(LATE[who], abs=0.1)
        assert found["boundaries"]["end"]["mean"] == pytest.approx(0, abs=0.05)


def test_who_starts_late_is_told_apart_from_who_does_not() -> None:
    seen, _ = crowd(miss=[.1] * 6, invent=[.1] * 6, late=LATE)
    by_name = {row.annotator: row.details["boundaries"]["start"] for row in judge(SEGMENTS, seen).annotators}
    assert by_name["annotator 2"]["low"] > 0.2
    assert by_name["annotator 5"]["high"] < -0.3


def test_labels_taken_for_each_other_missed_and_extra() -> None:
    good = [line(0, 5, "PER"), line(10, 15, "LOC")]
    rows = [(task, who, good) for task in range(30) for who in "abcd"]
    rows += [(task, "e", [line(0, 5, "LOC"), line(40, 45, "PER")]) for task in range(30)]
    found = next(row for row in judge(SPANS, answers(rows)).annotators if row.annotator == "e")
    per, loc = found.details["by_label"]
    assert (per["label"], per["marked"], loc["marked"]) == ("PER", 30, 30)
    assert per["confused"]["LOC"] == pytest.approx(30, abs=3)
    assert per["extra"] == pytest.approx(30, abs=3)
    assert loc["confused"]["nothing"] == pytest.approx(30, abs=3)
    assert found.labels == ("PER", "LOC", "nothing")
    assert found.accuracy < 0.1


def test_a_region_in_another_place_is_not_right() -> None:
    rows = [(task, who, [line(0, 10)]) for task in range(20) for who in "abc"]
    rows += [(task, "d", [line(0, 4)]) for task in range(20)]
    found = next(row for row in judge(SPANS, answers(rows)).annotators if row.annotator == "d")
    assert found.accuracy == 0
    assert found.details["by_label"][0]["misplaced"] == pytest.approx(20, abs=2)


def test_sides_of_boxes_and_size_of_polygons() -> None:
    rows = [(task, who, [box(10, 10, 20, 20)]) for task in range(10) for who in "abc"]
    seen = answers([*rows, *((task, "d", [box(10, 10, 22, 20)]) for task in range(10))])
    wide = judge(BOXES, seen).annotators[3].details["boundaries"]
    assert (wide["left"]["mean"], wide["right"]["mean"], wide["area_ratio"]["mean"]) == (0, 2, pytest.approx(1.1))
    square, larger = polygon((0, 0), (10, 0), (10, 10), (0, 10)), polygon((0, 0), (12, 0), (12, 10), (0, 10))
    shapes = [(task, who, [square]) for task in range(10) for who in "abc"]
    seen = answers([*shapes, *((task, "d", [larger]) for task in range(10))])
    found = judge(POLYGONS, seen).annotators[3].details["boundaries"]
    assert found["area_ratio"]["mean"] == pytest.approx(1.2)


def test_an_interval_allows_for_regions_of_one_task_being_alike() -> None:
    # Twice the same value in each of three tasks says no more than once: mean 2, s = 1, n = 3, t = 4.3027.
    mean, low, high, rows = clustered(np.array([[1.0], [1], [2], [2], [3], [3]]), np.array([0, 0, 1, 1, 2, 2]))
    assert (mean, rows) == ([2.0], 6)
    assert low[0] == pytest.approx(2 - 4.302653 / np.sqrt(3), abs=1e-5)
    assert high[0] == pytest.approx(2 + 4.302653 / np.sqrt(3), abs=1e-5)


def test_with_two_annotators_nobody_can_tell_who_errs() -> None:
    rows = [(task, who, [line(0, 5)]) for task in range(20) for who in "ab"]
    rows += [(task + 20, "a", [line(0, 5)]) for task in range(20)] + [(task + 20, "b", []) for task in range(20)]
    found = judge(SPANS, answers(rows))
    assert any("only two annotators" in warning for warning in found.warnings)
    assert all(row.high == 1 and row.low < 0.67 for row in found.annotators)


def test_what_everybody_missed_is_estimated_and_told() -> None:
    # Given two people a task who miss 30 % each: of 1,000 regions about 90 are seen by nobody.
    seen, truth = crowd(miss=[.3] * 6, invent=[0] * 6, late=[0] * 6, overlap=2, tasks=250)
    run = judge(SEGMENTS, seen)
    there = sum(map(len, truth.values()))
    figures = run.annotators[0].details["run"]
    assert figures["unseen_regions"] < 0.09 * there
    assert figures["unseen_if_all_real"] == pytest.approx(0.09 * there, rel=0.25)
    worse, _ = crowd(miss=[.55] * 6, invent=[0] * 6, late=[0] * 6, overlap=2, tasks=250)
    assert any("missed by everybody" in warning for warning in judge(SEGMENTS, worse).warnings)


def test_who_worked_alone_is_not_judged() -> None:
    rows = [(task, who, [line(0, 5)]) for task in range(5) for who in "ab"] + [(9, "c", [line(0, 5)])]
    found = judge(SPANS, answers(rows))
    alone = found.annotators[2]
    assert (alone.low, alone.high, alone.details["f1"]["value"]) == (0, 1, None)
    assert alone.details["reason"]
    assert any(warning.startswith("1 of 6 tasks") for warning in found.warnings)


def test_a_review_does_not_speak_for_its_author_nor_against_others() -> None:
    rows = [(task, who, [line(0, 5)]) for task in range(8) for who in "ab"]
    rows += [(task, "reviewer", [line(0, 5)]) for task in range(8)]
    found = judge(SPANS, answers(rows, review=[False] * 16 + [True] * 8))
    reviewer = found.annotators[2]
    assert (reviewer.details["f1"]["value"], reviewer.answers) == (None, 8)
    assert found.agreement["answers"] == 16


def test_everything_is_json() -> None:
    seen, _ = crowd(miss=MISS, invent=INVENT, late=LATE, tasks=20)
    found = judge(SEGMENTS, seen)
    told = ([row.details for row in found.annotators], found.agreement,
            [[row.value, row.probability, row.wrong] for row in found.consensus],
            [[list(map(list, row.confusion)), list(map(list, row.counts)), row.low, row.high]
             for row in found.annotators])
    for one in told:  # what is read back is what was said: no NaN, no number of numpy's, no key that is no text
        assert json.loads(json.dumps(one, allow_nan=False)) == one
