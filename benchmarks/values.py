"""Structured answers: consensus beside plain baselines, on simulated crowds and on two recorded ones; and speed.

Run `python -m benchmarks.values [--data FOLDER] [--answers N]`. Recorded sets have no independent truth: there the
measure is how near the consensus of the other answers is to an answer that was held out.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from cueloop.types import Control
from sync.observations import observe
from sync.values import judge, normal, ordinal, rating

DATA = Path(__file__).parents[2] / "shared" / "data" / "text"
"""Where the recorded sets are beside the project."""

CONVABUSE = ["not_abusive", "ambiguous", "mild", "strong", "very_strong"]
"""Its labels in their order."""


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with convabuse_crowd and politeness_crowd")
    parser.add_argument("--answers", type=int, default=100_000, help="answers of each kind in the speed table")
    options = parser.parse_args()
    simulated_table()
    if options.data.is_dir():
        held_out_table(options.data)
    else:
        print(f"\nHeld-out answers skipped: nothing at {options.data}.")
    speed_table(options.answers)


def simulated_table(tasks: int = 500, annotators: int = 30, seeds: int = 4) -> None:
    """Mean absolute error of levels and numbers beside median and mean; biases are standard deviations."""
    print(f"\n{'simulated':40} {'mean':>7} {'median':>7} {'ours':>7} {'inside 95 %':>12}")
    for count, bias, per_task in ((5, 0.0, 5), (5, 0.8, 5), (5, 1.2, 3), (10, 1.5, 5), (25, 3.0, 5)):
        rows = [_levels(count, bias, per_task, tasks, annotators, seed) for seed in range(seeds)]
        _print(f"{count} levels, bias {bias}, {per_task} a task", rows)
    for bias, gross, per_task in ((0.0, 0.0, 5), (0.0, 0.05, 5), (1.0, 0.0, 5), (2.0, 0.03, 5), (1.0, 0.0, 3)):
        rows = [_numbers(bias, gross, per_task, tasks, annotators, seed) for seed in range(seeds)]
        _print(f"numbers, bias {bias}, {gross:.0%} gross, {per_task} a task", rows)


def _print(name: str, rows: list[tuple[float, ...]]) -> None:
    mean, median, ours, inside = np.mean(rows, axis=0)
    print(f"{name:40} {mean:7.3f} {median:7.3f} {ours:7.3f} {inside:12.1%}")


def _who(tasks: int, annotators: int, per_task: int, rng: np.random.Generator) -> tuple[Any, Any]:
    who = np.concatenate([rng.choice(annotators, per_task, replace=False) for _ in range(tasks)])
    return np.repeat(np.arange(tasks), per_task), who


def _levels(count: int, bias: float, per_task: int, tasks: int, annotators: int, seed: int) -> tuple[float, ...]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, count, tasks)
    task, who = _who(tasks, annotators, per_task, rng)
    lean, spread = rng.normal(0, bias, annotators), rng.uniform(0.4, 1.2, annotators) * count / 5
    given = np.round(truth[task] + lean[who] + spread[who] * rng.normal(size=len(task))).clip(0, count - 1).astype(int)
    if count > rating.LEVELS:
        number = normal.fit(task, who, given.astype(float), tasks=tasks, annotators=annotators)
        half = 1.96 * number.sd
        return _errors(given.reshape(-1, per_task), number.value.round().clip(0, count - 1), truth, number.value - half,
                       number.value + half)
    found = ordinal.fit(task, who, given, tasks=tasks, annotators=annotators, levels=count)
    low, high = (ordinal.quantile(found.probability, share) for share in (0.025, 0.975))
    return _errors(given.reshape(-1, per_task), ordinal.medians(found.posterior), truth, low, high)


def _numbers(bias: float, gross: float, per_task: int, tasks: int, annotators: int, seed: int) -> tuple[float, ...]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(50, 10, tasks)
    task, who = _who(tasks, annotators, per_task, rng)
    lean, spread = rng.normal(0, bias, annotators), rng.uniform(0.5, 2, annotators)
    given = truth[task] + lean[who] + spread[who] * rng.normal(size=len(task))
    given = np.where(rng.random(len(task)) < gross, given * 10, given)
    found = normal.fit(task, who, given, tasks=tasks, annotators=annotators)
    half = 1.96 * found.sd
    return _errors(given.reshape(-1, per_task), found.value, truth, found.value - half, found.value + half)


def _errors(given: Any, ours: Any, truth: Any, low: Any, high: Any) -> tuple[float, ...]:
    guesses = (given.mean(1), np.median(given, axis=1), ours)
    inside = (low <= truth) & (truth <= high)
    return (*(float(np.abs(guess - truth).mean()) for guess in guesses), float(inside.mean()))


def held_out_table(data: Path) -> None:
    """Mean absolute distance to one held-out answer of each task with three or more."""
    print(f"\n{'held-out answers':20} {'tasks':>6} {'mean':>7} {'median':>7} {'levels':>7} {'numbers':>8} {'+ who':>7}")
    for name, column, read in (("convabuse_crowd", "label", CONVABUSE.index),
                               ("politeness_crowd", "score", lambda score: int(float(score)) - 1)):
        if (data / name).is_dir():
            _held_out(name, *_recorded(data / name / "annotations.csv", column, read))


def _recorded(path: Path, column: str, read: Callable[[str], int]) -> tuple[Any, Any, Any]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    tasks = {key: at for at, key in enumerate(dict.fromkeys(row["item_id"] for row in rows))}
    people = {key: at for at, key in enumerate(dict.fromkeys(row["annotator"] for row in rows))}
    return (np.array([tasks[row["item_id"]] for row in rows]), np.array([people[row["annotator"]] for row in rows]),
            np.array([read(row[column]) for row in rows]))


def _held_out(name: str, task: Any, who: Any, level: Any) -> None:
    shuffled = np.random.default_rng(0).permutation(len(task))
    first = shuffled[np.unique(task[shuffled], return_index=True)[1]]
    out = np.zeros(len(task), bool)
    out[first[np.bincount(task)[task[first]] >= 3]] = True
    tasks, people, levels = int(task.max()) + 1, int(who.max()) + 1, int(level.max()) + 1
    rest = ~out
    found = ordinal.fit(task[rest], who[rest], level[rest], tasks=tasks, annotators=people, levels=levels)
    number = normal.fit(task[rest], who[rest], level[rest].astype(float), tasks=tasks, annotators=people)
    votes = np.bincount(task[rest] * levels + level[rest], minlength=tasks * levels).reshape(tasks, levels)
    votes = votes / np.maximum(votes.sum(1, keepdims=True), 1)
    own = np.einsum("nk,nkl->nl", found.posterior[task[out]], found.confusion[who[out]])
    at = task[out]
    guesses = ((votes @ np.arange(levels))[at], ordinal.medians(votes)[at], ordinal.medians(found.posterior)[at],
               number.value[at], ordinal.medians(own))
    errors = [float(np.abs(guess - level[out]).mean()) for guess in guesses]
    print(f"{name:20} {int(out.sum()):6} " + " ".join(f"{error:{width}.3f}" for error, width in
                                                     zip(errors, (7, 7, 7, 8, 7), strict=True)))


def speed_table(answers: int, annotators: int = 200) -> None:
    """CPU seconds of everything about so many answers, five a task: consensus, annotators, agreement."""
    print(f"\n{'kind':14} {'answers':>8} {'CPU s':>7}")
    rng = np.random.default_rng(0)
    task, who = _who(answers // 5, annotators, 5, rng)
    truth = rng.integers(0, 5, answers // 5)
    level = np.where(rng.random(len(task)) < 0.7, truth[task], rng.integers(0, 5, len(task)))
    letters = np.array(list("abcde"))
    kinds: dict[str, tuple[dict[str, Any], list[Any]]] = {
        "multi": ({"choice": "multiple"}, [sorted({letters[one], letters[two]}) for one, two in
                                           zip(level, truth[task], strict=True)]),
        "rating": ({"type": "Rating", "scale": (1.0, 5.0)}, (level + 1).tolist()),
        "number": ({"type": "Number"}, (10.0 * level + rng.normal(size=len(task))).tolist()),
        "taxonomy": ({"type": "Taxonomy"}, [[["top", f"mid {one // 2}", f"leaf {one}"]] for one in level]),
        "text": ({"type": "TextArea"}, [[f"what is said here is number {one} of task {at}"] for one, at in
                                        zip(level, task, strict=True)]),
        "distribution": ({}, [])}
    for kind, (options, values) in kinds.items():
        control = Control(**{"name": "it", "to_name": "text", "type": "Choices", "labels": tuple("abcde"),
                             "value": None, "kind": kind, **options})
        seen = observe(task.tolist(), who.tolist(), letters[level].tolist(), labels=tuple("abcde"),
                       value=[[str(one) for one in value] for value in values] if kind == "multi" else values)
        start = process_time()
        judge(control, seen)
        print(f"{kind:14} {len(task):8} {process_time() - start:7.2f}")


if __name__ == "__main__":
    main()
