"""What holds for answers of every shape: who counts where, what reports look like, and that order changes nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from cueloop.types import Control
from sync import kinds
from sync.observations import Observations, observe
from sync.outcome import Outcome
from tests.sync.regions.marks import BOXES, POLYGONS, SEGMENTS, SPANS, box, line, polygon
from tests.sync.values.crowds import MULTI, NUMBER, ORDERED, RATING, SPREAD, TAXONOMY, TEXT

MOOD = Control("mood", "text", "Choices", ("good", "bad", "none"), None, modelled=True, kind="choice")

VALUES: dict[str, tuple[Control, tuple[Any, Any, Any]]] = {
    "choice": (MOOD, ("good", "bad", "none")),
    "distribution": (SPREAD, ("a", "b", "c")),
    "ordered": (ORDERED, ("low", "mid", "high")),
    "rating": (RATING, (1, 2, 5)),
    "number": (NUMBER, (1.5, 2.0, 9.0)),
    "multi": (MULTI, (["a"], ["a", "b"], ["c"])),
    "taxonomy": (TAXONOMY, ([["x", "y"]], [["x", "z"]], [["u"]])),
    "text": (TEXT, (["a red car"], ["a red cart"], ["nothing at all"])),
    "spans": (SPANS, ([line(0, 5)], [line(0, 6)], [line(20, 30, "LOC")])),
    "segments": (SEGMENTS, ([line(0, 5, "nod")], [line(0, 6, "nod")], [])),
    "boxes": (BOXES, ([box(0, 0, 9, 9)], [box(0, 0, 9, 8)], [box(50, 50, 9, 9, "dog")])),
    "polygons": (POLYGONS, ([polygon((0, 0), (9, 0), (9, 9))], [polygon((0, 0), (9, 0), (9, 8))], [])),
}
"""Control, a value, one near to it and one far from it."""

ALL = pytest.mark.parametrize("name", VALUES)

AGREEMENT = {"metric", "level", "value", "low", "high", "tasks", "answers", "reason", "coefficients", "by_label",
             "by_pair", "by_guideline", "over_time", "warnings"}


def crowd(tasks: int = 24, per_task: int = 3, seed: int = 0) -> list[tuple[str, str, int]]:
    """(task, annotator, which value) of five people, right in four answers of five."""
    rng = np.random.default_rng(seed)
    return [(f"t{task}", f"p{who}", int(task % 3) if rng.random() < 0.8 else int(rng.integers(3)))
            for task in range(tasks) for who in rng.permutation(5)[:per_task]]


def seen(name: str, answers: list[tuple[str, str, int]], **columns: Any) -> Observations:
    control, values = VALUES[name]
    task, annotator, which = zip(*answers, strict=True)
    given = [values[at] for at in which]
    if all(isinstance(one, str) for one in values):
        return observe(task, annotator, given, labels=control.labels, **columns)
    return observe(task, annotator, [kinds.text(control.kind, one) for one in given], value=given, **columns)


def judged(name: str, answers: list[tuple[str, str, int]], **columns: Any) -> Outcome:
    return kinds.judge(VALUES[name][0], seen(name, answers, **columns))


def report(name: str, answers: list[tuple[str, str, int]], **columns: Any) -> dict[str, Any]:
    observed = seen(name, answers, **columns)
    control = VALUES[name][0]
    return kinds.agreement(control, observed, kinds.judge(control, observed))


def consensus(found: Outcome) -> dict[Any, Any]:
    return {row.task: (row.label, row.value, row.probability) for row in found.consensus}


@ALL
def test_a_persons_ground_truth_is_still_their_answer_where_agreement_is_measured(name: str) -> None:
    # given a crowd, and the same crowd in which somebody declared one answer of every other task to be the truth
    answers = crowd()
    first = {task: at for at, (task, _, _) in reversed(list(enumerate(answers)))}
    starred = {at for at in first.values() if at % 2}
    # when agreement is measured, then settling disputes by a star changes nothing
    plain, declared = report(name, answers), report(name, answers, truth=[at in starred for at in range(len(answers))])
    assert declared["coefficients"] == plain["coefficients"]
    assert declared["by_pair"] == plain["by_pair"]


@ALL
def test_a_ground_truth_pins_its_task_and_says_nothing_of_who_gave_it(name: str) -> None:
    # given a task on which three agree, and somebody's ground truth that says otherwise, the only thing they ever said
    answers = [*crowd(), *(("gold", f"p{who}", 0) for who in range(3)), ("gold", "expert", 2)]
    found = judged(name, answers, truth=[who == "expert" for _, who, _ in answers])
    expert = next(one for one in found.annotators if one.annotator == "expert")
    assert expert.answers == 1
    assert expert.high - expert.low > 0.5
    if name != "distribution":  # which has no single truth
        row = next(row for row in found.consensus if row.task == "gold")
        assert (row.method, row.probability, row.wrong) == ("ground-truth", 1.0, 0.0)


@ALL
def test_a_review_votes_but_is_no_agreement_and_says_nothing_of_the_reviewer(name: str) -> None:
    answers = crowd()
    reviews = [(f"t{task}", "reviewer", task % 3) for task in range(24)]
    marks = [False] * len(answers) + [True] * len(reviews)
    found, alone = judged(name, answers + reviews, review=marks), judged(name, answers)
    reviewer = next(one for one in found.annotators if one.annotator == "reviewer")
    assert reviewer.high - reviewer.low > 0.5
    measured = kinds.agreement(found.control, seen(name, answers + reviews, review=marks), found)
    assert measured["coefficients"] == report(name, answers)["coefficients"]
    assert consensus(found) != consensus(alone)


@ALL
def test_who_is_alone_with_every_task_vouches_for_nothing(name: str) -> None:
    # given tasks with one answer each
    found = judged(name, crowd(60, 1))
    # then nobody is judged, no consensus is taken for sure, and that is said
    assert all(one.high - one.low > 0.9 for one in found.annotators)
    assert np.mean([row.probability for row in found.consensus]) < 0.95
    assert any("nobody can be judged" in warning for warning in found.warnings)


@pytest.mark.parametrize("name", ["choice", "ordered", "rating", "multi", "taxonomy", "spans"])
def test_answers_that_stand_alone_do_not_make_a_poor_crowd_look_good(name: str) -> None:
    # given people who are right every other time where they can be compared, and many tasks with one answer each
    rng = np.random.default_rng(1)
    shared = [(f"s{task}", f"p{who}", task % 3 if rng.random() < 0.5 else int(rng.integers(3)))
              for task in range(30) for who in range(4)]
    alone = [(f"a{task}", f"p{task % 4}", int(rng.integers(3))) for task in range(600)]
    sure = {row.task: row.probability for row in judged(name, shared + alone).consensus}
    # then a single answer is believed no more than what several people said of a task
    assert (np.mean([sure[f"a{task}"] for task in range(600)])
            < np.mean([sure[f"s{task}"] for task in range(30)]) + 0.01)


@ALL
def test_reports_of_all_shapes_look_the_same_and_are_json(name: str) -> None:
    for answers in (crowd(), crowd(1, 1), [("t", "p", 0), ("t", "q", 1)]):
        found, measured = judged(name, answers), report(name, answers)
        assert measured.keys() >= AGREEMENT
        for row in measured["coefficients"]:
            assert row.keys() >= {"metric", "value", "low", "high", "tasks", "answers", "reason"}
            assert row["value"] is not None or row["reason"]
        json.dumps([[asdict(row) for row in found.consensus], [asdict(one) for one in found.annotators], measured],
                   allow_nan=False)
        for row in found.consensus:
            assert 0 <= row.probability <= 1
        for one in found.annotators:
            assert 0 <= one.low <= one.accuracy <= one.high <= 1


@ALL
def test_it_does_not_matter_in_which_order_or_in_how_many_batches_answers_came(name: str) -> None:
    # given one stream of answers as it came, and with its batches in another order
    answers = crowd()
    rng = np.random.default_rng(5)
    batches = [answers[start:start + 7] for start in range(0, len(answers), 7)]
    moved = [answer for at in rng.permutation(len(batches)) for answer in batches[at]]
    one, other = judged(name, answers), judged(name, moved)
    # then every task has the same consensus and everybody the same accuracy
    assert {task: told[:2] for task, told in consensus(other).items()} == {
        task: told[:2] for task, told in consensus(one).items()}
    assert {task: told[2] for task, told in consensus(other).items()} == pytest.approx(
        {task: told[2] for task, told in consensus(one).items()}, abs=2e-6)
    accuracy = {row.annotator: row.accuracy for row in one.annotators}
    assert {row.annotator: row.accuracy for row in other.annotators} == pytest.approx(accuracy, abs=1e-6)
    assert other.agreement["value"] == pytest.approx(one.agreement["value"], abs=1e-6)


@pytest.mark.parametrize("name", [name for name in VALUES if name not in ("choice", "distribution")])
def test_people_may_have_any_names(name: str) -> None:
    # given the same people under names that sort the other way round
    answers = crowd()
    renamed = [(task, f"q{9 - int(who[1:])}", which) for task, who, which in answers]
    one, other = judged(name, answers), judged(name, renamed)
    # then each keeps their accuracy
    accuracy = {f"q{9 - int(row.annotator[1:])}": row.accuracy for row in one.annotators}
    assert {row.annotator: row.accuracy for row in other.annotators} == pytest.approx(accuracy, abs=0.02)


@ALL
def test_what_is_told_of_somebody_does_not_grow_with_the_crowd(name: str) -> None:
    # given a crowd of five, and one of fifty who gave ten times the answers
    one = crowd()
    few = judged(name, one)
    many = judged(name, [(f"{part}{task}", f"{part}{who}", which) for part in range(10) for task, who, which in one])
    size = [max(len(json.dumps(one.details)) for one in found.annotators) for found in (few, many)]
    assert size[1] < 1.5 * size[0] + 200


OTHER_NAMES = {"a": "9", "b": "8", "c": "7", "d": "6", "x": "5", "y": "4", "z": "3", "u": "2", "PER": "LOC",
               "LOC": "PER", "cat": "dog", "dog": "cat", "nod": "shake", "shake": "nod", "good": "none", "none": "good"}
"""Names whose alphabetical order is another one."""


def renamed(value: Any) -> Any:
    """The same value with other names of labels."""
    if isinstance(value, str):
        return OTHER_NAMES.get(value, value)
    if isinstance(value, dict):
        return {OTHER_NAMES.get(key, key): renamed(one) for key, one in value.items() if key not in ("x", "y")} | {
            key: one for key, one in value.items() if key in ("x", "y")}  # a box's corner
    return [renamed(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", ["choice", "distribution", "multi", "taxonomy", "spans", "segments", "boxes",
                                  "polygons"])
def test_names_of_labels_mean_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # given the same answers with other names for the labels
    control, values = VALUES[name]
    one = judged(name, crowd(per_task=4))
    labels = tuple(renamed(list(control.labels)))
    monkeypatch.setitem(VALUES, name, (replace(control, labels=labels), tuple(renamed(list(values)))))
    other = judged(name, crowd(per_task=4))
    # then the consensus has the other names, everybody is as good as before, and agreement is the same
    plain = {row.task: kept(renamed(row.value) if row.value else renamed(row.label)) for row in one.consensus}
    assert {row.task: kept(row.value or row.label) for row in other.consensus} == plain
    for before, after in zip(one.annotators, other.annotators, strict=True):
        drawn = name in ("multi", "taxonomy")  # true sets are sampled, by the order of labels
        assert after.accuracy == pytest.approx(before.accuracy, abs=0.01 if drawn else 1e-5)
    assert other.agreement["value"] == pytest.approx(one.agreement["value"], abs=1e-6)


def kept(value: Any) -> Any:
    """What a consensus says, in an order of its own, without what depends on order in the last digit."""
    if isinstance(value, dict):  # a distribution
        return {label: round(told["share"], 5) for label, told in value["distribution"].items()}
    if isinstance(value, list):
        return sorted(json.dumps({key: one[key] for key in one if key != "probability"}
                                 if isinstance(one, dict) else one, sort_keys=True) for one in value)
    return value
