"""Skips, consistency, gold, reviews, separation and the model in service: counts that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sync.scorecard.consistency import consistency, likeness
from sync.scorecard.gold import gold
from sync.scorecard.in_service import Predicted, in_service
from sync.scorecard.reviews import reviews
from sync.scorecard.separation import confused_pairs, separates
from sync.scorecard.skips import skips
from tests.sync.scorecard.crowds import Crowd, odds, pairs
from tests.sync.scorecard.crowds import crowd as made


class TestSkips:
    def test_tasks_that_everybody_skips_are_no_fault(self) -> None:
        # given 100 tasks, 20 of which most people skip, and annotators 0 and 1 who get all of these
        rng = np.random.default_rng(0)
        task, annotator = pairs(rng, 100, 6, 4)
        unclear = task < 20
        task = np.concatenate([task, np.repeat(np.arange(20), 2)])
        annotator = np.concatenate([annotator, np.tile([0, 1], 20)])
        skipped = rng.random(len(task)) < np.where(task < 20, 0.7, 0.02)
        found = skips(task, annotator, skipped, tasks=100, annotators=6)
        # then their rate is high, their adjusted rate is not, and nobody is flagged
        assert unclear.any()
        assert found.rate[:2].min() > found.rate[2:].max() - 0.05
        assert (found.adjusted[:2] < found.rate[:2]).all()
        assert (found.p > 0.05).all()

    def test_who_skips_what_others_do_is_flagged(self) -> None:
        rng = np.random.default_rng(1)
        task, annotator = pairs(rng, 300, 6, 3)
        skipped = rng.random(len(task)) < np.where(annotator == 4, 0.3, 0.03)
        found = skips(task, annotator, skipped, tasks=300, annotators=6)
        assert found.p[4] < 0.001
        assert (np.delete(found.p, 4) > 0.05).all()
        assert found.low[4] < 0.3 < found.high[4]

    def test_all_skipped_and_nothing_met(self) -> None:
        found = skips(np.arange(5), np.zeros(5, int), np.ones(5), tasks=5, annotators=2)
        assert found.rate.tolist() == [1, 0]
        assert (found.low[1], found.high[1]) == (0, 1)
        empty = skips(np.zeros(0, int), np.zeros(0, int), np.zeros(0), tasks=0, annotators=1)
        assert np.isfinite(empty.adjusted).all()


class TestConsistency:
    def test_by_hand(self) -> None:
        # given ten pairs of one annotator: 6 a-a, 2 b-b, 1 a-b, 1 b-a; so 14 a and 6 b of 20
        first, second = np.array([0] * 6 + [1] * 2 + [0, 1]), np.array([0] * 6 + [1] * 2 + [1, 0])
        found = consistency(np.zeros(10, int), first, second, annotators=2, labels=2)
        chance = 0.7**2 + 0.3**2
        assert found.same[0] == 0.8
        assert found.kappa[0] == pytest.approx((0.8 - chance) / (1 - chance))
        assert found.kappa_low[0] < found.kappa[0] < found.kappa_high[0]
        # and of somebody never asked twice nothing is known
        assert np.isnan([found.same[1], found.kappa[1]]).all()

    def test_with_one_label_only_chance_cannot_be_told(self) -> None:
        found = consistency(np.zeros(5, int), np.zeros(5, int), np.zeros(5, int), annotators=1, labels=2)
        assert found.same[0] == 1
        assert np.isnan(found.kappa[0])

    def test_likeness_of_structured_answers(self) -> None:
        found = likeness(np.array([0, 0, 0]), np.array([1.0, 0.5, 0.9]), annotators=1)
        assert found.same[0] == pytest.approx(0.8)
        assert found.low[0] < 0.8 < found.high[0]


class TestGold:
    def crowd(self) -> Crowd:
        return made(0, skill=np.full(3, float(odds(0.8))), tasks=60, per_task=3)

    def test_only_others_own_and_blind_answers_count(self) -> None:
        # given 20 gold tasks; one ground truth is annotator 0's own answer, one answer is an edit, one saw the model
        crowd = self.crowd()
        seen = crowd.observations(pinned=np.where(np.arange(60) < 20, crowd.truth, -1))
        rows = {who: np.flatnonzero((crowd.annotator == who) & (crowd.task < 20)) for who in range(3)}
        seen.truth[rows[0][0]], seen.review[rows[1][0]], seen.seen[rows[2][0]] = True, True, 1
        found = gold(seen)
        assert found.answered.tolist() == [19, 19, 19]
        expected = [(crowd.label[rows[who][1:]] == crowd.truth[crowd.task[rows[who][1:]]]).sum() for who in range(3)]
        assert found.right.tolist() == expected
        assert (found.at_least() > found.low).all()
        assert (found.at_least() < found.accuracy).all()

    def test_the_bound_is_kept_by_nineteen_of_twenty(self) -> None:
        # given many people right on 80 % of 30 gold tasks
        rng = np.random.default_rng(0)
        right = rng.random((4000, 30)) < 0.8
        from sync.scorecard.gold import Gold
        found = Gold(np.full(4000, 30), right.sum(1), right.mean(1), *np.zeros((2, 4000)))
        # then at most 5 % are promised more than that
        assert (found.at_least(0.95) > 0.8).mean() <= 0.05

    def test_no_gold(self) -> None:
        found = gold(self.crowd().observations())
        assert np.isnan(found.accuracy).all()
        assert found.at_least().tolist() == [0, 0, 0]
        assert (found.low == 0).all()
        assert (found.high == 1).all()


def test_reviews_count_changes_in_substance() -> None:
    # given annotator 0: 10 answers, 2 changed, 1 touched, 1 unknown; annotator 1: 5 answers that nobody touched
    found = reviews(np.array([0, 0, 0, 0]), np.array([1, 1, 0, -1]), np.array([10, 5, 0]))
    assert found.edited.tolist() == [4, 0, 0]
    assert found.changed.tolist() == [2, 0, 0]
    assert_allclose(found.share, [2 / 9, 0, np.nan])
    assert found.low[0] < 2 / 9 < found.high[0]


class TestSeparation:
    def test_it_is_learned_from_the_two_labels_alone(self) -> None:
        # given one who never confuses a and b but calls every c an a, one who guesses between a and b, and a newcomer
        counts = np.array([[[90, 0, 0], [0, 90, 0], [50, 0, 0]], [[45, 45, 0], [45, 45, 0], [0, 0, 50]],
                           np.zeros((3, 3))], float)
        value, low, high, answers = separates(counts, 0, 1)
        assert value[0] > 0.97
        assert value[1] == pytest.approx(0.5, abs=0.03)
        assert answers.tolist() == [180, 180, 0]
        assert (low <= value).all()
        assert (value <= high).all()
        # then the newcomer is taken for the crowd, with a wide interval
        assert value[2] == pytest.approx(0.75, abs=0.01)
        assert high[2] - low[2] > 0.35
        assert separates(counts, 1, 0)[0] == pytest.approx(value)

    def test_the_interval_holds_the_truth(self) -> None:
        rng = np.random.default_rng(0)
        p, q = rng.beta(16, 4, 3000), rng.beta(16, 4, 3000)
        counts = np.zeros((3000, 2, 2))
        counts[:, 0, 0], counts[:, 1, 1] = rng.binomial(25, p), rng.binomial(25, q)
        counts[:, 0, 1], counts[:, 1, 0] = 25 - counts[:, 0, 0], 25 - counts[:, 1, 1]
        _, low, high, _ = separates(counts, 0, 1)
        assert 0.94 <= ((low <= (p + q) / 2) & ((p + q) / 2 <= high)).mean() <= 0.99

    def test_the_worst_pairs_come_first_and_a_label_has_no_pair_with_itself(self) -> None:
        counts = np.array([[[9, 1, 0], [6, 9, 2], [0, 1, 9]]], float)
        assert confused_pairs(counts) == [(0, 1), (1, 2)]
        assert confused_pairs(np.zeros((1, 1, 1))) == []
        with pytest.raises(ValueError, match="itself"):
            separates(counts, 1, 1)


def test_the_models_word_is_that_of_the_moment() -> None:
    # given task 0 predicted 0 at 10 (sent at 20) and 1 at 30 (sent at 40), task 1 predicted 2 at 50 and never sent
    said = Predicted(np.array([0, 0, 1]), np.array([0, 1, 2]), np.array([10.0, 30, 50]), np.array([20.0, 40, np.nan]))
    asked = [(0, 5, 0, -1), (0, 15, 0, 0), (0, 35, 1, 0), (0, 35, 0, 1), (0, 45, 1, 1), (1, 45, 0, -1), (1, 50, 0, 2),
             (1, 60, 1, 2), (0, np.nan, 1, -1), (2, 99, 1, -1)]
    task, at, seen, label = (np.array(column) for column in zip(*asked, strict=True))
    assert in_service(said, task, at.astype(float), seen).tolist() == label.tolist()
    nothing = Predicted(*np.zeros((2, 0), int), *np.zeros((2, 0)))
    assert in_service(nothing, task, at.astype(float), seen).tolist() == [-1] * 10
