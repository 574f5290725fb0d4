"""Agreement on regions: pairwise F1, gamma, labels; by label, pair, guideline and time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from sync.regions import gamma, judge, task_agreement
from sync.regions.gathered import gather
from tests.sync.regions.marks import BOXES, SEGMENTS, SPANS, Marks, answers, box, line


def coefficient(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in found["coefficients"] if row["metric"] == name)


def agreement(rows: list[tuple[Any, Any, Marks]], **columns: Any) -> dict[str, Any]:
    return judge(SPANS, answers(rows, **columns)).agreement


def test_pairwise_f1_by_hand() -> None:
    # Pairs ab 2·1/(2+1), ac 2·1/(2+2), bc 2·1/(1+2); together the share of a region's 2 others that have it:
    # PER 3-9 six of six, LOC 20-25 none of four: 6/10.
    found = agreement([(1, "a", [line(3, 9), line(20, 25, "LOC")]), (1, "b", [line(3, 9)]),
                       (1, "c", [line(3, 9), line(40, 45, "LOC")])])
    assert found["value"] == pytest.approx(6 / 10)
    pairs = {tuple(row["annotators"]): row["value"] for row in found["by_pair"]}
    assert pairs == {("a", "b"): pytest.approx(2 / 3, abs=1e-6), ("a", "c"): 0.5,
                     ("b", "c"): pytest.approx(2 / 3, abs=1e-6)}
    assert {row["label"]: row["value"] for row in found["by_label"]} == {"PER": 1.0, "LOC": 0.0}
    assert (found["low"], found["reason"]) == (None, "too few tasks: no interval")


def test_exact_place_and_place_without_label() -> None:
    rows = [(task, who, [line(0, 10, label)]) for task in range(10)
            for who, label in (("a", "PER"), ("b", "PER" if task < 5 else "LOC"))]
    rows += [(task, who, [line(0, 10 + 2 * (who == "b"))]) for task in range(10, 15) for who in "ab"]
    found = agreement(rows)
    assert found["value"] == pytest.approx(10 / 15, abs=1e-6)
    assert coefficient(found, "f1_exact")["value"] == pytest.approx(5 / 15, abs=1e-6)
    assert coefficient(found, "f1_place")["value"] == 1
    assert found["low"] < found["value"] < found["high"]


def test_alpha_of_labels_is_krippendorffs() -> None:
    krippendorff = pytest.importorskip("krippendorff")
    given = [("PER", "PER"), ("PER", "LOC"), ("LOC", "LOC"), ("LOC", "LOC"), ("PER", "PER"), ("LOC", "PER")]
    rows = [(task, who, [line(0, 5, label)]) for task, labels in enumerate(given) for who, label in zip("ab", labels,
                                                                                                      strict=True)]
    value = krippendorff.alpha(reliability_data=[[["PER", "LOC"].index(x[at]) for x in given] for at in (0, 1)],
                               level_of_measurement="nominal")
    assert coefficient(agreement(rows), "label_alpha")["value"] == pytest.approx(value)


def test_dissimilarity_by_hand() -> None:
    def units(start: float, end: float, label: int) -> gamma.Units:
        return gamma.Units(np.array([start]), np.array([end]), np.zeros(1, np.int64), np.array([label]))

    assert gamma.dissimilarity(units(0, 10, 0), units(0, 10, 0))[0] == 0
    assert gamma.dissimilarity(units(0, 10, 0), units(5, 15, 0))[0] == pytest.approx((10 / 20) ** 2)
    assert gamma.dissimilarity(units(0, 10, 0), units(5, 15, 1))[0] == pytest.approx(1.25)
    assert gamma.dissimilarity(units(3, 3, 0), units(3, 3, 0))[0] == 0
    assert gamma.dissimilarity(units(3, 3, 0), units(4, 4, 0))[0] == np.inf


def test_the_alignment_is_the_best_there_is() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        marks = [[line(s, s + rng.uniform(1, 20), str(rng.choice(["nod", "shake"]))) for s in rng.uniform(0, 40, size)]
                 for size in (5, 6)]
        regions = gather(SEGMENTS, answers([(0, "a", marks[0]), (0, "b", marks[1])]))
        cost = np.full((11, 11), 0.0)  # every unit may also stay alone, at cost 1
        for i, a in enumerate(marks[0]):
            for j, b in enumerate(marks[1]):
                apart = abs(a["start"] - b["start"]) + abs(a["end"] - b["end"])
                length = a["end"] - a["start"] + b["end"] - b["start"]
                cost[i, j] = (apart / length) ** 2 + (a["label"] != b["label"])
        cost[:5, 6:], cost[5:, :6] = 1, 1
        best = cost[linear_sum_assignment(cost)].sum()
        assert 11 - gamma.saved(regions, 1)[0] == pytest.approx(best)


def test_gamma_is_that_of_an_independent_implementation() -> None:
    # pygamma-agreement 0.5.9, alpha = beta = delta_empty = 1, 300 samples: observed disorder 1.2041724; expected 1.688
    # (gamma .287) when it shuffles continua, 1.721 (.300) when it draws new ones. It counts by mean units, here 5.
    first = [(0.41, 5.26, "nod"), (22.95, 29.36, "nod"), (43.37, 47.51, "shake"), (60.04, 67.46, "nod"),
             (81.29, 87.12, "nod"), (103.77, 112.6, "shake"), (121.04, 127.06, "nod"), (164.08, 171.37, "shake")]
    second = [(42.35, 47.63, "shake"), (104.48, 113.28, "shake")]
    seen = answers([(0, "a", [line(*unit) for unit in first]), (0, "b", [line(*unit) for unit in second])])
    regions = gather(SEGMENTS, seen)
    assert (10 - gamma.saved(regions, 1)[0]) / 5 == pytest.approx(1.2041724, abs=1e-7)
    chance = gamma.expected(regions, seen.task, shifts=1000)
    assert chance is not None
    assert chance[0] * 2 == pytest.approx(1.7, abs=0.06)
    assert coefficient(judge(SEGMENTS, seen).agreement, "gamma")["value"] == pytest.approx(0.295, abs=0.05)


def test_gamma_is_one_for_equals_and_nothing_for_strangers() -> None:
    rng = np.random.default_rng(5)

    def marks() -> Marks:
        return [line(s, s + rng.uniform(2, 8), str(rng.choice(["nod", "shake"]))) for s in rng.uniform(0, 600, 80)]

    same = marks()
    equal = judge(SEGMENTS, answers([(0, "a", same), (0, "b", same)])).agreement
    assert coefficient(equal, "gamma")["value"] == 1
    strange = judge(SEGMENTS, answers([(task, who, marks()) for task in range(3) for who in "ab"])).agreement
    found = coefficient(strange, "gamma")
    assert abs(found["value"]) < 0.05
    assert 0 <= found["sampling_error"] < 0.02
    # F1 does not know that: where much is marked, much is met by chance.
    assert strange["value"] > 0.1


def test_gamma_is_only_for_lines() -> None:
    found = judge(BOXES, answers([(0, "a", [box(0, 0, 5, 5)]), (0, "b", [box(0, 0, 5, 5)])])).agreement
    assert [row["metric"] for row in found["coefficients"]] == ["f1", "f1_exact", "f1_place", "label_alpha"]
    assert found["value"] == 1


def test_by_guideline_and_over_time() -> None:
    rows = [(task, who, [line(0, 5)] if task >= 25 or who == "a" else []) for task in range(50) for who in "ab"]
    guideline = [1 if task < 25 else 2 for task in range(50) for _ in "ab"]
    found = agreement(rows, guideline=guideline, at=[float(60 * task) for task in range(50) for _ in "ab"])
    assert [(row["guideline"], row["value"]) for row in found["by_guideline"]] == [(1, 0.0), (2, 1.0)]
    assert [(row["value"], row["tasks"]) for row in found["over_time"]] == [(0.0, 25), (1.0, 25)]
    assert found["over_time"][0]["from"] == "1970-01-01T00:00:00+00:00"


def test_agreement_of_single_tasks() -> None:
    rows = [("split", "a", [line(0, 5), line(9, 12)]), ("split", "b", [line(0, 5)]), ("empty", "a", []),
            ("empty", "b", []), ("alone", "a", [line(0, 5)])]
    assert task_agreement(SPANS, answers(rows)) == {"split": pytest.approx(2 / 3), "empty": 1.0, "alone": None}


def test_gamma_does_not_depend_on_where_time_begins() -> None:
    rng = np.random.default_rng(1)
    starts = [rng.uniform(0, 900, 40), rng.uniform(0, 900, 40)]

    def found(origin: float) -> float:
        marks = [[line(origin + s, origin + s + 9, "nod") for s in part] for part in starts]
        value = judge(SEGMENTS, answers([(0, "a", marks[0]), (0, "b", marks[1])])).agreement
        return float(coefficient(value, "gamma")["value"])

    assert found(1.7e9) == pytest.approx(found(0.0), abs=0.05)


def test_one_annotator_has_nobody_to_agree_with() -> None:
    found = agreement([(task, "a", [line(0, 5)]) for task in range(3)])
    assert (found["value"], found["tasks"], found["reason"]) == (None, 0, "no task has two answers or more")
    assert all(row["value"] is None and row["reason"] for row in found["coefficients"])
