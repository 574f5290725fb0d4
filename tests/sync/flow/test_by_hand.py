"""Uniform overlap: how accurate a majority is, and how many answers it takes."""

import numpy as np
import pytest

from sync.flow.by_hand import answers_needed, majority_accuracy


def coin(accuracy, labels=2):
    wrong = (1 - accuracy) / (labels - 1)
    return np.full((labels, labels), wrong) + np.eye(labels) * (accuracy - wrong)


@pytest.mark.parametrize(("answers", "right"), [
    (1, 0.8), (2, 0.8), (3, 0.8 ** 3 + 3 * 0.8 ** 2 * 0.2), (5, 0.94208)])
def test_a_majority_of_coins_is_condorcets(answers, right):
    # the jury theorem's sum (Condorcet 1785); two answers tie half of the time they differ
    assert majority_accuracy(coin(0.8), np.array([0.5, 0.5]), answers) == pytest.approx(right)


def test_three_answers_over_three_labels_worked_by_hand():
    # right with .6, wrong with .2 each: 3 right .216; 2 right 3 * .36 * .4 = .432; 1 right and the others differ
    # 6 * .6 * .2 * .2 = .144, a tie of three
    assert majority_accuracy(coin(0.6, 3), np.ones(3), 3) == pytest.approx(0.216 + 0.432 + 0.144 / 3)


def test_enumeration_and_simulation_agree(monkeypatch):
    exact = majority_accuracy(coin(0.7, 4), np.array([0.4, 0.3, 0.2, 0.1]), 5)
    monkeypatch.setattr("sync.flow.by_hand.EXACT", 0)
    assert majority_accuracy(coin(0.7, 4), np.array([0.4, 0.3, 0.2, 0.1]), 5) == pytest.approx(exact, abs=0.02)


def test_the_fewest_answers_that_reach_an_accuracy():
    assert answers_needed(coin(0.8), np.ones(2), 0.8)[0] == 1
    assert answers_needed(coin(0.8), np.ones(2), 0.9)[0] == 5


def test_what_no_overlap_reaches_says_how_far_it_comes():
    # given a crowd that mistakes every second b for an a
    number, best = answers_needed(np.array([[1.0, 0.0], [0.5, 0.5]]), np.ones(2), 0.99)
    assert number == 0
    assert 0.7 < best < 0.99


def test_the_names_of_labels_change_nothing():
    confusion, prior = np.array([[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]]), np.array([0.5, 0.3, 0.2])
    order = [2, 0, 1]
    assert majority_accuracy(confusion[np.ix_(order, order)], prior[order], 4) == pytest.approx(
        majority_accuracy(confusion, prior, 4))


def test_one_label_is_always_right():
    assert majority_accuracy(np.ones((1, 1)), np.ones(1), 3) == 1.0
