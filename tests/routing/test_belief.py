"""Belief in which nobody vouches for themself."""

from __future__ import annotations

import numpy as np
import pytest

from routing.choosing.belief import pair_information, unvouched
from routing.choosing.expertise import information
from sync.consensus import ANNOTATOR_WEIGHT, Weights, fit, shrunk
from tests.routing.replay.crowds import mixed


def fitted(many: int = 400):
    """Some answers, what a fit to them says, and which tasks have any."""
    recorded, _ = mixed()
    at = np.random.default_rng(1).permutation(len(recorded))[:many]
    task, annotator, label = recorded.task[at], recorded.annotator[at], recorded.label[at]
    found = fit(task, annotator, label, **recorded.sizes, asked_again=True)
    counts = np.zeros_like(found.counts)
    np.add.at(counts.transpose(0, 2, 1), (annotator, label), found.likelihood[task])
    confusion, _ = shrunk(counts, Weights())
    return (task, annotator, label), {"posterior": found.likelihood, "counts": counts, "confusion": confusion,
                                      "prior": found.prior}


def test_it_is_what_the_others_answers_say_of_each_giver():
    answers, known = fitted()
    task, annotator, label = answers
    found = unvouched(*answers, **known)
    # when it is worked out for one task by taking its posterior out of the counts of everybody who answered it
    one = int(task[0])
    logs = np.log(known["prior"])
    for who, said in zip(annotator[task == one], label[task == one], strict=True):
        counts, confusion = known["counts"][who], known["confusion"][who]
        before = (counts.sum(1, keepdims=True) + ANNOTATOR_WEIGHT) * confusion - counts
        for truth in range(2):
            without = counts[truth].copy()
            without[said] -= known["posterior"][one, truth]
            logs[truth] += np.log((without[said] + before[truth, said]) / (without.sum() + ANNOTATOR_WEIGHT))
    assert found[one] == pytest.approx(np.exp(logs) / np.exp(logs).sum(), abs=1e-9)


def test_two_strangers_who_agree_settle_less_than_two_who_proved_themselves():
    confusion = np.array([[[0.7, 0.3], [0.3, 0.7]], [[0.9, 0.1], [0.1, 0.9]]])
    counts = confusion * np.array([0, 100])[:, None, None]
    strangers, proven = (unvouched(
        np.zeros(2, np.int64), np.array([who, who]), np.zeros(2, np.int64), posterior=np.array([[0.9, 0.1]]),
        confusion=confusion, counts=counts, prior=np.array([0.5, 0.5]))[0] for who in (0, 1))
    assert strangers[0] == pytest.approx(0.49 / (0.49 + 0.09))
    assert proven[0] > 0.98


def test_a_task_without_answers_is_believed_to_be_like_all_others():
    answers, known = fitted(60)
    found = unvouched(*answers, **known)
    silent = np.setdiff1d(np.arange(len(found)), answers[0])
    assert len(silent)
    assert np.allclose(found[silent], known["prior"] / known["prior"].sum())


def test_what_pairs_tell_is_what_is_said_of_all_pairs():
    rng = np.random.default_rng(2)
    belief, confusion = rng.dirichlet(np.ones(3), 7), rng.dirichlet(np.ones(3), (4, 3))
    task, annotator = np.divmod(np.arange(28), 4)
    assert pair_information(belief, confusion, task, annotator) == pytest.approx(
        information(belief, confusion)[task, annotator])
