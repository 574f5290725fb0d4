"""The report of agreement: its shape, honest warnings, what it leaves out, and any input at all."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.agreement.report import agreement_report
from sync.observations import Observations, observe
from tests.sync.agreement import examples

KEYS = {"metric", "level", "value", "low", "high", "tasks", "answers", "reason", "coefficients", "by_label", "by_pair",
        "by_guideline", "over_time", "blind", "warnings"}


def asked(said: np.ndarray, names: str = "abcdefgh") -> Observations:
    """Observations of answers (A, T), NaN where there is none."""
    rows = [(task, person) for task, person in np.ndindex(said.T.shape) if not np.isnan(said[person, task])]
    return observe([f"t{task}" for task, _ in rows], [f"p{person}" for _, person in rows],
                   [names[int(said[person, task])] for task, person in rows], labels=tuple(names))


def by_metric(report: dict[str, Any]) -> dict[str, Any]:
    return {record["metric"]: record["value"] for record in report["coefficients"]}


def test_the_headline_is_alpha_and_stands_beside_the_others() -> None:
    said = examples.answers(examples.KRIPPENDORFF_2011)
    report = agreement_report(asked(said - 1))
    assert set(report) == KEYS
    assert (report["metric"], report["level"], report["value"]) == ("krippendorff_alpha", "nominal", 0.7434)
    assert (report["tasks"], report["answers"]) == (11, 40)
    found = by_metric(report)
    assert list(found) == ["percent", "cohen_kappa", "fleiss_kappa", "krippendorff_alpha", "gwet_ac1"]
    assert (found["percent"], found["gwet_ac1"], found["fleiss_kappa"]) == (0.8182, 0.7754, 0.7612)


def test_ordered_labels_and_numbers_have_their_own_coefficients() -> None:
    said = examples.answers(examples.KRIPPENDORFF_2011)
    seen = asked(said - 1)
    ordinal = agreement_report(seen, level="ordinal")
    assert ordinal["value"] == 0.8154
    assert by_metric(ordinal)["gwet_ac2"] == 0.914
    numbers = seen.label + 1.0
    interval = agreement_report(seen, level="interval", numbers=numbers)
    assert interval["value"] == 0.8491
    assert list(by_metric(interval)) == ["percent", "mean_absolute_difference", "cohen_kappa_quadratic",
                                         "krippendorff_alpha", "gwet_ac2"]
    assert interval["by_label"] == []
    # and numbers in order give what their labels in order give
    assert by_metric(agreement_report(seen, level="ordinal", numbers=numbers)) == by_metric(ordinal)


def test_many_different_numbers_have_alpha_but_no_categories() -> None:
    rng = np.random.default_rng(0)
    seen = asked(np.zeros((3, 60)))
    numbers = np.repeat(rng.normal(0, 10, 60), 3) + rng.normal(0, 1, 180)
    report = agreement_report(seen, level="interval", numbers=numbers)
    assert report["low"] < report["value"] < report["high"]
    assert report["value"] > 0.97
    ac2 = report["coefficients"][-1]
    assert (ac2["value"], ac2["reason"]) == (None, "180 different answers are no scale of categories (at most 100)")


def test_without_cuts_only_the_coefficients() -> None:
    report = agreement_report(asked(examples.crowd(np.random.default_rng(1), 40)), cuts=False)
    assert set(report) == KEYS
    assert not any(report[cut] for cut in ("by_label", "by_pair", "by_guideline", "over_time", "blind"))
    assert report["low"] < report["value"] < report["high"]


def test_same_input_same_output_in_any_order_of_rows_and_by_any_names() -> None:
    rng = np.random.default_rng(2)
    said = examples.crowd(rng, 60, people=4)
    said[rng.random(said.shape) < 0.3] = np.nan
    seen = asked(said)
    order = rng.permutation(len(seen.task))
    shuffled = replace(seen, **{name: getattr(seen, name)[order] for name in (
        "task", "annotator", "label", "seconds", "truth", "review", "at", "seen", "guideline")})
    report = agreement_report(seen, replicates=100)
    assert agreement_report(seen, replicates=100) == report
    assert agreement_report(shuffled, replicates=100) == report
    # and other names of annotators and labels change no coefficient
    renamed = agreement_report(asked(said[::-1], names="zyxwvuts"), replicates=100)
    assert renamed["coefficients"] == report["coefficients"]
    # nor does one annotator taken for two, but for kappa, which compares people
    split = np.concatenate((said, np.full_like(said[:1], np.nan)))
    split[4, 30:], split[0, 30:] = said[0, 30:], np.nan
    found, whole = by_metric(agreement_report(asked(split), replicates=100)), by_metric(report)
    assert {name for name in whole if found[name] != whole[name]} <= {"cohen_kappa"}


def test_reviews_are_left_out_and_ground_truth_by_people_stays() -> None:
    seen = asked(examples.crowd(np.random.default_rng(3), 40))
    plain = agreement_report(seen, replicates=50)
    declared = replace(seen, truth=np.ones(len(seen.task), bool))
    assert agreement_report(declared, replicates=50) == plain
    # given a reviewer, p2, who confirmed what p0 said
    copied = replace(seen, label=np.where(seen.annotator == 2, np.roll(seen.label, 2), seen.label),
                     review=seen.annotator == 2)
    report = agreement_report(copied, replicates=50)
    assert report["answers"] == 80
    assert any(sentence.startswith("40 reviews") for sentence in report["warnings"])


def test_of_two_answers_by_one_annotator_the_later_row_counts() -> None:
    twice = observe(["t"] * 3 + ["u"] * 2, ["x", "y", "x", "x", "y"], ["a", "b", "b", "a", "a"])
    report = agreement_report(twice)
    assert (report["value"], report["answers"]) == (1.0, 4)
    assert any(sentence.startswith("1 answers are left out") for sentence in report["warnings"])


def test_numbers_that_are_missing_are_no_answers() -> None:
    seen = asked(np.zeros((2, 10)))
    numbers = np.repeat(np.arange(10.0), 2)
    numbers[:6] = np.nan
    report = agreement_report(seen, level="interval", numbers=numbers)
    assert (report["tasks"], report["answers"], report["value"]) == (7, 14, 1.0)


@pytest.mark.parametrize(("said", "told"), [
    (np.zeros((2, 0)), "Fewer than two annotators"),
    (np.zeros((1, 5)), "Fewer than two annotators"),
    (examples.crowd(np.random.default_rng(4), 12), "Only 12 tasks have two answers"),
    (examples.crowd(np.random.default_rng(5), 40, right=0.6), "The interval of alpha is"),
    (np.tile(np.arange(100.0) % 2, (2, 1)), "No disagreement in 100 tasks, so the interval has no width; up to 3.0%"),
    (np.array(examples.judged(np.array([[117, 3], [4, 1]])), float), "one answer prevails"),
])
def test_what_to_be_careful_about_is_said(said: np.ndarray, told: str) -> None:
    assert any(told in sentence for sentence in agreement_report(asked(said), replicates=200)["warnings"])


def test_one_annotator_who_gave_most_answers_is_named() -> None:
    said = examples.crowd(np.random.default_rng(6), 60, people=4)
    for person in (1, 2, 3):
        said[person, np.arange(60) % 4 != person] = np.nan
    warnings = agreement_report(asked(said), replicates=50)["warnings"]
    assert any(sentence.startswith("p0 gave 57% of all answers") for sentence in warnings)


def test_a_healthy_project_has_no_warnings() -> None:
    report = agreement_report(asked(examples.crowd(np.random.default_rng(7), 400, people=4, right=0.9)), replicates=200)
    assert report["warnings"] == []


rows = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.sampled_from("abc"), st.booleans(),
                          st.sampled_from([None, 0.0, 1.7e9, 1.8e9, math.inf, -1e18]),
                          st.sampled_from([None, True, False]), st.sampled_from([None, 1, 2]),
                          st.sampled_from([math.nan, 0.0, 1.0, 2.5, -1e99, 5e-324])), max_size=25)


@given(rows, st.sampled_from(["nominal", "ordinal", "interval"]), st.booleans())
@settings(max_examples=50, deadline=None)
def test_any_answers_give_valid_json(rows: list[tuple[Any, ...]], level: str, numeric: bool) -> None:
    task, annotator, label, review, at, shown, guideline, numbers = zip(*rows, strict=True) if rows else ((),) * 8
    seen = observe(task, annotator, label, review=review, at=at, seen=shown, guideline=guideline, labels=("b", "d"))
    report = agreement_report(seen, level=level, replicates=20,
                              numbers=np.array(numbers, float) if numeric or level == "interval" else None)
    json.dumps(report, allow_nan=False)
    for record in [report, *report["coefficients"], *report["by_label"], *report["by_pair"], *report["by_guideline"],
                   *report["over_time"], report["blind"]]:
        assert record["value"] is not None or record["reason"]
        assert record["low"] is not None or record["reason"]


@pytest.mark.parametrize(("options", "message"), [
    ({"level": "ratio"}, "level is 'ratio'"), ({"level": "interval"}, "needs numbers"),
    ({"level": "interval", "numbers": np.ones(3)}, "4 answers, but numbers of shape"),
    ({"level": "interval", "numbers": np.array([1, 2, math.inf, 3])}, "finite"),
    ({"level": "ordinal", "numbers": np.array([1, 2, -1e200, 3])}, "at most 1e"),
])
def test_wrong_calls_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        agreement_report(asked(np.zeros((2, 2))), **options)


def test_a_million_possible_labels_are_no_table() -> None:
    # given free text: 2,000 tasks, of 10^6 declared labels a few are used
    rng = np.random.default_rng(8)
    seen = asked(np.zeros((3, 2000)))
    texts = np.where(rng.random(6000) < 0.7, np.repeat(rng.integers(0, 10**6, 2000), 3), rng.integers(0, 10**6, 6000))
    report = agreement_report(replace(seen, label=texts, labels=tuple(map(str, range(10**6)))), replicates=200)
    assert report["value"] == pytest.approx(0.49, abs=0.03)
    assert len(report["by_label"]) == 200
    assert any("only the 200 commonest" in sentence for sentence in report["warnings"])
