"""Straight-lining, copying and anchoring: found where they are, and nobody is accused for being good or for leaning."""

from __future__ import annotations

import numpy as np
import pytest

from sync.scorecard.anchoring import Anchoring, anchoring
from sync.scorecard.copying import Pair, copying, pairs_with_tasks
from sync.scorecard.judged import judge
from sync.scorecard.straight import Straight, straight
from tests.sync.scorecard.crowds import Crowd, crowd, pairs


def lined(some: Crowd) -> Straight:
    """Straight-lining among these answers, given in the order of the tasks."""
    some.at = 1e9 + 30.0 * some.task + np.random.default_rng(0).random(len(some.task))
    found = some.assess()
    people = len(found.observations.annotators)
    return straight(judge(found.observations, found.fit), annotators=people, labels=some.labels)


def copied(some: Crowd) -> tuple[Pair, ...]:
    """Pairs that are said to copy."""
    found = some.assess()
    return copying(judge(found.observations, found.fit), found.observations, found.fit)


class TestStraightLining:
    def test_leaning_people_on_sorted_tasks_are_not_accused(self) -> None:
        # given 40 teams of people who lean to a label, on tasks sorted by class, with unequal classes
        alarms = 0
        for seed in range(40):
            rng = np.random.default_rng(seed)
            truth = rng.choice(3, 300, p=[0.6, 0.3, 0.1])
            some = crowd(seed, skill=rng.normal(1.8, 0.7, 12), tasks=300, per_task=3 + seed % 3,
                         truth=np.sort(truth) if seed % 2 else truth, hardness=rng.normal(0, 0.8, 300))
            leans = rng.random(len(some.task)) < rng.uniform(0, 0.25, 12)[some.annotator]
            some.label = np.where(leans, rng.integers(0, 3, 12)[some.annotator], some.label)
            found = lined(some)
            alarms += bool((found.p_run <= 0.05).any() or (found.p_share <= 0.05).any())
        # then (nearly) nobody is
        assert alarms <= 2

    def test_fifteen_in_a_row_are_found_with_their_place(self) -> None:
        found = 0
        for seed in range(8):
            some = crowd(seed, skill=np.full(12, 1.8), tasks=300, per_task=4)
            own = np.flatnonzero(some.annotator == 0)
            some.label[own[40:55]] = 0
            result = lined(some)
            found += result.p_run[0] <= 0.05
            assert result.first[0] <= own[40]
            assert own[54] <= result.last[0]
            assert result.length[0] >= 15
            assert result.label[0] == 0
            assert 0.2 < result.others[0] < 0.7
            assert (result.p_run[1:] > 0.05).all()
        assert found >= 6

    def test_one_label_for_everything(self) -> None:
        for seed in range(5):
            some = crowd(seed, skill=np.full(12, 1.8), tasks=300, per_task=4)
            own = np.flatnonzero(some.annotator == 0)
            some.label[own] = np.where(np.random.default_rng(seed).random(len(own)) < 0.95, 1, some.label[own])
            result = lined(some)
            assert result.p_share[0] <= 0.01
            assert (result.p_share[1:] > 0.05).all()
            assert result.favourite[0] == 1
            assert result.share[0] > 0.9
            assert result.usual[0] == pytest.approx(1 / 3, abs=0.1)

    def test_tasks_of_one_class_accuse_nobody(self) -> None:
        assert (lined(crowd(0, skill=np.full(6, 4.0), tasks=200, truth=np.zeros(200, int))).p_share > 0.05).all()
        # nor those that nobody else answered
        alone = lined(Crowd(np.arange(80), np.zeros(80, int), np.zeros(80, int), np.arange(80) % 2, 2))
        assert alone.p_run[0] == alone.p_share[0] == 1


class TestCopying:
    @pytest.mark.parametrize("who", ["average", "two good ones", "experts among novices", "on hard tasks", "tempted",
                                     "who always say the same"])
    def test_people_who_work_by_themselves_are_not_accused(self, who: str) -> None:
        named = 0
        for seed in range(12):
            rng = np.random.default_rng(seed)
            skill = rng.normal(1.8, 0.6, 12)
            if who == "two good ones":
                skill[:2] = 3.5
            if who == "experts among novices":
                skill = np.where(np.arange(12) < 2, 4.0, 0.6)
            hard = np.where(rng.random(300) < 0.3, 2.5, 0) if who in ("on hard tasks", "tempted") else None
            some = crowd(seed, skill=skill, tasks=300, labels=4, hardness=hard)
            if who == "tempted":   # each task has one wrong label that nine in ten mistakes choose
                lure = (some.truth + rng.integers(1, 4, 300)) % 4
                fall = (some.label != some.truth[some.task]) & (rng.random(len(some.task)) < 0.9)
                some.label = np.where(fall, lure[some.task], some.label)
            if who == "who always say the same":
                some.label[some.annotator < 2] = 0
            named += bool(copied(some))
        assert named <= 1

    def test_who_copies_is_found_with_the_evidence(self) -> None:
        found, others, mistaken = 0, 0, []
        for seed in range(8):
            # given twelve people and one of them who takes eight in ten answers from another, seconds later
            rng = np.random.default_rng(seed)
            some = crowd(seed, skill=np.full(12, 1.5), tasks=600, labels=4)
            table = np.full((600, 12), -1)
            table[some.task, some.annotator] = some.label
            takes = (some.annotator == 7) & (table[some.task, 2] >= 0) & (rng.random(len(some.task)) < 0.8)
            some.label[takes] = table[some.task[takes], 2]
            when = {(t, w): at for t, w, at in zip(some.task, some.annotator, some.at, strict=True)}
            some.at[takes] = [when[task, 2] + 5 for task in some.task[takes]]
            named = copied(some)
            found += any({pair.first, pair.second} == {2, 7} for pair in named)
            others += any({pair.first, pair.second} != {2, 7} for pair in named)
            for pair in named:
                assert len(pair.rows) == pair.shared > 2 * pair.expected
                assert pair.p <= 0.05
                assert (pair.together or 0) >= pair.shared / 2
                mistaken += list(some.label[list(pair.rows)] != some.truth[some.task[list(pair.rows)]])
        assert found >= 7
        assert others == 0
        assert np.mean(mistaken) > 0.75   # the rest are the consensus's

    def test_pairs_are_counted_by_hand(self) -> None:
        task, annotator = np.array([0, 0, 1, 1, 2, 2, 0]), np.array([0, 1, 0, 1, 0, 2, 3])
        assert pairs_with_tasks(task, annotator, 4, 2) == 1
        rng = np.random.default_rng(0)
        task, annotator = pairs(rng, 300, 40, 3)
        met = np.zeros((300, 40), int)
        met[task, annotator] = 1
        common = met.T @ met
        assert pairs_with_tasks(task, annotator, 40, 4) == (np.triu(common, 1) >= 4).sum()


class TestAnchoring:
    def given(self, seed: int, *, adopt: float, people: int = 8, tasks: int = 2000) -> Anchoring:
        """Six answers a task, a third of them blind; the model is right on 75 %; annotator 0 adopts what it says."""
        rng = np.random.default_rng(seed)
        some = crowd(seed, skill=rng.normal(1.8, 0.5, people), tasks=tasks, per_task=4, labels=4)
        said = np.where(rng.random(tasks) < 0.75, some.truth, (some.truth + rng.integers(1, 4, tasks)) % 4)[some.task]
        seen = rng.choice([1, 1, 0, -1], len(some.task))
        takes = (some.annotator == 0) & (seen == 1) & (rng.random(len(said)) < adopt)
        some.label = np.where(takes, said, some.label)
        found = some.assess()
        judged = judge(found.observations, found.fit, said)
        return anchoring(judged.annotator, judged.label == judged.model, 1 - judged.model_right, seen,
                         annotators=people)

    def test_skill_is_no_anchoring(self) -> None:
        # given 30 teams whose people agree with the model on three quarters of the tasks, because it is right there
        runs = [self.given(seed, adopt=0, tasks=600) for seed in range(30)]
        assert np.mean([run.seen.agree for run in runs]) == pytest.approx(0.66, abs=0.06)
        # then hardly a team has an alarm, the figure is about 0, and its interval holds 0
        assert sum((run.p <= 0.05).any() for run in runs) <= 3
        value = np.array([run.value for run in runs])
        assert abs(np.nanmean(value)) < 0.02
        held = np.array([(run.low <= 0) & (run.high >= 0) for run in runs])[~np.isnan(value)]
        assert held.mean() > 0.92

    def test_who_adopts_suggestions_is_measured(self) -> None:
        runs = [self.given(seed, adopt=0.3) for seed in range(6)]
        assert all(run.p[0] < 0.01 for run in runs)
        assert sum((run.p[1:] <= 0.05).any() for run in runs) <= 1
        # of wrong suggestions three in ten are adopted that would not have been made blind
        assert np.mean([run.value[0] for run in runs]) == pytest.approx(0.28, abs=0.05)
        # and agreement splits into what skill gives and what sight adds
        assert all(run.seen.agree[0] == pytest.approx(run.skill[0] + run.lift[0]) for run in runs)
        assert np.mean([run.lift[0] for run in runs]) == pytest.approx(0.3 * 0.34, abs=0.05)

    def test_unknown_is_left_out(self) -> None:
        annotator = np.zeros(100, int)
        found = anchoring(annotator, np.ones(100), np.full(100, 0.9), np.full(100, -1), annotators=1)
        assert np.isnan(found.value[0])
        assert found.seen.answers[0] == found.blind.answers[0] == 0
        found = anchoring(annotator, np.ones(100), np.full(100, np.nan), np.ones(100, int), annotators=1)
        assert np.isnan(found.value[0])
        assert found.p[0] == 1

    def test_without_own_blind_answers_the_crowds_stand_in_but_nobody_is_accused(self) -> None:
        rng = np.random.default_rng(0)
        annotator = np.repeat([0, 1], 200)
        follows = np.where(annotator == 0, rng.random(400) < 0.5, rng.random(400) < 0.1)
        found = anchoring(annotator, follows, np.ones(400), np.where(annotator == 0, 1, 0), annotators=2)
        assert found.value[0] == pytest.approx(0.4, abs=0.1)
        assert found.own[0] == 0
        assert found.p[0] == 1


