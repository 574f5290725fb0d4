"""Conditions: what they mean, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.language import columns
from routing.language.conditions import compile_condition, compile_number
from routing.language.scopes import ANNOTATOR
from routing.language.typed import Problem

COLUMNS = {
    "score": columns.of([0.9, None, 0.5], float), "answers": columns.of([1, 2, 3], float),
    "predicted": columns.of(["a", None, "b"], object), "label": columns.of(["a", "b", "c"], object),
    "task.lang": columns.of(["en", 3, None], object), "task.urgent": columns.of([True, "yes", None], object),
    "score(spam)": columns.of([0.1, 0.2, None], float),
    "age": columns.of([60, 7200, None], float), "state": columns.of(["new", "done", "asked"], object),
    "found(a,0.005,0.95)": columns.of([0.8, 0.8, 0.8], float), "found(,0.01,0.99)": columns.of([None] * 3, float),
    "sample(look)": columns.of([0.05, 0.5, 0.099], float),
    "labels": columns.of([frozenset({"a", "b"}), frozenset(), None], object),
    "task.subject": columns.of(["an urgent matter", 3, None], object),
    "task.tags": columns.of([["urgent"], "urgently", {"urgent": 1}], object),
    "task.wait_s": columns.of([30, 10**400, float("nan")], object),
    "control(entity).agreement": columns.of([0.5, None, 0.9], float),
    "control(entity).labels": columns.of([frozenset({"PER"}), None, frozenset()], object),
    "control(mood).score(bad)": columns.of([0.2, None, 0.01], float),
    "control(gone).regions": columns.Column(np.asarray(0), np.asarray(False)),      # the same for all: unknown
    "regions": columns.of([({"label": "PER", "score": 0.9, "negated": True}, {"label": "ORG", "score": 0.5}),
                           (), None], object)}


def true(source: str) -> list[bool]:
    condition, problems = compile_condition(source)
    assert condition is not None, problems
    return list(condition.true(COLUMNS.__getitem__, 3))


@pytest.mark.parametrize(("source", "expected"), [
    ("score > 0.6", [1, 0, 0]),
    ("not score > 0.6", [0, 0, 1]),                     # unknown stays unknown: not true either way
    ("score > 0.6 or answers >= 2", [1, 1, 1]),          # unknown or true is true
    ("not (score > 0.6 and answers > 5)", [1, 1, 1]),    # unknown and false is false
    ("score > 0.6 or answers > 5", [1, 0, 0]),
    ('predicted in ["a", "c"]', [1, 0, 0]),
    ('predicted not in ["a", "c"]', [0, 0, 1]),
    ("label == predicted", [1, 0, 0]),
    ('task.lang != "en"', [0, 0, 0]),                    # a number is no text, an absent field is unknown
    ("task.lang == 3", [0, 1, 0]),
    ("task.urgent", [1, 0, 0]),
    ("0.1 < score <= 0.5", [0, 0, 1]),
    ("answers / 0 > 1", [0, 0, 0]),                      # not a number: unknown
    ('score("spam") * 10 >= answers', [1, 1, 0]),
    ("-answers + 1 < -1", [0, 0, 1]),
    ("true", [1, 1, 1]),
    ("false or\n  answers == 2", [0, 1, 0]),
    ("score >= 90%", [1, 0, 0]),
    ("score >= 89.5 % and .5% < 1%", [1, 0, 0]),
    ("age < 2m", [1, 0, 0]),
    ("age == 2h or age == 60s", [1, 1, 0]),
    ("age > 0.5d", [0, 0, 0]),
    ("task.wait_s < 1m", [1, 0, 0]),                     # beyond all numbers, and none: unknown
    ("not task.wait_s < 1m", [0, 0, 0]),
    ('state == "new" or state in ["asked"]', [1, 0, 1]),
    ('score >= found("a", error=0.5%)', [1, 0, 0]),
    ("score >= found(error=1%, confidence=99%)", [0, 0, 0]),     # not safe: unknown
    ("not score >= found(error=1%, confidence=99%)", [0, 0, 0]),
    ('sample("look", 10%)', [1, 0, 1]),
    ('not sample("look", 10%)', [0, 1, 0]),
    ("known(score)", [1, 0, 1]),
    ("not known(score) and answers == 2", [0, 1, 0]),
    ("known(task.lang) and known(answers > 2)", [1, 1, 0]),
    ('"b" in labels', [1, 0, 0]),
    ('"b" not in labels', [0, 1, 0]),
    ("predicted in labels", [1, 0, 0]),
    ('"urgent" in task.subject', [1, 0, 0]),             # a number holds no text: unknown
    ('"urgent" not in task.subject', [0, 0, 0]),
    ('"urgent" in task.tags', [1, 1, 0]),
    ('"a" in predicted', [1, 0, 0]),
    ('control("entity").agreement < 80%', [1, 0, 0]),
    ('"PER" in control("entity").labels', [1, 0, 0]),
    ('control("mood").score("bad") > 5%', [1, 0, 0]),
    ("count(regions) == 2", [1, 0, 0]),
    ("count(regions) == 0", [0, 1, 0]),
    ("known(regions)", [1, 1, 0]),
    ("any(regions, score < 0.8)", [1, 0, 0]),
    ("all(regions, score < 0.8)", [0, 1, 0]),            # true where there are none
    ('count(regions, label == "PER" and score > 0.8) == 1', [1, 0, 0]),
    ('count(control("gone").regions) >= 0 or answers == 1', [1, 0, 0]),
    ('any(control("gone").regions, true) or answers == 1', [1, 0, 0]),
    ("any(regions, negated)", [1, 0, 0]),                # one says so, whatever is unknown of the other
    ("all(regions, negated)", [0, 1, 0]),
    ("not all(regions, negated)", [0, 0, 0]),            # of one it is unknown
    ("count(regions, negated) == 1", [0, 0, 0]),
    ("count(regions, known(negated) and negated) == 1", [1, 0, 0]),
    ('any(regions, label != task.lang)', [1, 0, 0]),
    ("not any(regions, score < 0.1)", [1, 1, 0]),
])
def test_what_a_condition_means(source: str, expected: list[int]) -> None:
    assert true(source) == [bool(e) for e in expected]


@pytest.mark.parametrize(("source", "offset", "message"), [
    ("scor > 1", 0, "there is no signal `scor`, did you mean score?"),
    ('predicted < "a"', 12, "only numbers have an order"),
    ("score", 0, "a condition that is true or false belongs here, not a number"),
    ("score in score", 9, "after `in` comes a list"),
    ("3 in labels", 5, "a number is looked for in a list of texts"),
    ("age > 5%", 6, "a time is compared with a share"),
    ("answers < 2h", 10, "a count is compared with a time"),
    ("answers >= 200%", 11, "a count is compared with a share"),
    ("age > 2 hours", 6, "times are written 90s, 30m, 2h or 3d"),
    ("age > 2w", 6, "times are written"),
    ('score >= found("ok", error: 0.5%)', 21, "did you mean = instead of error:"),
    ('score >= found("ok")', 9, 'found("spam", error=1%)'),
    ('score >= found("ok", error=2h)', 9, "shares between 0% and 100%"),
    ('score >= found("ok", error=0)', 9, "shares between 0% and 100%"),
    ('state == "doen"', 9, "never 'doen', did you mean done?"),
    ('state in ["doen"]', 9, "never 'doen'"),
    ("sample(10%)", 0, "sample() takes a name of your own and a share"),
    ("any(regions)", 0, "any(regions, COND)"),
    ("any(answers, score > 1)", 0, "any(regions, COND)"),
    ("any(regions, any(regions, true))", 13, "any() says nothing of a region"),
    ("any(regions, score(\"a\") > 1)", 13, "score() says nothing of a region"),
    ("regions == 1", 0, "`regions` stands in"),
    ("count > 1", 0, "count is written count(regions, COND)"),
    ('control("x") == 1', 0, 'control("NAME") come a dot and a signal'),
    ("control(x).score > 1", 0, "control() takes the name of a control in quotes"),
    ('control("x").scor > 1', 0, "there is no signal `scor`"),
    ("lower(accuracy, 95%) > 1", 0, "lower() says nothing of a task"),
    ("known(score, 1)", 0, "known() takes one signal"),
    ("graphic", 0, "a field of the task is written task.graphic"),
    ("score AND answers", 6, "did you mean and instead of AND"),
    ("score > 5j", 8, "`5j` is not a number"),
    ("answers < 1e999", 10, "is not a number"),
    ('"a" in answers', 7, "after `in` comes a list"),
    ("score && answers", 6, "did you mean and instead of &&"),
    ("answers > 2 and len(label) > 1", 16, "there is no function `len`"),
    ("task.a.b == 1", 0, "a dot follows only `task`"),
    ("__import__('os').system('x')", 0, "there is no function"),
    ("answers ** 2 > 1", 0, "only + - * / compute"),
    ("answers > 1 if true else false", 0, "is not part of the language"),
    ("'ü' == label and lable == 'x'", 17, "did you mean label"),
    ("score(spam) > 0.5", 0, "takes one label in quotes"),
    ("-" * 900 + "1 > 0", 0, "nested too deeply"),
    ("answers > 1 or " * 100 + "true", 0, "at most 1000 characters"),
])
def test_what_a_condition_refuses(source: str, offset: int, message: str) -> None:
    condition, problems = compile_condition(source)
    assert condition is None
    assert problems[0].offset == offset
    assert message in problems[0].message


def test_every_mistake_of_a_condition_is_told() -> None:
    _, problems = compile_condition('scor >= 1 and foo(2) or lable == 3')
    assert [p.offset for p in problems] == [0, 14, 24]


def test_a_condition_is_evaluated_on_whole_columns() -> None:
    size = 200_000
    condition, _ = compile_condition('score >= 0.5 and answers < 3 or predicted in ["a"]')
    assert condition is not None
    random = np.random.default_rng(0)
    column = {"score": columns.Column(random.random(size), random.random(size) < 0.9),
              "answers": columns.Column(random.integers(0, 6, size).astype(float), np.ones(size, bool)),
              "predicted": columns.of(["a", "b"] * (size // 2), object)}
    expected = ((column["score"].values >= 0.5) & column["score"].known & (column["answers"].values < 3)) \
        | (column["predicted"].values == "a")
    assert np.array_equal(condition.true(column.__getitem__, size), expected)


@pytest.mark.parametrize(("source", "expected"), [
    ("lower(gold_accuracy, 95%) < 0.7", ["lower(gold_accuracy,0.95)"]),
    ("upper(accuracy) < 0.7", ["upper(accuracy,0.95)"]),
    ("drifting or guessing and answers > 20", ["answers", "drifting", "guessing"])])
def test_what_is_said_of_people(source: str, expected: list[str]) -> None:
    condition, problems = compile_condition(source, ANNOTATOR)
    assert condition is not None, problems
    assert sorted(condition.names) == expected


@pytest.mark.parametrize(("source", "message"), [
    ("task.lang == 1", "a dot has no place in a condition about people"), ("score > 1", "there is no signal `score`"),
    ("any(regions, true)", "any() says nothing of a person"), ("lower(answers) > 1", "where X is one of accuracy"),
    ("lower(accuracy, 2h) > 1", "where X is one of accuracy"), ("skips > 3s", "a share is compared with a time")])
def test_what_cannot_be_said_of_people(source: str, message: str) -> None:
    condition, problems = compile_condition(source, ANNOTATOR)
    assert condition is None
    assert message in problems[0].message


def test_a_condition_tells_what_labels_and_controls_it_speaks_of() -> None:
    condition, _ = compile_condition(
        'score("a") > 1% or predicted == "b" or label in ["c"] or "d" in labels or score > found("e", error=1%) '
        'or any(regions, label == "f") or control("x").label == "g" or task.lang == "h"')
    assert condition is not None
    assert condition.labels == set("abcdefg")
    assert condition.controls == {"x"}
    assert "regions" in condition.names


def test_an_expression_for_a_number_gives_values() -> None:
    expression, _ = compile_number("task.wait_s * 0.1 + 1")
    assert expression is not None
    column = expression.values(COLUMNS.__getitem__, 3)
    assert column.values[0] == 4
    assert list(column.known) == [True, False, False]
    assert list(compile_number("2.5")[0].values(COLUMNS.__getitem__, 3).values) == [2.5] * 3
    assert compile_number("score > 1") == (None, [Problem(0, "a number belongs here, not a truth")])


def test_two_conditions_together() -> None:
    left, right = compile_condition("answers > 1")[0], compile_condition("score > 0.1")[0]
    both = left.together(right)
    assert list(both.true(COLUMNS.__getitem__, 3)) == [False, False, True]
    assert compile_condition(both.source)[0].names == both.names == {"answers", "score"}


regions = st.none() | st.lists(st.fixed_dictionaries({}, optional={
    "score": st.floats(0, 1), "label": st.sampled_from("ab"), "size": st.integers(0, 3) | st.text(max_size=1)}),
    max_size=4).map(tuple)


@settings(max_examples=50, deadline=None)
@given(st.lists(regions, min_size=1, max_size=6), st.floats(0, 1))
def test_any_all_and_count_agree_with_a_plain_loop(tasks: list[Any], least: float) -> None:
    column = columns.of(tasks, object)
    conditions = {name: compile_condition(f"{name}(regions, score >= {least}) {rest}")[0]
                  for name, rest in (("any", ""), ("all", ""), ("count", ">= 1"))}
    for name, condition in conditions.items():
        got = condition.true(lambda _: column, len(tasks))
        for at, task in enumerate(tasks):
            held = [None if r.get("score") is None else r["score"] >= least for r in task or ()]
            expected = task is not None and {
                "any": True in held, "all": all(held), "count": None not in held and True in held}[name]
            assert bool(got[at]) == expected
