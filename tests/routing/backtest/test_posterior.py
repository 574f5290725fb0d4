"""What may be true, given history: drawn, not guessed once."""

from __future__ import annotations

import numpy as np
import pytest

from routing.backtest.history import History
from routing.backtest.posterior import draw, pick
from routing.backtest.trust import Trust
from routing.simulate.work import Work


def history(tasks: int, people: int, overlap: int, *, accuracy: float = 0.8, model: np.ndarray | None = None,
            seed: int = 0, known: float = 0.0) -> tuple[History, np.ndarray]:
    """Recorded answers of a crowd, `overlap` a task; truths of a share `known` are known. And all truths."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, tasks)
    task = np.repeat(np.arange(tasks), overlap)
    person = np.concatenate([rng.permutation(people)[:overlap] for _ in range(tasks)]) if overlap else task
    said = np.where(rng.random(len(task)) < accuracy, truth[task], (truth[task] + 1) % 3)
    work = Work(np.arange(1, tasks + 1), ("a", "b", "c"), tuple(range(people)), model=model)
    sure = np.where(rng.random(tasks) < known, truth, -1)
    return History(work, task, person, said, np.full(len(task), np.nan), sure), truth


def accuracies(given: History, draws: int = 12) -> np.ndarray:
    """Mean accuracy of the crowd in each draw."""
    return np.array([np.trace(draw(given, np.random.default_rng(n)).confusion, axis1=1, axis2=2).mean() / 3
                     for n in range(draws)])


def test_a_crowd_that_is_compared_is_known() -> None:
    found = accuracies(history(300, 6, 3, accuracy=0.8)[0])
    assert found.mean() == pytest.approx(0.8, abs=0.06)
    assert found.std() < 0.05


def test_where_nothing_was_ever_compared_the_draws_stay_far_apart() -> None:
    assert accuracies(history(300, 6, 1)[0]).std() > 0.1


def test_known_truths_are_kept_and_teach() -> None:
    given, truth = history(200, 5, 1, known=0.5)
    found = draw(given, np.random.default_rng(0))
    sure = given.truth >= 0
    assert (found.truth[sure] == truth[sure]).all()
    assert accuracies(given, 8).std() < 0.08


def test_a_model_that_is_too_sure_of_itself_is_not_believed() -> None:
    given, truth = history(300, 6, 3)
    rng = np.random.default_rng(1)
    guess = np.where(rng.random(300) < 0.7, truth, (truth + 1) % 3)
    model = np.where(np.arange(3) == guess[:, None], 0.98, 0.01)
    given, _ = history(300, 6, 3, model=model)
    right = np.mean([draw(given, np.random.default_rng(n)).prior.max(1).mean() for n in range(6)])
    assert right == pytest.approx(0.7, abs=0.08)


def test_trust_without_anything_seen_is_wide() -> None:
    model = np.tile([0.98, 0.01, 0.01], (60, 1))
    rng, trust = np.random.default_rng(0), Trust(model, np.arange(60))
    right = []
    for _ in range(60):
        for _ in range(10):
            trust.draw(np.zeros(60, int), np.zeros(60, bool), rng)
        right.append(trust.prior(np.full(3, 1 / 3))[:, 0].mean())
    assert min(right) < 0.8 < 0.95 < max(right)


def test_what_everybody_would_answer_follows_their_confusion() -> None:
    given, truth = history(300, 4, 4)
    world = draw(given, np.random.default_rng(3))
    table = world.answers(truth, np.zeros(300, int), np.random.default_rng(4))
    right = (table == truth[:, None]).mean()
    assert right == pytest.approx(np.trace(world.confusion, axis1=1, axis2=2).mean() / 3, abs=0.06)


def test_a_column_is_picked_with_its_chance_and_rows_need_not_sum_to_one() -> None:
    found = pick(np.tile([1.0, 3.0, 0.0], (4000, 1)), np.random.default_rng(0))
    assert np.bincount(found, minlength=3)[2] == 0
    assert (found == 1).mean() == pytest.approx(0.75, abs=0.03)
