"""Whatever comes in, a defined result or a clear error comes out; the order of rows changes nothing."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cueloop.types import Control
from sync import kinds
from sync.observations import observe
from sync.values import judge
from tests.sync.values.crowds import (
    MULTI,
    NUMBER,
    ORDERED,
    RATING,
    SPREAD,
    TAXONOMY,
    TEXT,
    VALUED,
    as_json,
    judged,
    seen,
)

ALL = (*VALUED, ORDERED, SPREAD)

VALUES: dict[str, list[Any]] = {
    "topics": [["a"], ["a", "b"], [], ["unknown label"]], "stars": [1, 5, 3, 3], "price": [0, -1.5, 1e12, 3],
    "species": [[["x"]], [["x", "y"]], [["z", "y", "w"]], [["x"], ["z"]]],
    "summary": [["one"], ["something else"], ["two", "three"], ["\U0001f600"]], "grade": ["low", "mid", "high", "mid"],
    "cue": ["a", "b", "c", "a"]}


@pytest.mark.parametrize("control", ALL, ids=lambda control: control.name)
def test_no_answers_at_all_are_an_empty_outcome(control: Control) -> None:
    found = judged(control, [])
    assert (found.consensus, found.annotators) == ((), ())
    assert found.agreement["value"] is None
    assert found.agreement["reason"]


@pytest.mark.parametrize("control", ALL, ids=lambda control: control.name)
@pytest.mark.parametrize("shape", ["one answer", "one annotator", "one task", "all equal"])
def test_little_to_go_by_is_defined(control: Control, shape: str) -> None:
    # given next to nothing
    values = VALUES[control.name]
    answers = {"one answer": [(1, "ann", values[1])],
               "one annotator": [(task, "ann", value) for task, value in enumerate(values)],
               "one task": [(1, who, value) for who, value in zip("wxyz", values, strict=True)],
               "all equal": [(task, who, values[1]) for task in range(4) for who in "xyz"]}[shape]
    # when it is judged
    found = judged(control, answers)
    # then every task has a consensus, everybody an accuracy within its interval, and nothing is NaN
    assert [row.task for row in found.consensus] == list(dict.fromkeys(task for task, _, _ in answers))
    for one in found.annotators:
        assert 0 <= one.low <= one.accuracy <= one.high <= 1
    assert all(0 <= row.probability <= 1 for row in found.consensus)
    if shape in ("one answer", "one annotator"):
        assert found.agreement["value"] is None
        if control is not SPREAD:
            assert found.annotators[0].details["judged"] == 0
            assert found.annotators[0].high - found.annotators[0].low > 0.5


@pytest.mark.parametrize("control", ALL, ids=lambda control: control.name)
def test_the_order_of_rows_changes_nothing(control: Control) -> None:
    # given answers in order and shuffled
    rng = np.random.default_rng(0)
    values = VALUES[control.name]
    answers = [(task, f"w{who}", values[rng.integers(4)]) for task in range(30) for who in rng.permutation(6)[:4]]
    shuffled = [answers[at] for at in rng.permutation(len(answers))]
    one, other = judged(control, answers), judged(control, shuffled)
    # then tasks and annotators come in another order, and with the same figures
    def figures(found: Any) -> Any:
        rows = sorted((row.task, row.label, round(row.probability, 5)) for row in found.consensus)
        people = sorted((who.annotator, round(who.accuracy, 5), round(who.low, 4)) for who in found.annotators)
        return rows, people, found.agreement["value"]

    assert figures(one) == figures(other)


@pytest.mark.parametrize("control", VALUED, ids=lambda control: control.name)
def test_what_cannot_be_read_is_left_out_and_counted(control: Control) -> None:
    values = VALUES[control.name]
    table = observe([1, 1, 2], ["x", "y", "z"], ["", "", ""], value=[values[0], values[0], {"not": "an answer"}])
    found = judge(control, table)
    as_json(found)
    assert [row.task for row in found.consensus] == [1]
    assert any("1 answer(s) could not be read" in warning for warning in found.warnings)
    with pytest.raises(ValueError, match="each needs one"):
        judge(control if control is not RATING else NUMBER, observe([1, 2], ["x", "y"], ["", ""], value=[values[0]]))


@pytest.mark.parametrize("control", ALL, ids=lambda control: control.name)
def test_a_ground_truth_holds_and_a_review_does_not_judge_the_reviewer(control: Control) -> None:
    # given two people who agree, an expert's ground truth that says otherwise, and a reviewer
    values = VALUES[control.name]
    answers = [(task, who, values[0]) for task in range(8) for who in ("x", "y")]
    answers += [(0, "expert", values[1]), *((task, "reviewer", values[0]) for task in range(8))]
    truth = [who == "expert" for _, who, _ in answers]
    review = [who == "reviewer" for _, who, _ in answers]
    found = judged(control, answers, truth=truth, review=review)
    people = {one.annotator: one for one in found.annotators}
    # then the reviewer is not judged, and no pair with them stands in the agreement
    assert people["reviewer"].answers == 8
    assert people["reviewer"].details["judged"] == 0
    assert not any("reviewer" in pair["annotators"] for pair in found.agreement["by_pair"])
    if control is not SPREAD:  # which has no single truth to pin
        row = next(row for row in found.consensus if row.task == 0)
        assert (row.method, row.probability) == ("ground-truth", 1.0)
        assert people["x"].accuracy < 1


@pytest.mark.parametrize("control", ALL, ids=lambda control: control.name)
def test_a_few_tasks_are_judged_by_what_a_full_run_knew(control: Control) -> None:
    # given a full run and a quick one on three of its tasks
    rng = np.random.default_rng(3)
    values = VALUES[control.name]
    answers = [(task, f"w{who}", values[rng.integers(2) if rng.random() < 0.3 else 2 * (task % 2)])
               for task in range(60) for who in rng.permutation(6)[:4]]
    full = judged(control, answers)
    known = {one.annotator: one for one in full.annotators}
    few = seen(control, [answer for answer in answers if answer[0] < 3])
    quick = kinds.judge(control, few, known=known)
    # then the quick one says the same, hands the annotators on and leaves agreement alone
    for row, before in zip(quick.consensus, full.consensus, strict=False):
        if control is NUMBER:
            assert before.value["low"] <= row.value["value"] <= before.value["high"]
        else:
            assert row.label == before.label
        assert row.probability == pytest.approx(before.probability, abs=0.05)
    assert {one.annotator: one for one in quick.annotators}.items() <= known.items()
    assert quick.agreement["value"] is None
    # and somebody new is taken for an average one
    as_json(judge(control, seen(control, [(99, "new", values[0]), (99, "w1", values[1])]), known=known))


def test_a_kind_that_is_not_judged_here_is_an_error() -> None:
    with pytest.raises(ValueError, match="boxes"):
        judge(Control("b", "image", "RectangleLabels", (), None, kind="boxes"), seen(NUMBER, [(1, "x", 1)]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.sets(st.sampled_from("abcd"))), max_size=20,
                unique_by=lambda one: one[:2]))
def test_any_sets_give_json(answers: list[tuple[int, int, set[str]]]) -> None:
    found = judged(MULTI, [(task, who, sorted(labels)) for task, who, labels in answers])
    assert len(found.consensus) == len({task for task, _, _ in answers})
    json.loads(as_json(found))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.floats(allow_nan=False, allow_infinity=False,
                                                                          width=32)),
                max_size=20, unique_by=lambda one: one[:2]))
def test_any_numbers_give_json(answers: list[tuple[int, int, float]]) -> None:
    for row in judged(NUMBER, answers).consensus:
        assert row.value["low"] <= row.value["value"] <= row.value["high"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.text(min_size=1, max_size=8)), max_size=12,
                unique_by=lambda one: one[:2]))
def test_any_texts_give_json(answers: list[tuple[int, int, str]]) -> None:
    texts = judged(TEXT, [(task, who, [words]) for task, who, words in answers])
    paths = judged(TAXONOMY, [(task, who, [list(words)]) for task, who, words in answers])
    said = {task for task, _, words in answers if words.strip()}        # a blank text says nothing
    assert {row.task for row in texts.consensus} == said
    assert {row.task for row in paths.consensus} == {task for task, _, _ in answers}
    for found in (texts, paths):
        assert all(0 <= row.probability <= 1 and row.value for row in found.consensus)
