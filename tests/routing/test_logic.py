"""What is said of conditions without data is true of all data."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.language import columns, logic
from routing.language.conditions import compile_condition
from routing.language.scopes import ANNOTATOR


@pytest.mark.parametrize("source", [
    "false", "score > 0.9 and score < 0.5", "score > 1", "score < 0%", "answers < 0", "answers > 1 and answers < 2",
    "answers == 1.5", "0.5 < score < 0.4", "not (score >= 0)", "not known(score) and score > 0.1", "1 > 2",
    'predicted == "a" and predicted in ["b", "c"]', 'task.x == "a" and task.x == "b"', 'score("spam") > 100%',
    "label == predicted and predicted != label", "task.a > 1 and not task.a > 0", "true == task.x and not task.x",
    "score * 2 > 1 and score * 2 < 1", 'state == "new" and state == "done"', "any(regions, score > 1)",
    '"a" in labels and "a" not in labels', 'control("x").score > 1', "count(regions) < 0", "age < 0s",
    "(score > 1 or answers < 0) and answers > 3"])
def test_what_can_never_be_true_is_seen(source: str) -> None:
    assert compile_condition(source)[0] is not None
    assert logic.never(logic.tree(source))


@pytest.mark.parametrize("source", [
    "true", "score >= 1", "answers >= 0", "task.x > 7 and task.x != 8", "not any(regions, score > 1)",
    "all(regions, score > 1)", "label == predicted or label != predicted", "score - margin < -5", "cost > 1000",
    'predicted != "a" and predicted != "b"', "not known(score)", '"a" in task.x and "b" in task.x'])
def test_what_may_be_true_is_left_alone(source: str) -> None:
    assert not logic.never(logic.tree(source))


def test_people_are_judged_by_their_own_words() -> None:
    assert logic.never(logic.tree("lower(gold_accuracy, 95%) > 1", ANNOTATOR))
    assert logic.never(logic.tree("skips > 1", ANNOTATOR))       # a share of tasks
    assert not logic.never(logic.tree("skips > 1"))              # people


@pytest.mark.parametrize(("by", "whole"), [
    ("score > 0.9", "score > 0.5"), ("answers >= 3", "answers > 2"), ("answers > 2", "answers >= 3"),
    ("true", "answers >= 0"), ('predicted == "a"', 'predicted in ["a", "b"]'), ('predicted == "a"', 'predicted != "b"'),
    ("answers >= 2 and posterior < 0.9", "answers >= 2"), ("score > 0.5", "known(score)"),
    ("score > 0.6 or score > 0.7", "score > 0.6"), ("task.x", "task.x == true"),
    ("label == predicted", "predicted == label"),
    ("score > 0.2", "score <= 1"), ("any(regions, score < 0.5)", "any(regions, score<0.5) or answers > 3")])
def test_what_follows_is_seen(by: str, whole: str) -> None:
    assert logic.implied(logic.tree(whole), logic.tree(by))


@pytest.mark.parametrize(("by", "whole"), [
    ("true", "score >= 0"),                      # it may be unknown
    ("score > 0.5", "score > 0.9"), ("answers >= 2", "answers >= 2 and posterior < 0.9"), ("score > 1", "answers > 7"),
    ("score > 0.5 or answers > 1", "score > 0.5"), ('predicted in ["a", "b"]', 'predicted == "a"')])
def test_what_does_not_follow_is_not_said(by: str, whole: str) -> None:
    assert not logic.implied(logic.tree(whole), logic.tree(by))


@pytest.mark.parametrize(("source", "expected"), [
    ("answers < 2", (0, 1)), ("answers >= 2 and score > 0.5", (2, inf)), ("score > 0.5", (-inf, inf)),
    ("answers == 3 or answers in [1, 2]", (1, 3)), ("answers == 7 or score > 1", (7, 7))])
def test_bounds_of_a_number(source: str, expected: tuple[float, float]) -> None:
    assert logic.bounds(logic.tree(source), "answers") == expected


def test_of_too_many_alternatives_nothing_is_said() -> None:
    source = " and ".join(f"(task.a{n} > 1 or task.b{n} > 1)" for n in range(9))
    assert logic.tree(source).alternatives() is None
    assert not logic.never(logic.tree(source))
    assert not logic.implied(logic.tree("true"), logic.tree(source))


numbers = st.builds("{} {} {}".format, st.sampled_from(["score", "answers", "task.x"]),
                    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.sampled_from(["0", "0.5", "1", "2"]))
texts = st.builds("{} {} {}".format, st.sampled_from(["predicted", "label"]), st.sampled_from(["==", "!="]),
                  st.sampled_from(['"a"', '"b"', "label"]))
atoms = st.one_of(numbers, texts, st.sampled_from([
    "known(score)", "known(task.x)", 'predicted in ["a"]', "task.x in [1, 2]", "score < task.x", "task.x >= score",
    "0 < score < 1", "true", "false"]))
conditions = st.recursive(atoms, lambda inner: st.one_of(
    st.builds("({} and {})".format, inner, inner), st.builds("({} or {})".format, inner, inner),
    st.builds("not ({})".format, inner)), max_leaves=6)

RANDOM = np.random.default_rng(0)
SIZE = 400
DATA = {
    "score": columns.of([[None, 0.0, 0.25, 0.5, 0.75, 1.0][i] for i in RANDOM.integers(0, 6, SIZE)], float),
    "answers": columns.of(RANDOM.integers(0, 4, SIZE).tolist(), float),
    "task.x": columns.of([[None, 0, 0.5, 1, 2, -3, "a", True][i] for i in RANDOM.integers(0, 8, SIZE)], object),
    "predicted": columns.of([[None, "a", "b", "c"][i] for i in RANDOM.integers(0, 4, SIZE)], object),
    "label": columns.of([[None, "a", "b", "c"][i] for i in RANDOM.integers(0, 4, SIZE)], object)}


def true(source: str) -> np.ndarray:
    """Where a condition holds in the data."""
    return compile_condition(source)[0].true(DATA.__getitem__, SIZE)


@settings(max_examples=50, deadline=None)
@given(conditions, conditions)
def test_whatever_is_said_holds_of_random_tasks(one: str, other: str) -> None:
    if logic.never(logic.tree(one)):
        assert not true(one).any()
    if logic.implied(logic.tree(one), logic.tree(other)):
        assert not (true(other) & ~true(one)).any()
    low, high = logic.bounds(logic.tree(one), "answers")
    if true(one).any():
        held = DATA["answers"].values[true(one)]
        assert low <= held.min() <= held.max() <= high
