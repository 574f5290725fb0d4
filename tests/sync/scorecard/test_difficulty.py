"""Who is given hard work must not look worse; who is given any work is judged as before."""

from __future__ import annotations

import numpy as np
import pytest

from sync.scorecard.difficulty import Adjusted, adjusted, expected
from sync.scorecard.judged import judge
from tests.sync.scorecard.crowds import crowd

PEOPLE, TASKS, HARD_HANDED = 20, 400, 5


def given(seed: int, per_task: int, *, unfair: bool) -> tuple[np.ndarray, np.ndarray, Adjusted]:
    """True accuracy on average work, what performance says, what is adjusted, of the first five of twenty people.

    A third of the tasks are hard; when `unfair` those five get most of them.
    """
    rng = np.random.default_rng(seed)
    skill = rng.normal(1.9, 0.6, PEOPLE)
    hardness = np.where(rng.random(TASKS) < 0.3, 1.8, -0.3)
    weight = np.ones((TASKS, PEOPLE))
    if unfair:
        weight[np.ix_(hardness > 1, range(HARD_HANDED))] = 8
        weight[np.ix_(hardness < 1, range(HARD_HANDED))] = 0.4
    annotator = np.argsort(-(rng.random((TASKS, PEOPLE)) ** (1 / weight)), 1)[:, :per_task].ravel()
    some = crowd(seed, skill=skill, tasks=TASKS, hardness=hardness, pair=(np.repeat(np.arange(TASKS), per_task),
                                                                          annotator))
    found = some.assess()
    judged = judge(found.observations, found.fit)
    truth = (1 / (1 + np.exp(-(skill[:, None] - hardness)))).mean(1)
    return truth, found.performance.accuracy, adjusted(judged, expected(judged, PEOPLE, TASKS), found.performance)


@pytest.mark.parametrize(("per_task", "raw_is_off_by"), [(3, 0.12), (5, 0.12), (10, 0.09)])
def test_who_gets_the_hard_work_does_not_look_worse(per_task: int, raw_is_off_by: float) -> None:
    # given six teams in which five people get most of the hard tasks
    runs = [given(seed, per_task, unfair=True) for seed in range(6)]
    hit = slice(0, HARD_HANDED)
    raw = np.array([(accuracy - truth)[hit] for truth, accuracy, _ in runs])
    fair = np.array([(found.accuracy - truth)[hit] for truth, _, found in runs])
    held = np.array([((found.low <= truth) & (truth <= found.high))[hit] for truth, _, found in runs])
    # then their plain accuracy is far too low, and the adjusted one is not; its interval holds the truth
    assert raw.mean() < -raw_is_off_by
    assert abs(fair.mean()) < 0.045
    assert held.mean() > 0.85


def test_given_any_work_nothing_changes() -> None:
    for seed in range(3):
        truth, accuracy, found = given(seed, 5, unfair=False)
        assert np.abs(found.accuracy - accuracy).mean() < 0.03
        assert abs((found.accuracy - accuracy).mean()) < 0.01
        assert ((found.low <= truth) & (truth <= found.high)).mean() > 0.85


def test_expected_accuracy_says_who_had_hard_work() -> None:
    _, _, found = given(0, 5, unfair=True)
    assert found.expected[:HARD_HANDED].max() < found.expected[HARD_HANDED:].min()


def test_without_others_on_the_tasks_nothing_can_be_adjusted() -> None:
    some = crowd(0, skill=np.array([2.0]), tasks=50, per_task=1)
    found = some.assess()
    judged = judge(found.observations, found.fit)
    result = adjusted(judged, expected(judged, 1, 50), found.performance)
    assert np.isnan([result.accuracy[0], result.low[0], result.expected[0]]).all()
    assert result.compared[0] == 0
