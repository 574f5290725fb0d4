"""Labels that active learning saves: projects played again, random order beside ours.

Run `python -m benchmarks.active_learning [--data FOLDER] [--seeds 5] [--sets snips banking77] [--noise 0 0.1 0.2]
[--quick]`.
Goals: 95 % of the accuracy that all labels give with 1.7 times fewer labels than in random order or better, and never
worse than random when 10 or 20 % of the labels are wrong. Judged on texts that nobody could ask about, with right
labels. The model is a logistic regression on the default model's n-grams in 512 dimensions (`learner`), the same for
both orders. `rare` is snips with one class of seven at 1 %, judged by macro-F1. Skipped where there are no sets.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np

from benchmarks.measure import verdict
from benchmarks.recorded import DATA
from ml_backend.active.quality import needed
from ml_backend.active.rehearse import Curve, Material, material, rehearse, sizes, whole

REACH, GOAL, RARE_SHARE = 0.95, 1.7, 0.01
NOISE = (0.0, 0.1, 0.2)
MOST = {"snips": 450, "rare": 450, "banking77": 5_500}
"""Labels asked for at most: somewhat more than random order needs."""
BEYOND_NOISE = 2.0
"""Standard errors of the mean over seeds."""


def main() -> None:
    """Print the table and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA / "text", help="folder of the texts")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", nargs="*", default=list(MOST), choices=list(MOST))
    parser.add_argument("--noise", nargs="*", type=float, default=NOISE, help="shares of wrong labels")
    parser.add_argument("--quick", action="store_true", help="snips without wrong labels alone")
    options = parser.parse_args()
    if options.quick:
        options.sets, options.noise = ["snips"], [0.0]
    if not all((options.data / _folder(name) / "data.csv").is_file() for name in options.sets):
        print(f"Active learning skipped: no texts at {options.data}.")
        return
    print(f"Labels to reach {REACH:.0%} of what all labels give, {options.seeds} seeds: median (least to most). Apart: "
          "accuracy of learning less that of random, in points, mean over seeds, at the worst size and over all\n")
    print(f"{'set':10} {'wrong':>5} {'all':>6} | {'random':>17} {'learning':>17} {'times fewer':>17} | apart")
    verdicts = [_row(name, noise, options) for name in options.sets for noise in options.noise]
    print()
    for name, noise, ratio, worst in verdicts:
        if noise:
            verdict(f"{name}, {noise:.0%} wrong: worst size, in SE", worst, -BEYOND_NOISE, at_least=True)
            verdict(f"{name}, {noise:.0%} wrong: times fewer", ratio, 1.0, "x", at_least=True)
        else:
            verdict(f"{name}: times fewer", ratio, GOAL, "x", at_least=True)


def _row(name: str, noise: float, options: argparse.Namespace) -> tuple[str, float, float, float]:
    began = process_time()
    clean = load(options.data, name)
    macro = name == "rare"
    labels = sizes(MOST[name])
    need: dict[str, list[float]] = {"random": [], "learning": []}
    score: dict[str, list[list[float]]] = {"random": [], "learning": []}
    full = []
    for seed in range(options.seeds):
        told = wrong(clean, noise, seed)
        best = whole(told)
        full.append(best.macro_f1 if macro else best.accuracy)
        for policy, needs in need.items():
            scores = _scores(rehearse(told, policy, labels, seed=seed), macro)
            score[policy].append(scores)
            needs.append(needed(labels, scores, REACH * full[-1]) or MOST[name])
    ratio = [one / other for one, other in zip(need["random"], need["learning"], strict=True)]
    apart = 100 * (np.array(score["learning"]) - np.array(score["random"]))
    error = np.maximum(apart.std(0, ddof=1) / np.sqrt(options.seeds), 0.1) if options.seeds > 1 else np.inf
    print(f"{name:10} {noise:5.0%} {median(full):6.3f} | {_cell(need['random'], 0)} {_cell(need['learning'], 0)} "
          f"{_cell(ratio, 2)} | {apart.mean(0).min():+.1f}, {apart.mean():+.1f}   ({process_time() - began:.0f} CPU s)",
          flush=True)
    return name, noise, median(need["random"]) / median(need["learning"]), float((apart.mean(0) / error).min())


def load(data: Path, name: str) -> Material:
    """One set; its part `train` may be asked, the rest judges."""
    with (data / _folder(name) / "data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["label"] for row in rows})
    pool = [row for row in rows if row["split"] == "train"]
    if name == "rare":
        scarce = [row for row in pool if row["label"] == names[0]][:int(RARE_SHARE * len(pool))]
        pool = [row for row in pool if row["label"] != names[0]] + scarce
    judge = [row for row in rows if row["split"] != "train"]
    label, truth = (np.array([names.index(row["label"]) for row in some]) for some in (pool, judge))
    return material([row["text"] for row in pool], label, [row["text"] for row in judge], truth, len(names))


def wrong(clean: Material, noise: float, seed: int) -> Material:
    """The same with a share of the answers another label, by chance."""
    rng = np.random.default_rng(1_000 + seed)
    other = (clean.label + rng.integers(1, clean.labels, len(clean))) % clean.labels
    return replace(clean, label=np.where(rng.random(len(clean)) < noise, other, clean.label))


def _folder(name: str) -> str:
    return "snips" if name == "rare" else name


def _scores(curve: Curve, macro: bool) -> list[float]:
    return [one.macro_f1 if macro else one.accuracy for one in curve.quality]


def _cell(some: list[float], digits: int) -> str:
    return f"{median(some):.{digits}f} ({min(some):.{digits}f}-{max(some):.{digits}f})".rjust(17)


if __name__ == "__main__":
    main()
