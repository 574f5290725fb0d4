"""Labels without a single truth: distributions with intervals, and people judged by whether they look."""

from __future__ import annotations

import numpy as np
import pytest

from sync.values import judge
from sync.values.dirichlet import STRENGTHS, cells, learn
from tests.sync.values import crowds
from tests.sync.values.crowds import SPREAD, Answer, judged


def camps(share: float, *, per_task: int = 6, seed: int = 0) -> tuple[list[Answer], dict[str, str]]:
    """Half of the tasks are contested: one camp says a, the other b. Five people click at random, two always say a."""
    rng = np.random.default_rng(seed)
    role = {f"w{who:02}": "clicks" if who < 5 else "always" if who < 7 else
            "minority" if who < 7 + round(33 * share) else "majority" for who in range(40)}
    answers = []
    for task in range(400):
        plain = "abcd"[rng.integers(4)]
        contested = task % 2 == 0
        for who in rng.permutation(40)[:per_task]:
            name = f"w{who:02}"
            label = ("b" if role[name] == "minority" else "a") if contested else plain
            if role[name] == "clicks" or rng.random() < 0.05:
                label = "abcd"[rng.integers(4)]
            answers.append((task, name, "a" if role[name] == "always" else label))
    return answers, role


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_an_opinion_is_no_error_and_clicking_is(share: float) -> None:
    # given two camps, equally large or not, random clickers, and people who always give one label
    answers, role = camps(share)
    found = judged(SPREAD, answers)
    by_role: dict[str, list[float]] = {}
    for one in found.annotators:
        by_role.setdefault(role[str(one.annotator)], []).append(one.accuracy)
    # then neither camp is blamed, whatever its size
    assert min(by_role["majority"]) > 0.9
    assert np.mean(by_role["minority"]) > 0.95
    assert min(by_role["minority"]) > 0.7
    # and those who do not look are found out
    assert max(by_role["clicks"]) < 0.4
    assert max(by_role["always"]) < 0.4
    # and no label wins
    assert {row.label for row in found.consensus} == {""}
    told = any("declared to have no single right label" in warning for warning in found.agreement["warnings"])
    assert told == (found.agreement["value"] < 0.4)


def test_somebody_exchangeable_with_the_others_gets_one() -> None:
    # given tasks with distributions of their own, and a crowd that draws its answers from them
    rng = np.random.default_rng(1)
    highs, z, inside = [], [], []
    for _ in range(3):
        truth = rng.dirichlet(np.full(4, 0.7), 300)
        task, annotator = crowds.pairs(300, 20, 6, rng)
        label = ["abcd"[rng.choice(4, p=truth[at])] for at in task]
        found = judged(SPREAD, list(zip(task.tolist(), annotator.tolist(), label, strict=True)))
        highs += [one.high for one in found.annotators]
        z += [one.details["z"] for one in found.annotators]
        for row in found.consensus:
            told = row.value["distribution"]
            inside += [told[k]["low"] <= truth[row.task, at] <= told[k]["high"] for at, k in enumerate("abcd")]
    # then their intervals reach 1, their z is a standard normal's, and 95 % of the shares' intervals hold
    assert np.mean(np.array(highs) > 0.999) > 0.88
    assert 0.8 < np.std(z) < 1.25
    assert np.mean(inside) == pytest.approx(0.95, abs=0.02)


def test_more_answers_make_a_narrower_distribution() -> None:
    rng = np.random.default_rng(0)
    answers = [(size * 100 + task, who, "ab"[rng.integers(2)]) for size in (2, 10, 50) for task in range(30)
               for who in range(size)]
    found = judged(SPREAD, answers)
    widths = {size: np.mean([row.value["width"] for row in found.consensus if row.task // 100 == size])
              for size in (2, 10, 50)}
    assert widths[2] > widths[10] > widths[50]
    for row in found.consensus:
        assert row.probability == pytest.approx(1 - row.value["width"], abs=1e-6)
        assert sum(row.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert 0 <= row.value["entropy"] <= 1


def test_the_strength_of_the_prior_is_learned() -> None:
    # given tasks that all have the crowd's shares, and tasks that have one label each
    rng = np.random.default_rng(0)
    task = np.repeat(np.arange(200), 5)
    alike = learn(cells(task, rng.integers(0, 2, 1000), 200, 2), 2)
    apart = learn(cells(task, np.repeat(rng.integers(0, 2, 200), 5), 200, 2), 2)
    assert alike.strength > 20
    assert apart.strength == STRENGTHS[0]
    # and shares drawn from a Dirichlet of strength 4 are known to be
    share = rng.beta(2, 2, 2000)
    drawn = (rng.random(10_000) < np.repeat(share, 5)).astype(int)
    assert learn(cells(np.repeat(np.arange(2000), 5), drawn, 2000, 2), 2).strength == pytest.approx(4, rel=0.3)


def test_leanings_are_told() -> None:
    answers, _ = camps(0.2)
    lean = next(one for one in judged(SPREAD, answers).annotators if one.annotator == "w05").details["leaning"]
    assert lean["a"]["given"] > 1.3 * lean["a"]["expected"]
    assert lean["b"]["given"] == 0


def test_many_labels_are_bounded() -> None:
    rng = np.random.default_rng(0)
    answers = [(task, int(who), f"label {rng.integers(50_000)}") for task in range(4000) for who in
               rng.permutation(30)[:4]]
    found = judge(SPREAD, crowds.seen(SPREAD, answers))
    assert max(len(row.probabilities) for row in found.consensus) <= 4
    assert all(len(one.details["crowd"]["shares"]) <= 64 for one in found.annotators)
