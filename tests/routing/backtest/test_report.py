"""A whole backtest: its intervals, what history supports, and whether it predicts what then happens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.projects import CHANGES, project, rules, worked
from routing.backtest.history import History
from routing.backtest.off_policy import off_policy
from routing.backtest.posterior import Draw
from routing.backtest.report import backtest, looks
from routing.backtest.support import support
from routing.language import rules as language

OLD, NEW = CHANGES["ask more"]


@pytest.fixture(scope="module")
def past() -> History:
    """What the rules in force left behind of a project without a model."""
    whole = project(2, 150)
    return worked(replace(whole, work=replace(whole.work, model=None)), OLD)


def test_the_rules_in_force_are_answered_by_the_record_alone(past: History) -> None:
    _, old, new = looks(past, OLD, NEW, 2, 0)
    assert support(past, old).recorded == 1.0
    assert support(past, old).imputed == 0.0
    found = support(past, new)
    assert 0 < found.imputed < 1
    assert found.recorded + found.weighed + found.unsupported == pytest.approx(1)
    assert sum(found.why.values()) == pytest.approx(found.unsupported)


def test_without_logged_chances_history_cannot_say_who_could_have_been_asked(past: History) -> None:
    blank = replace(past, logged=())
    found = support(blank, looks(blank, OLD, NEW, 2, 0)[2])
    assert found.weighed == 0
    assert set(found.why) <= {"unlogged"}
    assert found.unlogged_who == pytest.approx(np.mean(np.bincount(past.task, minlength=150) > 0), abs=0.05)
    report = backtest(blank, OLD, NEW, draws=3)
    assert any("no choice of people was recorded" in warning for warning in report.warnings)


def test_the_same_rules_change_nothing_and_a_seed_gives_one_report(past: History) -> None:
    same = backtest(past, OLD, OLD, draws=4, tasks=40)
    assert all(figure.change.value in (0.0, None) for figure in same.figures)
    assert same.fates.changed == 0
    assert same.to_json() == backtest(past, OLD, OLD, draws=4, tasks=40).to_json()


def _sure(world: Draw) -> np.ndarray:
    """Confusions of people who never err."""
    labels = world.confusion.shape[1]
    return np.tile(0.01 / labels + 0.99 * np.eye(labels), (len(world.confusion), 1, 1))


def test_logged_chances_and_model_tell_the_same_of_those_who_would_be_asked(past: History) -> None:
    worlds, runs, _ = looks(past, OLD, NEW, 2, 0)
    found, perfect = (off_policy(past, runs, each) for each in (
        worlds, [replace(world, confusion=_sure(world)) for world in worlds]))
    assert found.effective > 20
    assert not found.off
    assert found.modelled is not None
    assert found.doubly_robust is not None
    assert found.error is not None
    assert abs(found.modelled - found.doubly_robust) < found.error
    assert perfect.modelled is not None
    assert perfect.doubly_robust is not None
    assert perfect.modelled - perfect.doubly_robust > 2 * found.error       # people are not perfect, and it shows
    assert replace(perfect, error=0.01).off


def test_nobody_is_asked_past_what_rules_allow(past: History) -> None:
    report = backtest(past, OLD, rules(first=1, most=1), draws=3, tasks=40)
    answers = next(figure for figure in report.figures if figure.name == "answers")
    assert answers.new.value is not None
    assert answers.new.value <= 1
    assert answers.change.value is not None
    assert answers.change.value < 0


def test_what_a_backtest_does_not_follow_is_said(past: History) -> None:
    new = language.parse("""version: 1
budget: {annotators: 6h/week}
rules:
  - {name: torn, when: answers < 1 or control("mood").agreement < 50%, ask: {n: 1}, deadline: 2d}
""")
    said = [one for one in backtest(past, OLD, new, draws=3, tasks=30).warnings if "does not follow" in one]
    assert said == ["rules use budget, control(...), deadline, which a backtest does not follow"]
