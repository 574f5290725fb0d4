"""Answers that routing saves: recorded crowds replayed by several policies, with gold that none of them sees.

Run `python -m benchmarks.replay [--data FOLDER] [--seeds 5] [--cap 2] [--sets rte dog ...]`. Every policy is
judged by the same consensus, that of `cueloop quality`, on what it asked for. Goals, on the sets with nine answers a
task or more: to come within one point of full-data accuracy with 2.05 times fewer answers than uniform overlap in the
geometric mean (aim 2.4), 1.3 on each; nowhere under uniform overlap beyond noise. Skipped where there are no sets.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.measure import verdict
from benchmarks.recorded import DATA, Recorded, accuracy, with_gold
from benchmarks.replay_peers import POLICIES
from routing.replay.recorded import Recorded as Answers
from routing.replay.recorded import of_observations
from routing.replay.replay import replay
from sync.arrays import FloatArray, IntArray
from sync.consensus import fit

POINTS = 1.0
"""How near to full-data accuracy is near."""

LEAD = 9
"""Answers a task from which on a set counts for the goals."""

LITTLE = 1.5
"""Where uniform overlap needs fewer answers a task, there is next to nothing to save: no ratio is told."""

BEYOND_NOISE = 3.0
"""Standard errors of the mean over seeds."""

OTHERS = tuple(name for name in POLICIES if name != "uniform")


def main() -> None:
    """Print the table and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the recorded sets")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cap", type=float, default=2.0)
    parser.add_argument("--sets", nargs="*", help="only these")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"Replay skipped: no recorded answers at {options.data}.")
        return
    print(f"Times fewer answers than uniform overlap to come within {POINTS:g} point of full-data accuracy, cap "
          f"{options.cap:g}, {options.seeds} seeds: of the mean curve (least to most of the seeds)\n")
    print(f"{'set':11} {'tasks':>5} {'each':>5} {'full %':>6} {'needs':>6} | "
          + " ".join(f"{name:>17}" for name in OTHERS) + " | information beside uniform, points: worst, mean")
    found: dict[str, list[FloatArray]] = {"lead": [], "rest": []}
    worst: list[tuple[float, str]] = []
    for one in with_gold(options.data):
        if one.remark or (options.sets and one.name not in options.sets):
            continue
        ratios, below = _row(one, options.seeds, options.cap)
        worst.append((below, one.name))
        if ratios is not None:
            found["lead" if len(one.seen.task) >= LEAD * len(one.seen.tasks) else "rest"].append(ratios)
    _verdicts(found, worst)


def _row(one: Recorded, seeds: int, cap: float) -> tuple[FloatArray | None, float]:
    """Ratios of the other policies, and how far information is under uniform in standard errors at its worst budget.

    The error is that of the mean over seeds, and at least that of one task.
    """
    answers = of_observations(one.seen)
    gold = dict(zip(one.seen.tasks, one.gold, strict=True))
    truth = np.array([gold[task] for task in answers.tasks])
    grid = budgets(answers)
    curves = {"uniform": _curves(answers, truth, "uniform", grid, seeds, cap)}
    full = float(curves["uniform"][0, -1])
    needed = crossing(grid, curves["uniform"].mean(0), full - POINTS)
    shorter = grid[:int(np.searchsorted(grid, needed)) + 2]
    curves |= {name: _curves(answers, truth, name, shorter, seeds, cap) for name in OTHERS}
    size = len(answers.tasks)
    head = f"{one.name:11} {size:5} {len(answers) / size:5.1f} {full:6.2f} {needed / size:6.2f} | "
    ratios = np.array([needed / crossing(shorter, curves[name].mean(0), full - POINTS) for name in OTHERS])
    apart = curves["information"] - curves["uniform"][:, :len(shorter)]
    error = np.maximum(apart.std(0, ddof=1) / np.sqrt(seeds), 100 / size / np.sqrt(seeds)) if seeds > 1 else np.inf
    beside = f" | {apart.mean(0).min():+.2f}, {apart.mean():+.2f}"
    below = float((apart.mean(0) / error).min())
    if needed < LITTLE * size:
        print(f"{head}{'next to nothing to save':{18 * len(OTHERS) - 1}}{beside}")
        return None, below
    print(head + " ".join(_cell(ratio, [needed / crossing(shorter, curve, full - POINTS) for curve in curves[name]])
                          for ratio, name in zip(ratios, OTHERS, strict=True)) + beside)
    return ratios, below


def _cell(ratio: float, single: list[float]) -> str:
    return f"{ratio:6.2f} ({min(single):.1f}-{max(single):.1f})".rjust(17)


def _verdicts(found: dict[str, list[FloatArray]], worst: list[tuple[float, str]]) -> None:
    for name, rows in found.items():
        if rows:
            means = np.exp(np.log(np.array(rows)).mean(0))
            what = f"{LEAD} answers a task or more" if name == "lead" else "the rest"
            print(f"{f'geometric mean, {what}':40}" + " ".join(f"{mean:17.2f}" for mean in means))
    print()
    ours = OTHERS.index("information")
    if found["lead"]:
        lead = np.array(found["lead"])[:, ours]
        verdict("geometric mean", float(np.exp(np.log(lead).mean())), 2.05, "x", at_least=True)
        verdict("worst set", float(lead.min()), 1.3, "x", at_least=True)
    if found["rest"]:
        rest = np.array(found["rest"])[:, ours]
        verdict("geometric mean of the rest", float(np.exp(np.log(rest).mean())), 1.4, "x", at_least=True)
    if worst:
        verdict(f"worst budget beside uniform ({min(worst)[1]}), in SE", min(worst)[0], -BEYOND_NOISE, at_least=True)


def _curves(answers: Answers, truth: IntArray, name: str, grid: IntArray, seeds: int, cap: float) -> FloatArray:
    """Accuracy, in percent, of the consensus at each budget: (seeds, budgets)."""
    rows = []
    for seed in range(seeds):
        place = replay(answers, POLICIES[name](), budget=int(grid[-1]), cap=cap, seed=seed).place
        rows.append([accuracy(fit(answers.task[asked], answers.annotator[asked], answers.label[asked],
                                  **answers.sizes, asked_again=True).posterior, truth)
                     for asked in (place[:budget] for budget in grid)])
    return np.array(rows)


def budgets(answers: Answers) -> IntArray:
    """Quarters of an answer a task at first, wider steps later, up to all."""
    size = len(answers.tasks)
    each = np.concatenate([np.arange(1, 6, 0.25), np.arange(6, 12, 0.5), np.arange(12, len(answers) / size, 1)])
    steps = np.round(each * size).astype(np.int64)
    return np.append(steps[steps < len(answers)], len(answers))


def crossing(grid: IntArray, curve: FloatArray, target: float) -> float:
    """Answers at which the curve first reaches the target, between two budgets in a straight line; where it never
    does, the last budget."""
    reached = np.flatnonzero(curve >= target)
    if not len(reached):
        return float(grid[-1])
    at = int(reached[0])
    if at == 0:
        return float(grid[0])
    part = (target - curve[at - 1]) / (curve[at] - curve[at - 1])
    return float(grid[at - 1] + part * (grid[at] - grid[at - 1]))


if __name__ == "__main__":
    main()
