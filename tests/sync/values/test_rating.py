"""Levels in order: near misses are near, strict people are known as strict, and the consensus is better for it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from sync.values import judge, ordinal
from tests.sync.values import crowds
from tests.sync.values.crowds import ORDERED, RATING, Numbers, judged, levels, told

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "text"


def median(some: Numbers) -> np.ndarray:
    """The plain median of each task's answers, the lower of two."""
    per_task = len(some.given) // len(some.truth)
    return np.sort(some.given.reshape(-1, per_task), axis=1)[:, (per_task - 1) // 2]


@pytest.mark.parametrize(("bias", "count", "per_task", "gain"), [
    (0.0, 5, 5, -0.01), (0.8, 5, 5, 0.05), (1.2, 5, 3, 0.05), (0.0, 5, 2, -0.01), (3.0, 25, 5, 0.15)])
def test_consensus_is_never_worse_than_the_median_and_better_where_people_lean(bias: float, count: int, per_task: int,
                                                                              gain: float) -> None:
    # given three crowds, with and without biases
    ours, plain = [], []
    for seed in range(3):
        some = levels(count=count, bias=bias, per_task=per_task, seed=seed)
        found = ordinal.fit(some.task, some.annotator, (some.given - 1).astype(int), tasks=400, annotators=25,
                            levels=count)
        ours.append(np.abs(ordinal.medians(found.posterior) + 1 - some.truth).mean())
        plain.append(np.abs(median(some) - some.truth).mean())
    # then the consensus is nearer to the truth by the gain, in shares of the median's distance
    assert np.mean(ours) < np.mean(plain) * (1 - gain)


def test_people_are_known_by_bias_accuracy_and_near_misses() -> None:
    some = levels(bias=0.8, per_task=6, seed=4)
    found = judged(RATING, some.answers)
    people = {int(str(one.annotator)): one for one in found.annotators}
    right = some.given == some.truth[some.task]
    near = np.abs(some.given - some.truth[some.task]) <= 1
    # what all err by together cannot be told from the truth: biases are relative to the crowd's
    together = np.mean([row.value["mean"] - some.truth[row.task] for row in found.consensus])
    apart = some.given - some.truth[some.task] - together
    covered: dict[str, list[bool]] = {"accuracy": [], "within_one": [], "bias": []}
    for who, one in people.items():
        mine, told_of = some.annotator == who, one.details
        covered["accuracy"].append(one.low <= right[mine].mean() <= one.high)
        covered["within_one"].append(told_of["within_one_low"] <= near[mine].mean() <= told_of["within_one_high"])
        covered["bias"].append(told_of["bias_low"] <= apart[mine].mean() <= told_of["bias_high"])
    assert np.mean(covered["accuracy"]) >= 0.85
    assert np.mean(covered["bias"]) >= 0.9
    assert np.mean(covered["within_one"]) >= 0.7
    measured = [people[who].details["bias"] for who in range(25)]
    assert np.corrcoef(measured, [apart[some.annotator == who].mean() for who in range(25)])[0, 1] > 0.9
    # and the interval of the levels holds
    inside = [row.value["low"] <= some.truth[row.task] <= row.value["high"] for row in found.consensus]
    assert np.mean(inside) > 0.93
    assert found.agreement["level"] == "ordinal"


def test_labels_in_order_are_levels() -> None:
    # given a crowd that grades low, mid and high, and one label that the config no longer has
    answers = [(task, who, ("low", "mid", "high")[task % 3]) for task in range(30) for who in "wxyz"]
    answers += [(0, "strict", "mid"), (30, "w", "gone"), (31, "w", "gone"), (31, "x", "mid")]
    found = judged(ORDERED, answers)
    rows = {row.task: row for row in found.consensus}
    # then the label stands beside the level, and an unknown label is no level
    assert (rows[2].label, rows[2].value["value"]) == ("high", 3.0)
    assert list(rows[2].probabilities) == ["low", "mid", "high"]
    assert 30 not in rows
    assert rows[31].label == "mid"
    assert found.annotators[0].labels == ("low", "mid", "high")
    assert len(found.annotators[0].confusion) == 3
    assert any("2 answer(s)" in warning for warning in found.warnings)


def test_a_scale_that_nobody_named_is_what_was_used_and_ratings_beyond_a_scale_are_no_answers() -> None:
    from dataclasses import replace

    bare = replace(RATING, scale=None)
    assert told(judged(bare, [(1, "x", 3), (1, "y", 3), (2, "x", 7)]))[2]["value"] == 7
    found = judged(RATING, [(1, "x", 3), (2, "x", 7)])
    assert list(told(found)) == [1]
    assert found.warnings


def test_a_scale_too_fine_for_confusions_is_judged_as_numbers() -> None:
    from dataclasses import replace

    percent = replace(RATING, scale=(1.0, 100.0))
    rng = np.random.default_rng(0)
    answers = [(task, int(who), int(np.clip(task + rng.normal(0, 3), 1, 100))) for task in range(1, 100)
               for who in rng.permutation(12)[:4]]
    found = judge(percent, crowds.seen(RATING, answers))
    assert any("judged as numbers" in warning for warning in found.warnings)
    assert np.mean([abs(row.value["value"] - row.task) for row in found.consensus]) < 2.5
    assert all(float(row.value["value"]).is_integer() for row in found.consensus)


def recorded(name: str, column: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Task and annotator as indices and the given label of a recorded crowd; skips where it is absent."""
    path = SHARED / name / "annotations.csv"
    if not path.exists():
        pytest.skip(f"the recorded answers are not at {path}")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    tasks = {key: at for at, key in enumerate(dict.fromkeys(row["item_id"] for row in rows))}
    people = {key: at for at, key in enumerate(dict.fromkeys(row["annotator"] for row in rows))}
    return (np.array([tasks[row["item_id"]] for row in rows]), np.array([people[row["annotator"]] for row in rows]),
            [row[column] for row in rows])


@pytest.mark.parametrize(("name", "column", "order"), [
    ("convabuse_crowd", "label", ["not_abusive", "ambiguous", "mild", "strong", "very_strong"]),
    ("politeness_crowd", "score", [str(level) for level in range(1, 26)])])
def test_real_answers_that_were_held_out_are_nearer_to_the_consensus_than_to_the_median(name: str, column: str,
                                                                                        order: list[str]) -> None:
    # given a real crowd, one answer of each task with three or more held out
    task, annotator, label = recorded(name, column)
    level = np.array([order.index(one.removesuffix(".0")) for one in label])
    shuffled = np.random.default_rng(0).permutation(len(task))
    first = shuffled[np.unique(task[shuffled], return_index=True)[1]]
    out = np.zeros(len(task), bool)
    out[first[np.bincount(task)[task[first]] >= 3]] = True
    tasks, people = int(task.max()) + 1, int(annotator.max()) + 1
    found = ordinal.fit(task[~out], annotator[~out], level[~out], tasks=tasks, annotators=people, levels=len(order))
    votes = np.zeros((tasks, len(order)))
    np.add.at(votes, (task[~out], level[~out]), 1)
    plain = ordinal.medians(votes / np.maximum(votes.sum(1, keepdims=True), 1))
    # then they are nearer to the consensus, and nearer still to what is expected of the very annotator
    own = np.einsum("nk,nkl->nl", found.posterior[task[out]], found.confusion[annotator[out]])
    distance = [np.abs(guess - level[out]).mean() for guess in
                (ordinal.medians(own), ordinal.medians(found.posterior)[task[out]], plain[task[out]])]
    assert distance[0] < 0.95 * distance[1]
    assert distance[1] < distance[2]
