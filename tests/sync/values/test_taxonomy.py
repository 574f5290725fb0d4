"""Paths: the consensus goes as deep as the answers carry it, and part of a path is part of a right answer."""

from __future__ import annotations

import numpy as np
import pytest

from sync.values.taxonomy import _deepest, _monotone
from tests.sync.values.crowds import TAXONOMY, judged, told

DOG, CAT, OAK = ["animal", "mammal", "dog"], ["animal", "mammal", "cat"], ["plant", "tree", "oak"]


def test_where_leaves_differ_their_parent_stands() -> None:
    # given a crowd that agrees, and tasks on which it agrees on no leaf, or on none at all
    rng = np.random.default_rng(0)
    answers = [(task, f"w{who}", [DOG if task % 2 else OAK]) for task in range(40) for who in rng.permutation(8)[:4]]
    answers += [(task, f"w{who}", [path]) for task in range(100, 112)
                for who, path in zip(rng.permutation(8), [DOG, CAT, ["animal", "mammal", "cow"]], strict=False)]
    answers += [(200, f"w{who}", [["animal", "mammal"] if who else DOG]) for who in range(4)]
    found = judged(TAXONOMY, answers)
    assert told(found)[1] == [DOG]
    shallow = [told(found)[task] == [["animal", "mammal"]] for task in range(100, 112)]
    assert np.mean(shallow) > 0.8
    assert told(found)[200] == [["animal", "mammal"]]
    # and no child is likelier than its parent
    row = next(row for row in found.consensus if row.task == 99 + np.argmax(shallow) + 1)
    assert row.label == "animal / mammal"
    for node, chance in row.probabilities.items():
        parent = node.rpartition(" / ")[0]
        assert not parent or chance <= row.probabilities[parent]
    # and agreement falls with the level
    levels = [one["value"] for one in found.agreement["by_label"]]
    assert levels[0] > levels[2]


def test_part_of_a_path_is_part_of_a_right_answer() -> None:
    # given somebody who always gets the first two of three levels right, and the last wrong
    answers = [(task, who, [DOG if task % 2 else OAK]) for task in range(30) for who in ("a", "b", "c")]
    answers += [(task, "near", [CAT if task % 2 else ["plant", "tree", "elm"]]) for task in range(30)]
    answers += [(task, "far", [OAK if task % 2 else DOG]) for task in range(30)]
    people = {one.annotator: one for one in judged(TAXONOMY, answers).annotators}
    assert people["a"].accuracy > 0.93
    assert people["near"].accuracy == pytest.approx(2 / 3, abs=0.06)
    assert people["far"].accuracy < 0.15


def test_several_paths_can_be_true() -> None:
    answers = [(1, who, [DOG, OAK]) for who in "abc"] + [(1, "d", [DOG])] + [(2, who, [CAT]) for who in "abcd"]
    assert told(judged(TAXONOMY, answers))[1] == [DOG, OAK]


def test_without_a_likely_node_the_likeliest_top_stands() -> None:
    assert _deepest({("b",): 0.3, ("a",): 0.3, ("a", "x"): 0.3}) == [("a",)]
    assert _monotone({("a",): 0.6, ("a", "x"): 0.7, ("a", "x", "y"): 0.65}) == {
        ("a",): 0.6, ("a", "x"): 0.6, ("a", "x", "y"): 0.6}


def test_leaves_are_recovered_from_a_noisy_crowd() -> None:
    # given 27 leaves and annotators who lose their way at some level
    rng = np.random.default_rng(1)
    leaves = [[f"a{i}", f"b{i}{j}", f"c{i}{j}{k}"] for i in range(3) for j in range(3) for k in range(3)]
    skill = rng.uniform(0.6, 0.95, 15)
    answers, truth = [], []
    for task in range(300):
        right = leaves[rng.integers(27)]
        truth.append(right)
        for who in rng.permutation(15)[:5]:
            lost = next((level for level in range(3) if rng.random() > skill[who]), 3)
            others = [leaf for leaf in leaves
                      if leaf[:lost] == right[:lost] and (lost == 3 or leaf[lost] != right[lost])]
            answers.append((task, f"w{who}", [others[rng.integers(len(others))]]))
    found = judged(TAXONOMY, answers)
    assert np.mean([row.value == [truth[row.task]] for row in found.consensus]) > 0.6
    prefix = [truth[row.task][:len(row.value[0])] == row.value[0] for row in found.consensus]
    assert np.mean(prefix) > 0.88
    # and the probability promises no more than that (people who err by themselves make it too careful)
    assert np.mean(prefix) - 0.25 < np.mean([row.probability for row in found.consensus]) < np.mean(prefix) + 0.03
