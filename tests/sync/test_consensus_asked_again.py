"""Rules ask again where answers are torn: the consensus must not take the hard tasks for all tasks."""

from __future__ import annotations

import numpy as np
import pytest

from sync import consensus
from sync.assess import assess
from sync.observations import Observations, observe

LABELS = ("negative", "neutral", "positive")


def asked_again_where_torn(seed: int) -> tuple[Observations, list[str]]:
    """600 tasks and 15 people; who is hard to judge gets five answers, mostly wrong ones, the rest one."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, 600, p=[0.48, 0.04, 0.48])
    hard = rng.random(600) < 0.4
    rows = []
    for task in range(600):
        for who in rng.permutation(15)[:5 if hard[task] else 1]:
            right = rng.random() < (0.62 if hard[task] else 0.97)
            other = rng.choice([k for k in range(3) if k != truth[task]], p=[0.3, 0.7] if truth[task] == 2 else None)
            rows.append((task, int(who), LABELS[truth[task] if right else other]))
    task, who, label = zip(*rows, strict=True)
    return observe(task, who, label, labels=LABELS), [LABELS[k] for k in truth]


@pytest.mark.parametrize("seed", range(3))
def test_tasks_with_one_answer_teach_where_others_have_several(seed: int) -> None:
    # given a project in which easy tasks have one answer and hard ones five
    seen, truth = asked_again_where_torn(seed)
    # when consensus is found
    found, voted = assess(seen), assess(seen, method="majority")
    # then no label is taken for another, and it is no worse than majority vote
    def right(one: object) -> float:
        return float(np.mean([seen.labels[at] == truth[task] for task, at in zip(
            seen.tasks, one.posterior.argmax(1), strict=True)]))    # type: ignore[attr-defined]

    assert right(found) >= right(voted) - 0.02


def test_where_hardly_any_task_is_shared_only_those_teach() -> None:
    task = np.array([*range(50), 0])
    taught = consensus.judging(task, np.full(50, -1), None, asked_again=True)
    assert np.flatnonzero(taught).tolist() == [0, 50]
