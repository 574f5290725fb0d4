"""What was known of annotators before holds through every iteration, and yields to what is seen now."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from cueloop.store.performance import Confusions
from sync.consensus import fit
from sync.history import CAP, DISCOUNT, capped, history
from tests.sync import crowd


def earlier(labels: tuple[str, ...], annotators: tuple[int, ...], counts: np.ndarray) -> Confusions:
    """A run of before."""
    size = len(labels)
    return Confusions(labels, annotators, counts / counts.sum(2, keepdims=True), counts, np.eye(size),
                      np.full(size, 1 / size), int(counts.sum()))


def test_an_annotator_with_history_and_one_answer_is_still_known_after_many_iterations() -> None:
    # given two labels, thirty people of 75 %, and two newcomers who answer one task each, alone
    rest = crowd.simulated(crowd.one_coin(np.full(30, 0.75), 2), tasks=300, per_task=4)
    task = np.concatenate([rest.task, [300, 301]])
    annotator = np.concatenate([rest.annotator, [30, 31]])
    label = np.concatenate([rest.label, [0, 0]])
    before = np.zeros((32, 2, 2))
    # and of one it is known that they swap the labels, of the other that they are always right
    before[30] = 40 * np.array([[0.05, 0.95], [0.95, 0.05]])
    before[31] = 40 * np.array([[0.95, 0.05], [0.05, 0.95]])
    # when it is fitted with many iterations
    found = fit(task, annotator, label, tasks=302, annotators=32, labels=2, history=capped(before),
                iterations=200, tolerance=0)
    # then both are what they were, where crowd-kit's `initial_error` is forgotten after the first M step
    assert found.iterations == 200
    assert found.confusion[30, 0, 1] > 0.7
    assert found.confusion[31, 0, 0] > 0.85
    # the one is read the other way round, the other believed
    assert found.probability[300].argmax() == 1
    assert found.probability[301, 0] > 0.8
    # and the counts have only what was seen now and could be judged: nobody else answered those two tasks
    assert found.counts[30:].sum() == 0
    assert_allclose(found.counts[:30].sum(), 1200)


def test_old_evidence_does_not_drown_what_is_seen_now() -> None:
    # given an annotator who was right in thousands of answers, and now is not in 300
    people = np.full(11, 0.9)
    people[0] = 0.3
    now = crowd.simulated(crowd.one_coin(people, 2), tasks=600, per_task=5)
    before = np.zeros((11, 2, 2))
    before[0] = 5000 * np.eye(2)
    found = now.fit(history=capped(before))
    # then they are judged by what they do now: somebody who is wrong more often than right
    assert found.confusion[0].diagonal().max() < 0.5


def test_history_is_matched_by_name_and_identity_whatever_the_order() -> None:
    # given an earlier run with other labels in another order, and other people
    counts = np.arange(1.0, 19).reshape(2, 3, 3)
    run = earlier(("bad", "good", "gone"), (7, 3), counts)
    # when it is made a history for labels and annotators of now
    found = history([run], ("new", "good", "bad"), (3, 99))
    # then what both know is where it belongs, the rest is left out
    assert found is not None
    known = np.array([[counts[1, 1, 1], counts[1, 1, 0]], [counts[1, 0, 1], counts[1, 0, 0]]])
    assert_allclose(found[0, 1:, 1:], DISCOUNT * known)
    assert not found[0, 0].any()
    assert not found[1].any()
    # and when there is nobody or nothing in common there is no history
    assert history([run], ("new",), (3,)) is None
    assert history([run], ("good",), (99,)) is None
    assert history([], ("good",), (3,)) is None


def test_history_is_discounted_and_capped() -> None:
    few, many = np.full((1, 2, 2), 5.0), np.full((1, 2, 2), 1000.0)
    assert_allclose(capped(few).sum(), DISCOUNT * 20)
    assert_allclose(capped(many).sum(), CAP)


def test_history_of_nobody_present_changes_nothing() -> None:
    some = crowd.simulated(crowd.one_coin(np.full(6, 0.8), 3))
    assert_allclose(some.fit(history=np.zeros((6, 3, 3))).posterior, some.fit().posterior, atol=0)
