"""Several labels: the consensus is a set, better than the majority of each label, and annotators are known by it."""

from __future__ import annotations

import numpy as np
import pytest

from cueloop.types import Control
from sync.values import judge
from tests.sync.values import crowds
from tests.sync.values.crowds import MULTI, Answer, judged, told

LABELS = tuple(f"l{at}" for at in range(8))
MANY = Control("topics", "text", "Choices", LABELS, None, choice="multiple", kind="multi")


def crowd(per_task: int, seed: int, tasks: int = 600) -> tuple[list[Answer], list[set[str]], dict[str, float]]:
    """Annotators who miss and add labels at rates of their own; truths; each one's mean Jaccard similarity to them."""
    rng = np.random.default_rng(seed)
    share = np.array([0.5, 0.4, 0.3, 0.2, 0.1, 0.06, 0.04, 0.02])
    truth = rng.random((tasks, 8)) < share
    truth[~truth.any(1), 0] = True
    task, annotator = crowds.pairs(tasks, 20, per_task, rng)
    finds, adds = rng.beta(8, 2, 20), rng.beta(2, 8, 20) * 0.5
    noise = rng.random((len(task), 8))
    given = noise < np.where(truth[task], finds[annotator, None], adds[annotator, None] * share / share.mean())
    given[~given.any(1), 0] = True
    both, either = (given & truth[task]).sum(1), (given | truth[task]).sum(1)
    like = {f"w{who}": float((both / either)[annotator == who].mean()) for who in range(20)}
    answers = [(int(t), f"w{who}", [LABELS[at] for at in np.flatnonzero(one)])
               for t, who, one in zip(task, annotator, given, strict=True)]
    return answers, [{LABELS[at] for at in np.flatnonzero(one)} for one in truth], like


@pytest.mark.parametrize("per_task", [3, 5])
def test_sets_are_found_better_than_by_majority(per_task: int) -> None:
    # given a crowd, and the majority of each label
    answers, truth, _ = crowd(per_task, seed=0)
    votes: dict[int, dict[str, int]] = {}
    for task, _, labels in answers:
        for label in labels:
            counts = votes.setdefault(task, {})
            counts[label] = counts.get(label, 0) + 1
    majority = [{label for label, count in votes[task].items() if count > per_task / 2} for task in range(len(truth))]
    found = judged(MANY, answers)
    right = np.array([set(row.value) == truth[row.task] for row in found.consensus])
    # then the sets are nearer to the truth, as many are wholly right, and the probability says how many
    gain = _nearness([set(row.value) for row in found.consensus], truth) - _nearness(majority, truth)
    assert gain > (0.01 if per_task > 3 else 0)
    assert right.mean() >= np.mean([one == two for one, two in zip(majority, truth, strict=True)])
    assert np.mean([row.probability for row in found.consensus]) == pytest.approx(right.mean(), abs=0.12)


def _nearness(sets: list[set[str]], truth: list[set[str]]) -> float:
    return float(np.mean([len(one & two) / len(one | two) for one, two in zip(sets, truth, strict=True)]))


def test_accuracy_of_annotators_is_covered() -> None:
    covered, apart = [], []
    for seed in range(3):
        answers, _, like = crowd(5, seed)
        people = judged(MANY, answers).annotators
        covered += [one.low <= like[str(one.annotator)] <= one.high for one in people]
        apart += [one.accuracy - like[str(one.annotator)] for one in people]
    assert np.mean(covered) > 0.85
    assert abs(np.mean(apart)) < 0.06


def test_the_empty_set_is_taken_only_where_somebody_said_it() -> None:
    # given three people with three different labels, and a task where most found none
    found = told(judged(MULTI, [(1, "x", ["a"]), (1, "y", ["b"]), (1, "z", ["c"]),
                                (2, "x", []), (2, "y", []), (2, "z", ["c"])]))
    assert len(found[1]) == 1
    assert found[2] == []


def test_rare_labels_survive() -> None:
    # given a label that is true of 1 task in 200, and that careful people choose when it is
    rng = np.random.default_rng(0)
    answers = []
    for task in range(400):
        for who in rng.permutation(10)[:3]:
            labels = ["rare"] if task % 200 == 7 else []
            answers.append((task, f"w{who}", [*labels, "a"] if task % 2 else labels))
    found = told(judged(MULTI, answers))
    assert [task for task, value in found.items() if "rare" in value] == [7, 207]


def test_somebody_who_ticks_everything_convinces_nobody() -> None:
    answers = [(task, who, ["a"] if task % 2 else ["b"]) for task in range(40) for who in "xyz"]
    answers += [(task, "all", ["a", "b", "c", "d"]) for task in range(41)]
    found = judged(MULTI, answers)
    assert told(found)[1] == ["a"]
    people = {one.annotator: one for one in found.annotators}
    assert people["all"].accuracy < 0.4 < people["x"].accuracy
    assert people["all"].details["precision"] < 0.3
    assert people["all"].details["recall"] > 0.95
    by_label = {one["label"]: one for one in people["all"].details["by_label"]}
    assert by_label["c"]["precision"] < 0.1


def test_labels_outside_the_config_are_told() -> None:
    found = judged(MULTI, [(1, "x", ["a", "old label"]), (1, "y", ["old label"])])
    assert any("old label" in warning for warning in found.warnings)
    assert "old label" in told(found)[1]


def test_a_hundred_thousand_labels_are_bounded() -> None:
    # given answers that name as many different labels as there are answers, and one task that everybody answered
    rng = np.random.default_rng(0)
    answers: list[Answer] = [(task, int(who), [f"label {rng.integers(100_000)}" for _ in range(4)])
                             for task in range(5000) for who in rng.permutation(50)[:4]]
    answers += [(10**6, who, [f"own {who}", "same"]) for who in range(3000)]
    found = judge(MULTI, crowds.seen(MULTI, answers))
    assert told(found)[10**6] == ["same"]
    assert len(found.consensus) == 5001
