"""Thresholds: how often a threshold that was found is not safe, and how much work it gives to the machine.

Run `python -m benchmarks.thresholds [--sets N] [--audited N]`. Each shape of scores and errors is drawn so often; the
share of sets whose threshold has a true error above the target must stay at 5 %, though it is chosen by looking at the
data, once or again and again while they arrive. Beside it, in the same run: the naive threshold (the lowest above which
the audited error is below the target) and the oracle, which knows the true errors.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import process_time

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import verdict
from routing.thresholds import betting, binomial, drift
from routing.thresholds.grid import Grid, make
from routing.thresholds.search import Counts, passed

ERROR, CONFIDENCE = 0.01, 0.95
LOOKS = 50
"""How often the data are looked at while they arrive."""
Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Result:
    """Of many sets: the share whose threshold is not safe (ever, where data are looked at again and again), and the
    mean share of tasks that the machine takes in the end."""

    unsafe: float
    coverage: float


def calibrated(rng: np.random.Generator, size: int) -> tuple[Floats, Floats]:
    """Scores that say the chance to be right, most of them high."""
    score = rng.beta(8, 0.6, size) / 2 + 0.5
    return score, 1 - score


def modest(rng: np.random.Generator, size: int) -> tuple[Floats, Floats]:
    """A good model that is more often right than it says."""
    score = rng.beta(4, 0.3, size) / 2 + 0.5
    return score, 0.6 * (1 - score)


def cliff(rng: np.random.Generator, size: int) -> tuple[Floats, Floats]:
    """Hardly an error above 0.8, many below."""
    score = rng.random(size) / 2 + 0.5
    return score, np.where(score > 0.8, 0.002, 0.03)


def wrong_where_surest(rng: np.random.Generator, size: int) -> tuple[Floats, Floats]:
    """The surest tasks are the worst, as with near-duplicates of what was learnt wrongly."""
    score = rng.random(size) / 2 + 0.5
    return score, np.where(score > 0.95, 0.05, 0.001)


def just_not(rng: np.random.Generator, size: int) -> tuple[Floats, Floats]:
    """Every threshold is just not safe: whatever is found is a mistake."""
    return rng.random(size) / 2 + 0.5, np.full(size, 1.02 * ERROR)


def rare(rng: np.random.Generator, size: int) -> tuple[Floats, Floats]:
    """One class of a few per cent of the tasks, of whose scores many are equal."""
    score = np.round(rng.beta(5, 0.5, size) / 2 + 0.5, 2)
    return score, 0.7 * (1 - score)


SHAPES: dict[str, Draw] = {"calibrated": calibrated, "modest": modest, "cliff": cliff,
                           "wrong where surest": wrong_where_surest, "just not safe": just_not, "many ties": rare}


def simulate(draw: Draw, sets: int, audited: int, seed: int) -> dict[str, Result]:
    """All ways of finding a threshold on the same sets of audited tasks."""
    rng = np.random.default_rng(seed)
    score, error = draw(rng, 400_000)
    grid = make(score)
    levels = np.array(grid.levels)
    above = score[:, None] >= levels
    share = above.mean(0)
    risk = (above * error[:, None]).sum(0) / above.sum(0)
    counts = [_counts(levels, *draw(rng, audited), rng) for _ in range(sets)]
    seen, wrong = (np.stack([pair[at] for pair in counts]) for at in (0, 1))      # (sets, looks, J)
    last = _passed(grid, seen[:, -1], wrong[:, -1], "once")
    ever = _passed(grid, seen, wrong, "ever")
    with np.errstate(invalid="ignore"):
        naive = wrong[:, -1] / np.maximum(seen[:, -1], 1) < ERROR
    return {"once": _result(last, risk, share), "ever": _result(ever, risk, share),
            "naive": _result(naive & (seen[:, -1] > 0), risk, share),
            "oracle": Result(0.0, float(max(share[risk < ERROR], default=0.0)))}


def _counts(levels: Floats, score: Floats, error: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Tasks at or above each level, and those of them that are wrong, at each look: (looks, J)."""
    place = np.searchsorted(-levels, -score)        # the strictest level it reaches
    look = np.arange(len(score)) * LOOKS // len(score)
    mark = rng.random(len(score)) < error
    found = []
    for keep in (np.ones(len(score), bool), mark):
        table = np.zeros((LOOKS, len(levels) + 1))
        np.add.at(table, (look[keep], place[keep]), 1)
        found.append(table[:, :-1].cumsum(0).cumsum(1))
    return found[0], found[1]


def _passed(grid: Grid, seen: Floats, wrong: Floats, how: str) -> NDArray[np.bool_]:
    test = betting.below if how == "ever" else binomial.below
    return passed(grid, Counts(seen, wrong, np.zeros_like(seen)), ERROR, CONFIDENCE, test)


def _result(found: NDArray[np.bool_], risk: Floats, share: Floats) -> Result:
    """`found` (sets, J) or (sets, looks, J): the lowest that passed at a look is the one in use then."""
    size = found.shape[-1]
    lowest = np.where(found.any(-1), size - 1 - found[..., ::-1].argmax(-1), -1)
    unsafe = (lowest >= 0) & (risk[lowest] >= ERROR)
    taken = np.where(lowest >= 0, share[lowest], 0.0)
    if lowest.ndim == 2:
        return Result(float(unsafe.any(1).mean()), float(taken[:, -1].mean()))
    return Result(float(unsafe.mean()), float(taken.mean()))


def delays(rate: float, sets: int, seed: int) -> list[int]:
    """Audited tasks from a rise of the error from half the target to `rate` until the alarm, after 1,000 good ones."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(sets):
        marks = np.concatenate((rng.random(1_000) < ERROR / 2, rng.random(2_000) < rate))
        found.append(next((n for n in range(0, 2_001, 10) if drift.rings(marks[:1_000 + n], ERROR)), 2_000))
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=1_000)
    parser.add_argument("--audited", type=int, default=4_000)
    given = parser.parse_args()
    began = process_time()
    print(f"target: error below {ERROR:.0%} with {CONFIDENCE:.0%} confidence; {given.sets} sets of {given.audited} "
          f"audited tasks; unsafe thresholds / share of tasks for the machine\n")
    print(f"  {'':20} {'looked at once':>18} {f'at each of {LOOKS} looks':>22} {'naive':>18} {'oracle':>8}")
    worst = 0.0
    for name, found in _all(given.sets, given.audited):
        worst = max(worst, found["once"].unsafe, found["ever"].unsafe)
        told = [f"{100 * found[how].unsafe:5.1f} % / {100 * found[how].coverage:4.1f} %" for how in
                ("once", "ever", "naive")]
        print(f"  {name:20} {told[0]:>18} {told[1]:>22} {told[2]:>18} {100 * found['oracle'].coverage:6.1f} %")
    print()
    verdict("unsafe thresholds, worst shape", 100 * worst, 100 * (1 - CONFIDENCE) + 1.4, "%")     # two standard errors
    for rate in (0.03, 0.1):
        print(f"  alarm after a rise of the error from {ERROR / 2:.1%} to {rate:.0%}: "
              f"{np.median(delays(rate, 40, 3)):.0f} audited tasks (median)")
    print(f"  {process_time() - began:.0f} s of processor time")


def _all(sets: int, audited: int) -> Iterator[tuple[str, dict[str, Result]]]:
    for number, (name, draw) in enumerate(SHAPES.items()):
        yield name, simulate(draw, sets, audited, number)


if __name__ == "__main__":
    main()
