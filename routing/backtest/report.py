"""A backtest as a whole: other rules beside those in force, on a project's own history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from routing.backtest import posterior
from routing.backtest.fates import Fates, fates
from routing.backtest.history import History
from routing.backtest.intervals import CONFIDENCE, Interval, together
from routing.backtest.measured import FIGURES, SHARES
from routing.backtest.off_policy import OffPolicy, off_policy
from routing.backtest.posterior import Draw
from routing.backtest.predict import Predicted, predict
from routing.backtest.support import Support, support, workload
from routing.language.rules import Rules
from routing.simulate.run import Run, run
from routing.simulate.signals import CLOCK
from sync.arrays import FloatArray

DRAWS = 30
"""Futures drawn: enough for an interval by the normal distribution."""

LOOKS = 6
"""Of them, runs on the very tasks of history: who would be asked, and what becomes of each."""

NOT_FOLLOWED = ("deadline", "keep_together", "gold", "recheck", "pause", "limit")
"""Fields of rules without effect in a run in memory."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure under the rules in force, under the new ones, and the difference."""

    name: str
    says: str
    old: Interval
    new: Interval
    change: Interval


@dataclass(frozen=True, slots=True)
class Report:
    """What a backtest found. Intervals are for the next `predicted` tasks, and hold together with `confidence`."""

    figures: tuple[Figure, ...]
    predicted: int
    confidence: float
    tasks: int
    answers: int
    answers_a_task: float
    """As recorded."""
    known_truths: int
    support_old: Support
    support_new: Support
    who: OffPolicy
    fates: Fates
    people: dict[str, tuple[int, float, float]]
    """{who: (answers recorded, under the rules in force, under the new ones)} on the tasks of history."""
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For programs; keys are texts."""
        found = asdict(self)
        found["fates"]["moves"] = [{"from": one, "to": other, "share": share}
                                   for (one, other), share in self.fates.moves.items()]
        found["figures"] = {figure.pop("name"): figure for figure in found["figures"]}
        return found


def backtest(history: History, old: Rules, new: Rules, *, draws: int = DRAWS, seed: int = 0,
             confidence: float = CONFIDENCE, tasks: int | None = None,
             progress: Callable[[int], None] | None = None) -> Report:
    """Test `new` rules beside `old` ones. Pure: the same input and seed give the same report."""
    predicted = predict(history, old, new, draws=draws, seed=seed, tasks=tasks, progress=progress)
    worlds, one, other = looks(history, old, new, min(LOOKS, draws), seed)
    found = support(history, other)
    weighed = off_policy(history, other, worlds)
    names = history.work.emails or tuple(str(person) for person in history.work.people)
    given = np.bincount(history.person, minlength=len(names))
    loads = zip(names, given.tolist(), workload(history, one).tolist(), workload(history, other).tolist(), strict=True)
    return Report(
        figures=figures(predicted, confidence), predicted=predicted.tasks, confidence=confidence,
        tasks=len(history.work.keys), answers=len(history.task),
        answers_a_task=len(history.task) / max(len(history.work.keys), 1),
        known_truths=int((history.truth >= 0).sum()), support_old=support(history, one), support_new=found, who=weighed,
        fates=fates(history, one, other), people={name: (had, before, after) for name, had, before, after in loads},
        warnings=tuple(_warnings(history, old, new, found, weighed)))


def looks(history: History, old: Rules, new: Rules, count: int, seed: int) -> tuple[list[Draw], list[Run], list[Run]]:
    """Worlds, and runs of both rules in each, on the very tasks of history: samples are drawn as they are live."""
    table, everything = history.table, np.arange(len(history.work.keys))
    worlds, one, other = [], [], []
    for number in range(count):
        rng = np.random.default_rng([seed, number, 1])
        world = posterior.draw(history, rng)
        answers = np.where(table >= 0, table, world.answers(world.truth[everything], world.hard, rng))
        worlds.append(world)
        one.append(run(old, history.work, answers))
        other.append(run(new, history.work, answers))
    return worlds, one, other


def figures(predicted: Predicted, confidence: float = CONFIDENCE) -> tuple[Figure, ...]:
    """Every figure under the rules in force, under the new ones, and the difference: one family of intervals."""
    columns = (predicted.old, predicted.new, predicted.new - predicted.old)
    size = len(FIGURES)
    seen = [_seen(columns[0], predicted.tasks), _seen(columns[1], predicted.tasks)]
    same = np.array_equal(predicted.old, predicted.new, equal_nan=True)
    found = together(
        np.concatenate(columns, axis=1), confidence,
        shares={part * size + f: of for part in (0, 1) for f, of in seen[part].items()},
        changes={} if same else {2 * size + f: min(of, seen[1][f]) for f, of in seen[0].items()})
    return tuple(Figure(name, says, *(_bounded(name, found[part * size + f], part == 2) for part in range(3)))
                 for f, (name, says) in enumerate(FIGURES.items()))


def _seen(draws: FloatArray, tasks: int) -> dict[int, float]:
    """{place of a share: of how many tasks it is}."""
    names = list(FIGURES)
    accepted = tasks * float(draws[:, names.index("accepted")].mean())
    return {f: max(accepted, 1.0) if name == "accepted_error" else float(tasks)
            for f, name in enumerate(names) if name in SHARES}


def _bounded(name: str, interval: Interval, difference: bool) -> Interval:
    """No share is below 0 or above 1, and nothing costs less than nothing."""
    if interval.value is None or interval.low is None or interval.high is None:
        return interval
    least, most = (-1.0, 1.0) if difference else (0.0, 1.0)
    if name not in SHARES:
        least, most = (-np.inf if difference else 0.0), np.inf
    value, low, high = (float(np.clip(x, least, most)) for x in (interval.value, interval.low, interval.high))
    return Interval(value, low, high)


def _warnings(history: History, old: Rules, new: Rules, found: Support, weighed: OffPolicy) -> Sequence[str]:
    told = list(history.notes)
    clocked = sorted({name for rules in (old, new) for rule in rules.rules for name in rule.when.names} & CLOCK)
    if clocked:
        told.append(f"rules read {', '.join(clocked)}, which a backtest does not know: such conditions are never true "
                    "in it")
    if left_out := sorted({name for rules in (old, new) for name in _left_out(rules)}):
        told.append(f"rules use {', '.join(left_out)}, which a backtest does not follow")
    answers = np.bincount(history.task, minlength=len(history.work.keys))
    if not (answers > 1).any() and not (history.truth >= 0).any():
        told.append("no task has two answers and no truth is known, so nobody's answers were ever compared: accuracy "
                    "is a guess, and its interval says so")
    if not history.logged:
        told.append("no choice of people was recorded with its chance (before Cueloop asked people): who would be "
                    "asked rests on the model of people alone")
    if found.unsupported > 0.5:
        told.append(f"history cannot answer for {found.unsupported:.0%} of the tasks: what is said of them rests on "
                    "the model of people alone")
    if weighed.off:
        told.append(f"those who would be asked agree with others in {weighed.doubly_robust:.0%} of the cases by the "
                    f"logged choices, and in {weighed.modelled:.0%} by the model of people: do not trust the figures")
    return told


def _left_out(rules: Rules) -> Sequence[str]:
    """What these rules want of people and shares that runs in memory do not follow."""
    found = [name for rule in rules.rules for name in NOT_FOLLOWED if getattr(rule, name)]
    found += ["control(...)" for rule in rules.rules if rule.when.controls]
    whole = {"budget": rules.budget, "limit": rules.limit}
    return found + [name for name, value in whole.items() if value != type(value)()]
