"""Conditions: what they mean, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from routing import columns
from routing.conditions import compile_condition

COLUMNS = {
    "score": columns.of([0.9, None, 0.5], float), "answers": columns.of([1, 2, 3], float),
    "predicted": columns.of(["a", None, "b"], object), "label": columns.of(["a", "b", "c"], object),
    "task.lang": columns.of(["en", 3, None], object), "task.urgent": columns.of([True, "yes", None], object),
    "score(spam)": columns.of([0.1, 0.2, None], float)}


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
])
def test_what_a_condition_means(source: str, expected: list[int]) -> None:
    assert true(source) == [bool(e) for e in expected]


@pytest.mark.parametrize(("source", "offset", "message"), [
    ("scor > 1", 0, "there is no signal `scor`, did you mean score?"),
    ('predicted < "a"', 12, "only numbers have an order"),
    ("score", 0, "a condition that is true or false belongs here, not a number"),
    ("score in score", 9, "after `in` comes a list"),
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
