"""What uniform and information ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cueloop.errors import DataError
from routing.replay import policies
from routing.replay.information import Information
from routing.replay.recorded import Recorded, of_observations
from routing.replay.replay import replay
from routing.replay.uniform import Uniform
from sync.consensus import fit
from tests.routing.replay.crowds import coin, crowd, mixed

DATA = Path(__file__).parents[4] / "shared" / "data" / "crowd"


def right(recorded: Recorded, truth: np.ndarray, place: np.ndarray) -> float:
    """Share of tasks that the consensus of these answers gets right."""
    found = fit(recorded.task[place], recorded.annotator[place], recorded.label[place], **recorded.sizes,
                asked_again=True)
    return float((found.posterior.argmax(1) == truth).mean())


def test_uniform_gives_every_task_one_more_answer_before_any_gets_the_next():
    recorded, _ = mixed()
    place = replay(recorded, Uniform(), budget=800).place
    for asked in range(80, 801, 80):
        assert set(np.bincount(recorded.task[place[:asked]]).tolist()) == {asked // 80}


def test_information_asks_those_who_know():
    recorded, _ = mixed()
    place = replay(recorded, Information(), budget=300).place
    asked = np.bincount(recorded.annotator[place], minlength=12)
    assert asked[:6].sum() > 2.5 * asked[6:].sum()


def test_information_asks_about_what_is_torn():
    # given tasks of which every other is so plain that everybody is right, and people who are often wrong on the others
    recorded, truth = crowd(coin([0.75] * 12), 80, 10)
    plain = recorded.task % 2 == 0
    label = np.where(plain, truth[recorded.task], recorded.label)
    recorded = Recorded(recorded.task, recorded.annotator, label, recorded.tasks, recorded.annotators, recorded.labels)
    place = replay(recorded, Information(), budget=320).place
    assert plain[place].sum() < 0.45 * len(place)


def test_information_needs_far_fewer_answers_than_uniform():
    gain = []
    for seed in range(4):
        recorded, truth = mixed(seed)
        one, other = (right(recorded, truth, replay(recorded, policy(), budget=240, cap=2.0, seed=seed).place)
                      for policy in (Information, Uniform))
        gain.append(one - other)
    assert np.mean(gain) > 0.05


def test_each_gets_the_labels_that_they_can_tell_apart():
    # given people who each know two of four labels and guess among the other two
    confusion = np.full((8, 4, 4), 0.02)
    for who in range(8):
        for one, other in ((0, 1), (2, 3)):
            good = 0.94 if (who < 4) == (one == 0) else 0.48
            for label, twin in ((one, other), (other, one)):
                confusion[who, label, label], confusion[who, label, twin] = good, 0.96 - good
    fits = []
    for seed in range(3):
        recorded, truth = crowd(confusion, 160, 8, seed)
        # when a third of the answers were asked for, and a sixth more
        place = replay(recorded, Information(), budget=640, seed=seed).place[400:]
        # then they are asked mostly about what they know
        fits.append(((recorded.annotator[place] < 4) == (truth[recorded.task[place]] < 2)).mean())
    assert np.mean(fits) > 0.65


@pytest.mark.parametrize(("labels", "tasks", "each"), [(1, 5, 3), (2, 1, 3), (3, 4, 1), (2, 3, 8)])
def test_the_smallest_crowds_are_replayed_to_the_end(labels, tasks, each):
    confusion = np.ones((8, 1, 1)) if labels == 1 else coin([0.8] * 8, labels)
    recorded, _ = crowd(confusion, tasks, each)
    place = replay(recorded, Information(), budget=1000, cap=2.0).place
    assert sorted(place.tolist()) == list(range(tasks * each))


@pytest.mark.parametrize("policy", ["uniform", "information"])
@pytest.mark.parametrize("cap", [None, 2.0, 0.5, 0.0])
def test_thin_answers_and_tight_caps_are_replayed_to_the_end(policy, cap):
    # given all answers by one person; each by another; all of one label; two tasks
    everybody, nobody = np.arange(12), np.zeros(12, np.int64)
    for task, annotator, label in ((everybody, nobody, everybody % 3), (everybody, everybody, everybody % 3),
                                   (everybody // 3, everybody % 3, nobody), (everybody % 2, everybody // 2, nobody)):
        recorded = Recorded(task, annotator, label, tuple(range(task.max() + 1)), tuple(range(annotator.max() + 1)),
                            ("a", "b", "c"))
        for budget in (0, 1, 12):
            place = replay(recorded, policies.of_name(policy, recorded), budget=budget, cap=cap).place
            assert len(set(place.tolist())) == len(place) == budget


def test_an_unknown_policy_is_refused_with_those_there_are():
    with pytest.raises(DataError, match=r"no policy 'best'\. Policies: uniform, information, rules:"):
        policies.of_name("best", mixed()[0])


@pytest.mark.skipif(not DATA.is_dir(), reason="the recorded crowds are not there")
@pytest.mark.parametrize(("name", "each"), [("rte", 3), ("temp", 2)])
def test_on_real_crowds_few_answers_say_what_uniform_overlap_needs_twice_as_many_for(name, each):
    from benchmarks.recorded import with_gold

    one = next(one for one in with_gold(DATA.parent) if one.name == name)
    recorded = of_observations(one.seen)
    gold = dict(zip(one.seen.tasks, one.gold, strict=True))
    truth = np.array([gold[task] for task in recorded.tasks])
    size = len(recorded.tasks)
    few = [right(recorded, truth, replay(recorded, Information(), budget=each * size, cap=2.0, seed=seed).place)
           for seed in range(3)]
    many = [right(recorded, truth, replay(recorded, Uniform(), budget=2 * each * size, cap=2.0, seed=seed).place)
            for seed in range(3)]
    assert np.mean(few) > np.mean(many) - 0.005
